"""Flavours side by side: the reference is float, and every change is told with its uncertainty."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from belisha.bundle import Bundle
from belisha.cli.dispatch import dispatch
from belisha.errors import UsageError
from export.__main__ import COMMANDS
from export.build import Forced, Request, build
from export.flavours import compare_flavours, open_flavour
from export.golden import drawn_pictures
from export.inspection import Oracle
from export.parity.rules import read_rules
from tests.export.trained import checkpoint
from training.data.coco import read_coco
from training.data.picture import read_image
from training.evaluation.bootstrap import Resampling

pytestmark = pytest.mark.xdist_group("exporter")  # it is slow to start: once is enough


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a data set `street` and a bundle of a network that knows nothing."""
    folder = tmp_path_factory.mktemp("flavours")
    request = Request(
        checkpoint=checkpoint(folder),
        name="tiny",
        licence="none",
        threshold=0.1,
        size=None,
        frames=4,
        golden=drawn_pictures(),
        card="",
        rules=read_rules(),
        oracle=Oracle(ask=False),
        forced=Forced("the tests", "a network that knows nothing"),
    )
    build(request, folder / "tiny.bundle", lambda text: None)
    return folder


def test_float_comes_first_and_the_others_tell_their_change(place: Path) -> None:
    bundle, street = Bundle.open(place / "tiny.bundle"), read_coco(place / "street")
    results = compare_flavours(bundle, street, Resampling(count=50))
    assert [result.flavour for result in results] == ["float", "int8_cpu", "int8_tensorrt"]
    assert results[0].change == ()
    for result in results[1:]:
        value = result.evaluation.results[0].ap50.value
        reference = results[0].evaluation.results[0].ap50.value
        assert value is not None
        assert reference is not None
        assert result.change[0].value == pytest.approx(value - reference, abs=1e-6)


def test_each_flavour_is_really_run(place: Path) -> None:
    bundle = Bundle.open(place / "tiny.bundle")
    image = read_image(read_coco(place / "street").samples[0])
    found = []
    for flavour in ("float", "int8_cpu", "int8_tensorrt"):
        with open_flavour(bundle, flavour) as detector:  # type: ignore[arg-type]
            assert detector.info.engine.flavour == flavour
            outputs = detector.infer(detector.prepare(image)[0])
            found.append(outputs["scores"].tobytes())
    assert len(set(found)) == 3


def test_one_flavour_alone_cannot_be_compared(place: Path, toy: Bundle) -> None:
    with pytest.raises(UsageError, match=r"several flavours to compare, got \['float'\]"):
        compare_flavours(toy, read_coco(place / "street"), Resampling(count=0))


def test_the_command_prints_a_row_a_flavour(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(place / "tiny.bundle"), str(place / "street"), "--resamples", "20", "--json"]
    assert dispatch("export", "", COMMANDS, ["flavours", *arguments]) == 0
    out = capsys.readouterr().out
    assert "int8_tensorrt" in out
    rows = json.loads(out.splitlines()[-1])
    assert [row["flavour"] for row in rows] == ["float", "int8_cpu", "int8_tensorrt"]
    assert len(rows[1]["change_in_ap50"]) == len(rows[1]["results"])
