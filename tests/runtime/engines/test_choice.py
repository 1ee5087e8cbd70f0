"""The choice of an engine: the first that works, why not the others, no frame lost by a change."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import numpy as np
import pytest

from belisha.bundle import Bundle
from belisha.detector import Detector
from belisha.engines import KINDS, ORDER, Engine
from belisha.engines.choice import open_engine, survey
from belisha.errors import (
    EngineAbsentError,
    EngineError,
    MissingLibraryError,
    UsageError,
)
from tests.runtime.engines.kinds import ScriptedBuild, ScriptedEngine, ScriptedKind, not_built
from tests.toy import scene

FRAME = scene()[None]
NO_GPU = EngineAbsentError("no GPU here")


def cell(engine: Engine) -> int:
    """Whose answer the next frame gets."""
    return int(np.argmax(engine.run(FRAME)["scores"]))


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_the_order_is_fixed_and_ends_with_what_runs_anywhere() -> None:
    assert ORDER == ("tensorrt", "onnxruntime-tensorrt", "onnxruntime-cuda", "onnxruntime")


def test_the_first_that_works_is_taken(toy: Bundle) -> None:
    kinds = [ScriptedKind("a", ScriptedEngine("a", 1)), ScriptedKind("b", ScriptedEngine("b", 2))]
    opened = open_engine(toy, kinds=kinds)
    assert opened.engine.info.name == "a"
    assert opened.passed_over == ()
    assert kinds[1].loads == 0  # a spare costs nothing until it is needed


def test_that_a_machine_has_no_gpu_is_no_news_but_a_missing_library_is(toy: Bundle) -> None:
    kinds = [
        ScriptedKind("a", NO_GPU),
        ScriptedKind("b", MissingLibraryError("pip install b")),
        ScriptedKind("c", ScriptedEngine("c")),
    ]
    opened = open_engine(toy, kinds=kinds)
    assert opened.engine.info.name == "c"
    assert opened.passed_over == (("b", "pip install b"),)


def test_if_nothing_works_every_reason_is_told(toy: Bundle) -> None:
    kinds = [
        ScriptedKind("a", NO_GPU),
        ScriptedKind("b", EngineError("b is broken")),
        ScriptedKind("c", EngineError("c is broken")),
    ]
    with pytest.raises(EngineError, match="a: no GPU here; b: b is broken; c: c is broken"):
        open_engine(toy, kinds=kinds)


def test_an_engine_that_is_asked_for_by_name_is_that_one_or_an_error(toy: Bundle) -> None:
    kinds = [ScriptedKind("a", EngineError("broken")), ScriptedKind("b", ScriptedEngine("b"))]
    assert open_engine(toy, "b", kinds=kinds).engine.info.name == "b"
    with pytest.raises(EngineError, match="broken"):
        open_engine(toy, "a", kinds=kinds)
    with pytest.raises(UsageError, match="expected an engine of a, b; got 'c'"):
        open_engine(toy, "c", kinds=kinds)


def test_an_engine_that_finds_other_things_is_passed_over_and_closed(toy: Bundle) -> None:
    wrong = ScriptedEngine("a")
    kinds = [ScriptedKind("a", wrong), ScriptedKind("b", ScriptedEngine("b"))]
    opened = open_engine(toy, kinds=kinds, prove=lambda engine: "it finds ghosts")
    assert opened.engine.info.name == "b"  # the last one is what others are judged by
    assert opened.passed_over == (("a", "it finds ghosts"),)
    assert wrong.closed


def test_without_leave_to_build_the_command_that_builds_is_told(toy: Bundle) -> None:
    kinds = [
        not_built("a", ScriptedBuild(ScriptedEngine("a"))),
        ScriptedKind("b", ScriptedEngine("b")),
    ]
    opened = open_engine(toy, kinds=kinds)
    ((name, reason),) = opened.passed_over
    assert name == "a"
    assert reason.endswith(f"'belisha engine build {toy.path}' builds it")


def test_while_an_engine_is_built_another_serves_and_no_frame_is_lost(
    toy: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    slow, quick = ScriptedEngine("slow", 1), ScriptedEngine("quick", 2)
    build = ScriptedBuild(slow)
    opened = open_engine(
        toy, kinds=[not_built("slow", build), ScriptedKind("quick", quick)], may_build=True
    )
    engine = opened.engine
    assert "being built in the background" in dict(opened.passed_over)["slow"]
    answers = [cell(engine) for _ in range(5)]
    assert engine.building == "slow: kernel 3 of 40"
    build.end()
    wait_until(lambda: not engine.building or cell(engine) == 1)
    answers += [cell(engine) for _ in range(5)]
    assert answers == [2] * 5 + [1] * 5
    assert engine.info.name == "slow"
    assert engine.building == ""
    assert "engine slow: built; it serves from now on" in caplog.text
    engine.close()
    assert slow.closed
    assert quick.closed


def test_a_built_engine_that_finds_other_things_never_serves(toy: Bundle) -> None:
    wrong = ScriptedEngine("slow", 1)
    build = ScriptedBuild(wrong)
    engine = open_engine(
        toy,
        kinds=[not_built("slow", build), ScriptedKind("quick", ScriptedEngine("quick", 2))],
        may_build=True,
        prove=lambda candidate: "it finds ghosts" if candidate is wrong else "",
    ).engine
    build.end()
    wait_until(lambda: cell(engine) == 2 and not engine.building)
    assert engine.news == (("slow", "could not be built: it finds ghosts"),)
    assert wrong.closed
    assert wrong.frames == 0


@pytest.mark.parametrize("error", [EngineError("TensorRT refuses the model"), ZeroDivisionError()])
def test_a_build_that_fails_is_announced_and_the_other_goes_on(
    toy: Bundle, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(ScriptedBuild):
        def run(self) -> ScriptedEngine:
            raise error

    build = Failing(ScriptedEngine("slow"))
    engine = open_engine(
        toy,
        kinds=[not_built("slow", build), ScriptedKind("quick", ScriptedEngine("quick", 2))],
        may_build=True,
    ).engine
    wait_until(lambda: cell(engine) == 2 and not engine.building)
    assert engine.news[0][1].startswith("could not be built: ")
    assert caplog.records[0].levelno == logging.WARNING


def test_closing_stops_a_build_and_says_how_to_have_it_the_next_time(
    toy: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    slow = ScriptedEngine("slow")
    build = ScriptedBuild(slow)
    kinds = [not_built("slow", build), ScriptedKind("quick", ScriptedEngine("quick"))]
    engine = open_engine(toy, kinds=kinds, may_build=True).engine
    engine.close()
    assert build.stopped
    assert engine.building == ""
    assert "not built in time; 'belisha engine build' does it once" in caplog.text


def test_when_an_engine_fails_the_next_computes_that_very_frame(
    toy: Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    fast = ScriptedEngine("fast", 1, fails_at=3)
    kinds = [
        ScriptedKind("fast", fast),
        ScriptedKind("other", EngineError("broken")),
        ScriptedKind("cpu", ScriptedEngine("cpu", 2)),
    ]
    engine = open_engine(toy, kinds=kinds).engine
    assert [cell(engine) for _ in range(6)] == [1, 1, 1, 2, 2, 2]
    assert engine.info.name == "cpu"
    assert engine.news == (("fast", "failed: fast lost its device; cpu serves instead"),)
    assert "cpu serves instead" in caplog.text
    assert fast.closed


def test_a_built_engine_that_fails_gives_back_to_the_one_that_served_before(toy: Bundle) -> None:
    build = ScriptedBuild(ScriptedEngine("slow", 1, fails_at=2))
    quick = ScriptedKind("quick", ScriptedEngine("quick", 2))
    engine = open_engine(toy, kinds=[not_built("slow", build), quick], may_build=True).engine
    build.end()
    wait_until(lambda: cell(engine) == 1)
    assert [cell(engine) for _ in range(3)] == [1, 2, 2]
    assert quick.loads == 1


def test_a_frame_that_no_engine_can_do_is_an_error_and_changes_nothing(toy: Bundle) -> None:
    kinds = [
        ScriptedKind("fast", ScriptedEngine("fast", 1, fails_at=0)),
        ScriptedKind("cpu", ScriptedEngine("cpu", 2, fails_at=0)),
    ]
    engine = open_engine(toy, kinds=kinds).engine
    for _ in range(2):
        with pytest.raises(EngineError, match="fast lost its device"):
            engine.run(FRAME)
    assert engine.info.name == "fast"
    assert kinds[1].loads == 1


def test_a_detector_tells_of_every_change(toy: Bundle) -> None:
    kinds = [
        ScriptedKind("fast", ScriptedEngine("fast", 1, fails_at=1)),
        ScriptedKind("cpu", ScriptedEngine("cpu", 2)),
    ]
    with Detector(toy, open_engine(toy, kinds=kinds).engine) as detector:
        detector(scene())
        assert detector.info.engine.name == "fast"
        assert detector.info.passed_over == ()
        detector(scene())
        assert detector.info.engine.name == "cpu"
        assert detector.info.passed_over[0][0] == "fast"


def test_the_survey_tries_each_and_closes_it(toy: Bundle) -> None:
    engine = ScriptedEngine("c")
    kinds = [
        ScriptedKind("a", NO_GPU),
        ScriptedKind("b", EngineError("b is broken")),
        ScriptedKind("c", engine),
    ]
    reports = survey(toy, kinds=kinds)
    assert [(one.name, one.reason, one.absent) for one in reports] == [
        ("a", "no GPU here", True),
        ("b", "b is broken", False),
        ("c", "", False),
    ]
    assert reports[2].info == engine.info
    assert engine.closed


def test_on_a_machine_without_a_gpu_the_cpu_serves_and_the_others_say_what_they_miss(
    toy: Bundle,
) -> None:
    reports = survey(toy, kinds=KINDS)
    assert reports[-1].info is not None
    if not any(report.info for report in reports[:-1]):
        assert open_engine(toy).engine.info.name == "onnxruntime"
        assert all(report.reason for report in reports[:-1])
