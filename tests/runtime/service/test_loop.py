"""The loop processes every frame, survives bad ones, and keeps all results."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from belisha.bundle import Bundle
from belisha.cameras import Camera, Frame
from belisha.detector import Detector
from belisha.errors import EngineError, FrameError, SourceError
from belisha.service.loop import Loop, OneDetector, Parts
from belisha.service.results import Choice
from belisha.service.sinks import Sink
from tests.doubles import RecordingSink, ScriptedCamera
from tests.toy import scene


@pytest.fixture
def detector(toy: Bundle) -> Iterator[Detector]:
    """The toy detector."""
    with Detector.open(toy.path, threads=1) as opened:
        yield opened


def loop_of(camera: Camera, detector: Detector, *sinks: Sink) -> Loop:
    """A loop without a choice."""
    return Loop(Parts(camera, OneDetector(detector), sinks))


def test_every_frame_reaches_every_sink_with_its_boxes(detector: Detector) -> None:
    first, second = RecordingSink(), RecordingSink()
    camera = ScriptedCamera([scene(), scene((1, 1)), scene((1, 1), (4, 2))])
    report = loop_of(camera, detector, first, second).run()
    assert first.results == second.results == [(0, 0), (1, 1), (2, 2)]
    assert (report.frames, report.people, report.failures) == (3, 3, ())


@pytest.mark.parametrize("error", [FrameError("a.png: broken"), SourceError("a.mp4: lost")])
def test_a_bad_frame_is_noted_and_the_loop_goes_on(detector: Detector, error: Exception) -> None:
    sink = RecordingSink()
    report = loop_of(ScriptedCamera([scene((1, 1)), error, scene((1, 1))]), detector, sink).run()
    assert sink.results == [(0, 1), (2, 1)]
    assert report.failures == (str(error),)


def test_a_frame_that_the_detector_refuses_is_a_bad_frame(detector: Detector) -> None:
    report = loop_of(ScriptedCamera([np.zeros((48, 64), np.uint8), scene()]), detector).run()
    assert report.frames == 1
    assert "expected a frame of shape (H, W, 3)" in report.failures[0]


def test_ctrl_c_ends_the_loop_and_keeps_what_was_done(detector: Detector) -> None:
    sink = RecordingSink()
    camera = ScriptedCamera([scene((1, 1)), KeyboardInterrupt(), scene()])
    report = loop_of(camera, detector, sink).run()
    assert report.interrupted
    assert sink.results == [(0, 1)]
    assert camera.closed
    assert sink.closed


def test_camera_and_sinks_are_closed_when_the_engine_fails(detector: Detector) -> None:
    class BrokenSink(RecordingSink):
        def write(self, *_: object) -> None:
            raise EngineError("out of memory")

    camera, sinks = ScriptedCamera([scene()]), [RecordingSink(), BrokenSink()]
    with pytest.raises(EngineError):
        loop_of(camera, detector, *sinks).run()
    assert camera.closed
    assert all(sink.closed for sink in sinks)


def test_the_stages_add_up_to_the_whole_and_the_first_frame_is_apart(detector: Detector) -> None:
    report = loop_of(ScriptedCamera([scene()] * 31), detector, RecordingSink()).run()
    stages = ["read", "choose", "prepare", "infer", "decode", "rules"]
    assert list(report.stages_ms) == [*stages, "total", "sinks"]
    assert {times.count for times in report.stages_ms.values()} == {30}
    assert report.first_ms is not None
    parts = [report.stages_ms[stage].p50 for stage in stages]
    assert sum(part or 0 for part in parts) <= (report.stages_ms["total"].worst or 0)


def test_the_decision_does_not_wait_for_the_sinks(detector: Detector) -> None:
    slow = RecordingSink(on_write=lambda: time.sleep(0.05))
    report = loop_of(ScriptedCamera([scene()] * 12), detector, slow).run()
    assert (report.stages_ms["sinks"].p50 or 0) >= 49
    assert (report.stages_ms["total"].p50 or 99) < 49


def test_where_fewer_frames_are_wanted_others_still_get_their_turn(detector: Detector) -> None:
    class Slowly(OneDetector):
        def choose(self, frame: Frame) -> Choice:
            return replace(super().choose(frame), rate_hz=2.0)

    turns: list[float] = []
    parts = Parts(ScriptedCamera([scene()] * 3), Slowly(detector))
    report = Loop(parts, on_turn=lambda: turns.append(time.perf_counter())).run()
    assert report.frames == 3
    assert turns[-1] - turns[0] >= 0.95, "two frames a second"
    assert len(turns) >= 8, "who looks after the rest waits for a tenth of a second at most"


def test_progress_is_told_of_every_turn_a_failed_one_included(detector: Detector) -> None:
    turns: list[None] = []
    script = [scene(), FrameError("broken"), scene()]
    parts = Parts(ScriptedCamera(script), OneDetector(detector))
    Loop(parts, on_turn=lambda: turns.append(None)).run()
    assert len(turns) == 3
