"""What the page takes from the loop is measured with a real viewer, and said either way."""

from __future__ import annotations

import json

import pytest

from belisha.bench.drawn_frames import draw_frames
from belisha.bundle import Bundle
from belisha.cli.dispatch import dispatch
from belisha.detector import Detector
from belisha.errors import UsageError
from benchmarks.__main__ import COMMANDS
from benchmarks.page_cost import measure_page


def test_a_picture_for_a_viewer_costs_more_than_none(toy: Bundle) -> None:
    with Detector.open(toy.path, threads=1) as detector:
        cost = measure_page(detector, draw_frames(), 60.0, 2.0, rounds=1)
    assert 0 < cost.closed_us < cost.open_us
    assert cost.share == pytest.approx(cost.open_us / 1e3 / cost.loop_ms, rel=0.01)
    assert [ratio.what for ratio in cost.ratios] == ["total p50"], "p99 needs more frames"


@pytest.mark.slow
def test_the_command_decides(toy: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--bundle", str(toy.path), "--threads", "1", "--seconds", "2", "--rate", "60"]
    code = dispatch("python -m benchmarks", "", COMMANDS, ["page", *arguments, "--json"])
    printed = capsys.readouterr().out
    document = json.loads(printed.splitlines()[-1])
    assert code == (0 if document["share"] <= 0.03 else 1)
    assert ("within" in printed) == (code == 0)


@pytest.mark.parametrize("seconds", [0.0, -1.0, 1e9])
def test_a_senseless_time_is_wrong_usage(toy: Bundle, seconds: float) -> None:
    with (
        Detector.open(toy.path, threads=1) as detector,
        pytest.raises(UsageError, match="expected seconds"),
    ):
        measure_page(detector, draw_frames(), 30.0, seconds)
