"""A rendered data set reads as any other, says what it shows, and is the same for the same seed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from belisha.errors import UsageError
from training.data.coco import read_coco
from training.data.picture import read_image
from training.scenes.dataset import (
    CONDITIONS,
    Order,
    chosen_conditions,
    conditions_of,
    rendered,
    write_dataset,
)
from training.scenes.scenario import SCRIPTS, Filming, filmed

ORDER = Order(pictures=4, conditions=("night", "rain"), seed=3, width=128, height=96, per_scene=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, opengl: None) -> Path:
    target = tmp_path_factory.mktemp("rendered")
    write_dataset(rendered(ORDER), ORDER.pictures, target)
    return target


def test_the_project_reads_it(folder: Path) -> None:
    dataset = read_coco(folder)
    assert len(dataset) == 4
    assert {read_image(sample).shape for sample in dataset.samples} == {(96, 128, 3)}
    assert len(dataset.select(["light=night"])) >= 2
    assert len(dataset.select(["weather=rain"])) >= 2
    assert len({sample.attributes["sequence"] for sample in dataset.samples}) == 2


def test_annotations_say_what_is_visible_how_far_and_who(folder: Path) -> None:
    annotations = json.loads((folder / "annotations.json").read_text())["annotations"]
    assert annotations
    for entry in annotations:
        assert 0 <= entry["visible_ratio"] <= 1
        assert entry["distance_m"] > 0
        assert entry["track"] >= 1
        assert bool(entry["ignore"]) == bool(entry["reason"])
        assert (entry["visible_bbox"] is None) == (entry["visible_ratio"] == 0)


def test_equal_orders_give_equal_pictures_and_other_seeds_others(opengl: None) -> None:
    one = replace(ORDER, pictures=1)
    first, second, other = (next(rendered(order)) for order in (one, one, replace(one, seed=4)))
    assert np.array_equal(first.image_bgr, second.image_bgr)
    assert first.seen == second.seen
    assert not np.array_equal(first.image_bgr, other.image_bgr)


def test_a_folder_with_a_data_set_is_not_overwritten(folder: Path) -> None:
    with pytest.raises(UsageError, match="holds a data set already"):
        write_dataset(iter(()), 0, folder)


@pytest.mark.parametrize("word", CONDITIONS)
def test_a_word_means_what_it_says(word: str) -> None:
    for seed in range(20):
        conditions = conditions_of(word, np.random.default_rng(seed))
        assert word in (conditions.light, conditions.weather, conditions.glass)


def test_words_are_checked_and_taken_once() -> None:
    assert chosen_conditions(["night,rain", "night"]) == ("night", "rain")
    assert chosen_conditions(["all"]) == CONDITIONS
    with pytest.raises(UsageError, match="no condition 'snow'"):
        chosen_conditions(["snow"])


def test_no_words_are_refused() -> None:
    with pytest.raises(UsageError, match="at least one condition"):
        chosen_conditions([","])


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_scenario_begins_well_and_ends_in_trouble(script: str, opengl: None) -> None:
    frames = list(filmed(Filming(script, frames=4, seed=1, width=96, height=72)))
    assert len(frames) == 4
    assert {frame.sequence for frame in frames} == {f"{script}-s1"}
    first, last = frames[0].scene, frames[-1].scene
    changed = {
        "dirty-lens": (first.conditions.glass, last.conditions.glass) == ("clean", "dirt"),
        "nightfall": (first.conditions.light, last.conditions.light) == ("day", "dusk")
        and last.light.lamps > 0.9,
        "knocked-camera": last.camera.pitch < first.camera.pitch - 0.05,
    }
    assert changed[script]
    assert first.street is last.street
