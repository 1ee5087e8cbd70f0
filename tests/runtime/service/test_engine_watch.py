"""A model that goes on with another engine is noticed once, with the reason, wherever one looks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from belisha.detector import DetectorInfo
from belisha.engines import EngineInfo
from belisha.service.engine_watch import EngineWatch, fallbacks
from tests.doubles import Told


def info(engine: str, *passed_over: tuple[str, str], digest: str = "ab12") -> DetectorInfo:
    made = EngineInfo(engine, f"{engine} 1.0", "CPU", "float", 1)
    return DetectorInfo("toy", "toy.bundle", digest, 0.4, made, passed_over)


GPU = info("gpu")
LOST = ("gpu", "failed: the device is lost; cpu serves instead")


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def watch(told: Told) -> EngineWatch:
    made = EngineWatch(told)
    made.begin({"day": GPU})
    return made


def test_while_nothing_changes_nothing_is_said(watch: EngineWatch, told: Told) -> None:
    for second in range(3):
        watch.look({"day": GPU}, float(second))
    assert (watch.history.switches, watch.history.last, told.sentences) == (0, None, [])


def test_a_switch_is_kept_with_its_reason_and_said_once(watch: EngineWatch, told: Told) -> None:
    for second in (7.0, 8.0):
        watch.look({"day": info("cpu", LOST)}, second)
    last = watch.history.last
    assert last is not None
    assert watch.history.switches == 1
    assert (last.bundle, last.before, last.after, last.up_s) == ("day", "gpu", "cpu", 7.0)
    assert last.reason == "gpu: failed: the device is lost; cpu serves instead"
    assert [(name, level) for name, level, _ in told.sentences] == [
        ("fallback", "warning"),
        ("engine", "info"),
    ]
    assert told.has("engine", "day runs on cpu 1.0 on CPU, float, 1 threads now, not on gpu")


def test_a_detector_that_was_loaded_again_begins_anew(watch: EngineWatch) -> None:
    watch.look({"day": info("cpu", LOST)}, 1.0)
    watch.look({}, 2.0)  # it broke down altogether
    watch.look({"day": info("slow", ("gpu", "no memory"), ("cpu", "no memory"))}, 3.0)
    last = watch.history.last
    assert last is not None
    assert (last.before, last.after) == ("cpu", "slow")
    assert last.reason == "gpu: no memory; cpu: no memory"
    watch.look({"day": info("cpu")}, 4.0)
    assert watch.history.switches == 3
    assert watch.history.last is not None
    assert watch.history.last.reason == "it was loaded again"


def test_another_bundle_of_that_name_and_a_reload_are_no_switch(
    watch: EngineWatch, told: Told
) -> None:
    watch.look({"day": info("cpu", digest="cd34")}, 1.0)
    watch.begin({"day": info("slow", digest="cd34")})
    watch.look({"day": info("slow", digest="cd34")}, 2.0)
    assert watch.history.switches == 0
    assert told.sentences == []


def test_a_build_is_said_when_it_begins(watch: EngineWatch, told: Told) -> None:
    watch.look({"day": replace(GPU, building="tensorrt")}, 1.0)
    assert told.has("engine", "day: tensorrt is being built beside")
    assert watch.history.switches == 0


def test_an_engine_that_serves_by_now_is_no_fallback() -> None:
    waited = ("gpu", "not built yet: being built in the background")
    built = ("gpu", "built; it serves from now on: a GPU")
    assert fallbacks(info("cpu", waited)) == (
        "gpu is not used: not built yet: being built in the background",
    )
    assert fallbacks(info("gpu", waited, built)) == ()
    assert fallbacks(info("cpu", waited, built, LOST)) == (
        "gpu is not used: failed: the device is lost; cpu serves instead",
    )
