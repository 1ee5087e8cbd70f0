"""A checkpoint becomes a bundle that any machine with this wheel can run."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from belisha.bundle import Bundle
from belisha.cli.dispatch import dispatch
from belisha.detector import Detector
from belisha.golden import check_golden
from export.__main__ import COMMANDS
from tests.export.trained import checkpoint
from tests.toy import scene

pytestmark = pytest.mark.xdist_group("exporter")  # it is slow to start: once is enough


def build(*arguments: object) -> int:
    return dispatch("python -m export", "", COMMANDS, ["build", *map(str, arguments)])


def test_the_bundle_holds_what_was_asked_for_and_says_where_it_comes_from(tmp_path: Path) -> None:
    out = tmp_path / "tiny.bundle"
    options = ["--frames", 4, "--name", "tiny", "--size", "128x96", "--without", "float"]
    assert build(checkpoint(tmp_path), "--out", out, *options) == 0
    bundle = Bundle.open(out)
    manifest = bundle.manifest
    frame = manifest.preprocessing
    assert (frame.width, frame.height) == (128, 96), "trained at 96x64"
    assert sorted(manifest.models) == ["int8_cpu", "int8_tensorrt"]
    assert "trained by Belisha at commit c0ffee" in manifest.origin
    assert manifest.data_fingerprints == {"street": "0" * 64}
    assert b'"layers"' in bundle.read("plan.json")
    with Detector.open(out) as detector:
        assert detector.info.engine.flavour == "int8_cpu"
        assert all(verdict.passed for verdict in check_golden(detector))
        assert len(detector(scene((1, 1), scale=3))) >= 0


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--size", "100x96"], 2, "expected --size in multiples of 32, got 100x96"),
        (["--frames", "0"], 2, "expected at least 1 calibration frame, got 0"),
        (["--threshold", "1"], 2, "expected a threshold between 0 and 1"),
        (["--golden", "gone.png"], 2, "gone.png: cannot be read"),
        (["--card", "gone.md"], 2, "gone.md: cannot be read"),
    ],
)
def test_wrong_options_are_refused_and_nothing_is_written(
    tmp_path: Path,
    options: list[str],
    code: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "x.bundle"
    assert build(checkpoint(tmp_path), "--out", out, *options) == code
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_a_file_that_is_no_checkpoint_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "junk.pt").write_bytes(b"junk")
    assert build(tmp_path / "junk.pt", "--out", tmp_path / "x.bundle") == 2
    assert "junk.pt: expected a checkpoint" in capsys.readouterr().err


def test_calibration_says_which_data_are_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = checkpoint(tmp_path)
    shutil.rmtree(tmp_path / "street")
    assert build(path, "--out", tmp_path / "x.bundle") == 1
    assert "street: cannot be read: No such file" in capsys.readouterr().err
