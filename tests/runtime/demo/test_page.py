"""The page about the drive: it says what was found and where the time went, and what to do next."""

from __future__ import annotations

import pytest

from belisha.demo.page import NEXT_STEPS, make_report, summary
from belisha.demo.score import FrameScore
from belisha.detector import DetectorInfo
from belisha.engines import EngineInfo
from belisha.report import render
from belisha.service.loop import LoopReport
from belisha.timing import percentiles
from tests.runtime.demo.test_score import FAR, NEAR, TRUTH, scored

ENGINE = EngineInfo(
    name="onnxruntime", library="onnxruntime 1", device="CPU", flavour="int8_cpu", threads=1
)
INFO = DetectorInfo("champion", "c.bundle", "f" * 64, 0.4, ENGINE, (("tensorrt", "no GPU here"),))


def loop(frames: int) -> LoopReport:
    """A loop whose frames took 2 ms to infer."""
    times = percentiles([2.0] * frames)
    stages = {"infer": times, "total": times}
    return LoopReport(
        frames=frames,
        people=3,
        failures=(),
        stale=0,
        missed=0,
        interrupted=False,
        first_ms=9.0,
        stages_ms=stages,
    )


def scores() -> list[FrameScore]:
    return [scored(0, NEAR.xyxy, FAR.xyxy), scored(1, (70, 5, 80, 30))]


def test_the_summary_gives_people_and_time() -> None:
    text = summary(loop(100), scores())
    assert "67 % of the people" in text
    assert "2 of 3" in text
    assert "0.50 wrong boxes a frame" in text
    assert "2.0 ms" in text


def test_without_enough_frames_no_time_is_claimed() -> None:
    assert "ms" not in summary(loop(2), scores())


@pytest.mark.parametrize(
    "wanted",
    [
        "1/1",  # somebody near, by day
        "0/1",  # and at night
        "over 30 m",
        "int8_cpu",
        "tensorrt could not be used: no GPU here",
        "data:video/webm",
        "rendered",
        *(command for _, command in NEXT_STEPS),
    ],
)
def test_the_page_says_it(wanted: str) -> None:
    page = render(make_report(loop(100), INFO, TRUTH, scores(), b"webm", b"\x89PNG"))
    assert wanted in page
    assert "nan" not in page.lower().replace("nanodet", "")
