"""One detector, measured whole, and its document."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from belisha.bench.cold_start import measure_cold_start
from belisha.bench.drawn_frames import draw_frames
from belisha.bench.environment import read_environment
from belisha.bench.measure import Plan, measure, seconds_for_p99
from belisha.bench.page import bench_report
from belisha.bench.result import FORMAT, Result, read_result, write_result
from belisha.bench.stability import judge
from belisha.bench.words import doubts, overhead
from belisha.bundle import Bundle
from belisha.detector import Detector
from belisha.errors import ConfigError, EngineError, UsageError
from belisha.report import render

PLAN = Plan(seconds=0.4, rate_hz=50, deadline_ms=20, cold_starts=0)


@pytest.fixture(scope="module")
def result(toy: Bundle) -> Result:
    """The toy, measured as short as can be."""
    said: list[str] = []
    with Detector.open(toy.path, threads=1) as detector:
        subject = measure(detector, draw_frames(64, 48, 3), PLAN, said.append)
    assert said[0].startswith("back to back for 0.4 s")
    return Result(
        format=FORMAT,
        kind="bench",
        environment=read_environment(),
        settings={"frames": "3"},
        subjects=(subject,),
    )


def test_stages_add_up_to_the_whole(result: Result) -> None:
    closed = result.subjects[0].closed
    assert closed is not None
    assert list(closed.stages) == ["prepare", "infer", "decode", "total"]
    medians = [times.p50.value for times in closed.stages.values() if times.p50]
    assert sum(medians[:3]) == pytest.approx(medians[3], rel=0.3)
    share = overhead(closed)
    assert share is not None
    assert 0 < share < 1
    assert closed.warm_up.first_ms > 0


def test_the_pace_is_the_cameras(result: Result) -> None:
    paced = result.subjects[0].paced
    assert paced is not None
    assert paced.captured == 20
    assert paced.age.count + paced.dropped == 20
    assert paced.age.p99 is None  # 20 frames support none


def test_a_document_comes_back_as_it_was(result: Result, tmp_path: Path) -> None:
    write_result(tmp_path / "r.json", result)
    assert read_result(tmp_path / "r.json") == result


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": FORMAT + 1}, "expected a result of format 1, got 2"),
        ({"kind": "rumour"}, "kind"),
        ({"subject": []}, "did you mean 'subjects'"),
    ],
)
def test_another_document_is_refused_with_the_reason(
    result: Result, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps({**result.to_document(), **change}))
    with pytest.raises(ConfigError, match=message):
        read_result(path)


def test_an_absent_document_is_a_wrong_argument(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_result(tmp_path / "none.json")


def test_a_page_shows_every_part_and_every_doubt(result: Result) -> None:
    (subject,) = result.subjects
    assert subject.closed is not None
    shaky = judge([1.0] * 250 + [2.0] * 250)
    shaken = replace(subject, closed=replace(subject.closed, stability=shaky))
    assert any("back to back" in doubt and "slower" in doubt for doubt in doubts(shaken))
    page = render(bench_report(replace(result, subjects=(shaken,))))
    for words in ("Back to back", "At a camera&#x27;s pace, 50", "Machine", "inconclusive", "<svg"):
        assert words in page


@pytest.mark.parametrize(
    "wrong", [{"seconds": 0}, {"rate_hz": -1}, {"deadline_ms": 0}, {"cold_starts": -1}]
)
def test_a_plan_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="expected"):
        replace(PLAN, **wrong)


def test_p99_needs_its_time() -> None:
    assert seconds_for_p99(30) * 30 >= 662


def test_a_cold_start_is_timed_from_outside_the_process(toy: Bundle) -> None:
    cold = measure_cold_start(toy.path, (64, 48), threads=1, starts=1)
    parts = cold.import_ms + cold.open_ms + cold.first_frame_ms
    assert 0 < parts <= cold.first_decision_ms
    assert cold.import_ms > cold.first_frame_ms
    if cold.resident_mb is not None:
        assert 20 < cold.resident_mb <= (cold.peak_mb or 0) + 0.1 < 1000


def test_a_cold_start_that_fails_says_why(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="cannot be read"):
        measure_cold_start(tmp_path / "none.bundle", (64, 48), starts=1)
