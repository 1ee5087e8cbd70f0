"""Near-duplicates: planted copies are found, strangers are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from belisha.cameras.picture import read_picture
from belisha.errors import DatasetError
from training.data.coco import read_coco
from training.data.near_duplicates import near_duplicates, thumbnail
from training.data.planted import CHANGES, Planted, find_planted, recompress

COUNT = 150
LEAST_RECALL = {
    "cropped by 5 %": 0.9,
    "cropped by 3 % all around": 0.9,
}


def street(seed: int) -> np.ndarray:
    """A bright sky over a dark road, as in every street; houses, cars and poles of its own."""
    generator = np.random.default_rng(seed)
    image = np.linspace(210, 60, 180, dtype=np.float32)[:, None] * np.ones((1, 320), np.float32)
    for _ in range(14):
        x, y = int(generator.integers(0, 320)), int(generator.integers(40, 150))
        width, height = generator.integers(15, 90), generator.integers(15, 80)
        image[max(y - height, 0) : y, x : x + width] = generator.uniform(10, 240)
    image = image[..., None] * generator.uniform(0.8, 1.2, 3)
    return np.clip(image + generator.normal(0, 4, image.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def streets() -> list[np.ndarray]:
    return [street(seed) for seed in range(COUNT)]


def plant(images: list[np.ndarray], change: str) -> Planted:
    """Copies of all, each picture a sequence of its own."""
    thumbnails = np.stack([thumbnail(image) for image in images])
    names = [f"{index}" for index in range(len(images))]
    return find_planted(thumbnails, names, dict(enumerate(images)), change)


@pytest.mark.parametrize("change", CHANGES)
def test_planted_copies_are_found_and_strangers_are_not(
    streets: list[np.ndarray], change: str
) -> None:
    planted = plant(streets, change)
    assert planted.copies == COUNT
    assert planted.recall >= LEAST_RECALL.get(change, 0.98)
    assert planted.false_positive_rate == 0
    assert planted.pairs == COUNT * (COUNT - 1)


def test_pairs_say_how_similar_and_whether_mirrored(streets: list[np.ndarray]) -> None:
    images = [streets[0], streets[0][:, ::-1], streets[1], recompress(streets[1])]
    thumbnails = np.stack([thumbnail(image) for image in images])
    first, second = near_duplicates(["d", "c", "b", "a"], thumbnails, ["1", "2", "3", "4"])
    mirrored = next(pair for pair in (first, second) if pair.mirrored)
    assert (mirrored.first, mirrored.second) == ("c", "d"), "the smaller first"
    assert mirrored.similarity > 0.999
    assert first.similarity >= second.similarity


def test_pairs_within_a_group_are_not_asked_for(streets: list[np.ndarray]) -> None:
    thumbnails = np.stack([thumbnail(streets[0])] * 3)
    pairs = near_duplicates(["a", "b", "c"], thumbnails, ["drive", "drive", "other"])
    assert {(pair.first, pair.second) for pair in pairs} == {("a", "c"), ("b", "c")}


def test_the_answer_does_not_depend_on_the_order(streets: list[np.ndarray]) -> None:
    images = [*streets[:30], *map(recompress, streets[:30])]
    keys = [f"{index:05}" for index in range(len(images))]
    thumbnails = np.stack([thumbnail(image) for image in images])
    order = np.random.default_rng(0).permutation(len(images))
    shuffled = near_duplicates(
        [keys[i] for i in order], thumbnails[order], [keys[i] for i in order]
    )
    assert [(p.first, p.second) for p in shuffled] == [
        (p.first, p.second) for p in near_duplicates(keys, thumbnails, keys)
    ]


def test_pictures_that_show_nothing_are_nobodys_copy() -> None:
    black = np.zeros((90, 160, 3), np.uint8)
    noise = np.random.default_rng(0).integers(0, 6, (90, 160, 3)).astype(np.uint8)
    thumbnails = np.stack([thumbnail(black), thumbnail(noise), thumbnail(black + 200)])
    assert near_duplicates(["a", "b", "c"], thumbnails, ["a", "b", "c"]) == ()


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_planted_copies_of_real_streets(shared: Path, change: str) -> None:
    samples = read_coco(shared / "data" / "idd_lite").samples[::5]
    planted = plant([read_picture(sample.path) for sample in samples], change)
    assert planted.recall >= LEAST_RECALL.get(change, 0.98)
    assert planted.false_positive_rate < 1e-4


def test_a_similarity_that_tells_nothing_apart_is_refused() -> None:
    thumbnails = np.tile(thumbnail(street(0)), (30, 1))
    keys = [f"{index:02}" for index in range(30)]
    with pytest.raises(DatasetError, match=r"more than 100 pairs .* ask for a higher one"):
        near_duplicates(keys, thumbnails, keys, most=100)
