"""`python -m training scenes`: what is asked for is written, what is wrong is said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from belisha.cli.dispatch import dispatch
from belisha.errors import MissingLibraryError
from training.__main__ import COMMANDS
from training.data.coco import read_coco
from training.scenes.gl import open_context


def run(*arguments: str) -> int:
    return dispatch("python -m training", "", COMMANDS, ["scenes", *arguments])


def test_a_small_data_set_is_written_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        open_context().release()
    except MissingLibraryError as error:
        pytest.skip(str(error))
    out = tmp_path / "set"
    assert (
        run("--out", str(out), "--n", "2", "--conditions", "fog", "--size", "96x72", "--json") == 0
    )
    record = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert record["pictures"] == len(read_coco(out)) == 2
    assert record["pictures_per_second"] > 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--n", "0"], "expected --n of at least 1"),
        (["--size", "640"], "expected --size such as 640x480"),
        (["--conditions", "snow"], "no condition 'snow'"),
    ],
)
def test_wrong_options_are_named(
    options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--out", str(tmp_path / "set"), *options) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "set").exists()
