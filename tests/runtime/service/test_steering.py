"""By hand, else by health, else by rule; a detector that breaks is stood in for and mended."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from belisha.bundle import Bundle
from belisha.detector import Detector
from belisha.errors import EngineError, FrameError, UsageError
from belisha.service.health_degrade import Degradation
from belisha.service.models import DetectorSettings, Models, ModelSource
from belisha.service.rules.rulebook import Rules
from belisha.service.rules.signals import Signals
from belisha.service.rules.steady import SteadyRules
from belisha.service.steering import Steering
from tests.doubles import Told, frame_of, wait_until
from tests.toy import scene

RULES = """
format: 1
after_s: 0
bundles: {day: {}, night: {}}
otherwise: {use: day}
rules:
  - {name: dark, use: night, rate_hz: 15, minimum_score: 0.3, when: {light: night}}
"""
FRAME = frame_of(scene())


def source(toy: Bundle) -> ModelSource:
    return ModelSource(Path(toy.path), DetectorSettings(threads=1))


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def steering(toy: Bundle, told: Told) -> Iterator[Steering]:
    """Two bundles and a rule."""
    models = Models({"day": source(toy), "night": source(toy)}, told)
    yield Steering(models, "day", SteadyRules(Rules.parse(RULES, "rules.yaml")), told)
    models.close()


def test_the_rule_of_the_moment_chooses_and_says_so(steering: Steering, told: Told) -> None:
    assert steering.choose(FRAME).name == "day"
    steering.signals = Signals(light="night")
    choice = steering.choose(FRAME)
    assert (choice.name, choice.rule, choice.rate_hz, choice.threshold) == (
        "night",
        "dark",
        15,
        0.3,
    )
    assert told.has("rule", "night decides by rule dark")


def test_the_same_situation_gives_the_same_choice(steering: Steering) -> None:
    assert steering.choose(FRAME) is steering.choose(FRAME)


def test_health_goes_before_rules_and_a_hand_before_all(steering: Steering) -> None:
    steering.degradation = Degradation(active=("hot",), bundle="night", rate_hz=5.0)
    choice = steering.choose(FRAME)
    assert (choice.name, choice.rate_hz) == ("night", 5.0)
    assert "to spare the machine: hot" in choice.reason
    assert "day is used" in steering.pin("day")
    assert (steering.choose(FRAME).name, steering.choose(FRAME).pinned) == ("day", True)
    steering.pin(None)
    assert steering.choose(FRAME).name == "night"


def test_only_what_is_loaded_can_be_pinned(steering: Steering) -> None:
    with pytest.raises(UsageError, match="expected a bundle of day, night; got 'dusk'"):
        steering.pin("dusk")


def test_another_detector_stands_in_until_the_broken_one_is_mended(
    steering: Steering, told: Told
) -> None:
    choice = steering.choose(FRAME)
    steering.failed(choice, EngineError("out of memory"))
    stand_in = steering.choose(FRAME)
    assert stand_in.name == "night"
    assert "day cannot be used at the moment" in stand_in.reason
    assert stand_in.detector(scene((1, 1))).xyxy.shape == (1, 4)
    assert wait_until(lambda: steering.choose(FRAME).name == "day")
    assert told.has("engine", "day failed and is loaded again; night decides meanwhile")
    assert told.has("engine", "day works again")


def test_without_another_detector_frames_are_lost_until_it_is_mended(
    toy: Bundle, told: Told
) -> None:
    models = Models({"only": source(toy)}, told)
    steering = Steering(models, "only", None, told)
    steering.failed(steering.choose(FRAME), EngineError("out of memory"))
    with pytest.raises(FrameError, match="no detector is loaded"):
        steering.choose(FRAME)
    assert models.broken == ("only",)

    def back() -> bool:
        try:
            return bool(steering.choose(FRAME))
        except FrameError:
            return False

    assert wait_until(back)
    models.close()


def test_a_reload_keeps_what_is_the_same_and_frees_what_is_gone(toy: Bundle, told: Told) -> None:
    before = Models({"day": source(toy), "night": source(toy)}, told)
    _, kept = before.pick("day")
    _, gone = before.pick("night")
    after = Models({"day": source(toy)}, told, before)
    before.close(after)
    assert after.pick("day") == ("day", kept)
    assert kept is not None
    assert kept(scene((1, 1))).xyxy.shape == (1, 4)
    assert gone is not None
    with pytest.raises(RuntimeError, match="after close"):
        gone(scene())
    after.close()


def test_a_bundle_that_cannot_be_loaded_leaves_the_others_of_before_alone(
    toy: Bundle, told: Told, tmp_path: Path
) -> None:
    before = Models({"day": source(toy)}, told)
    gone = ModelSource(tmp_path / "gone.bundle", DetectorSettings())
    with pytest.raises(Exception, match=r"gone\.bundle"):
        Models({"day": source(toy), "night": gone}, told, before)
    _, detector = before.pick("day")
    assert isinstance(detector, Detector)
    assert len(detector(scene((1, 1)))) == 1
    before.close()


def test_whatever_goes_wrong_while_it_is_mended_it_is_tried_again(toy: Bundle, told: Told) -> None:
    faults = [RuntimeError("the library crashed"), MemoryError()]

    def load(*arguments: Any, **options: Any) -> Detector:
        if models_made and faults:
            raise faults.pop(0)
        return Detector.open(*arguments, **options)

    models_made: list[Models] = []
    models = Models({"only": replace(source(toy), load=load)}, told)
    models_made.append(models)
    models.broke("only", EngineError("out of memory"))
    assert wait_until(lambda: models.broken == ())
    assert told.has("engine", "only still cannot be loaded: RuntimeError: the library crashed")
    models.close()


def test_a_detector_that_is_mended_too_late_is_freed(toy: Bundle, told: Told) -> None:
    late: list[Detector] = []
    loading, may_go_on = threading.Event(), threading.Event()

    def load(*arguments: Any, **options: Any) -> Detector:
        detector = Detector.open(*arguments, **options)
        if models_made:
            late.append(detector)
            loading.set()
            may_go_on.wait(10)
        return detector

    models_made: list[Models] = []
    models = Models({"only": replace(source(toy), load=load)}, told)
    models_made.append(models)
    models.broke("only", EngineError("out of memory"))
    assert loading.wait(10)
    models.close()
    may_go_on.set()

    def freed() -> bool:
        try:
            late[0](scene())
        except RuntimeError:
            return True
        return False

    assert wait_until(freed)
    assert not told.has("engine", "works again")


def test_detectors_that_break_and_come_back_at_once_are_all_there(toy: Bundle, told: Told) -> None:
    names = [str(number) for number in range(6)]
    models = Models({name: source(toy) for name in names}, told)
    for _ in range(3):
        for name in names:
            models.broke(name, EngineError("out of memory"))
        assert wait_until(lambda: models.broken == (), 30)
    assert models.names == tuple(names)
    models.close()
