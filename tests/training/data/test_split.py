"""The split: even, repeatable, stable under growth, and frank about what cannot be split."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from belisha.errors import DatasetError, UsageError
from tests.training.data.people import digest, record
from training.data.groups import QUARANTINE, sequence_of
from training.data.near_duplicates import Pair
from training.data.records import Record
from training.data.split import SPLITS, split


def drives(count: int, seed: int = 0, begin: int = 0) -> list[Record]:
    """Drives of 1 to 12 images, by day, dusk and night, with people of all sizes."""
    generator = np.random.default_rng(seed)
    records = []
    for drive in range(begin, begin + count):
        light = ("day", "day", "dusk", "night")[drive % 4]
        for frame in range(int(generator.integers(1, 13))):
            heights = generator.uniform(10, 90, int(generator.integers(0, 5)))
            name = f"{drive:03}/{frame}"
            records.append(record(name, sequence=f"{drive:03}", heights=heights, light=light))
    return records


RECORDS = drives(120)


def test_the_shares_are_near_80_10_10_in_every_stratum() -> None:
    done = split(RECORDS)
    assert done.groups == 120
    assert done.worst is not None
    assert done.worst.deviation < 2.5
    names = {stratum.name for stratum in done.splittable}
    assert {"all images", "light=night", "light=night, people under 20 px"} <= names
    counts = [done.count(name) / len(RECORDS) for name in SPLITS]
    assert counts == pytest.approx([0.8, 0.1, 0.1], abs=0.025)


def test_no_sequence_is_cut() -> None:
    done = split(RECORDS)
    places: dict[str, set[str]] = {}
    for item in RECORDS:
        places.setdefault(sequence_of(item), set()).add(done.assignment[item.sha256])
    assert {len(found) for found in places.values()} == {1}


def test_the_order_of_the_images_does_not_matter_and_the_seed_does() -> None:
    shuffled = random.Random(1).sample(RECORDS, len(RECORDS))
    assert split(shuffled) == split(RECORDS)
    assert split(RECORDS, seed=1).assignment != split(RECORDS).assignment


def test_nothing_moves_when_data_are_added_and_the_whole_stays_even() -> None:
    before = split(RECORDS).assignment
    grown = [*RECORDS, *drives(60, seed=1, begin=120), record("new", sequence="000", light="day")]
    done = split(grown, previous=before)
    assert done.assignment.items() >= before.items()
    assert done.assignment[digest("new")] == before[digest("000/0")]
    assert done.worst is not None
    assert done.worst.deviation < 3, "what is placed cannot be undone"


def test_a_new_image_that_links_two_splits_is_kept_from_both() -> None:
    before = split(RECORDS).assignment
    train, test = (
        next(sha for sha, name in before.items() if name == s) for s in ("train", "test")
    )
    new = record("bridge")
    pairs = [Pair(*sorted((new.sha256, old)), 0.95, mirrored=False) for old in (train, test)]
    done = split([*RECORDS, new], pairs, previous=before)
    assert done.assignment[new.sha256] == QUARANTINE
    assert done.count(QUARANTINE) == 1
    assert done.assignment.items() >= before.items()


def test_a_stratum_of_two_groups_is_named_and_left_out_of_the_deviation() -> None:
    rain = [record(f"rain{n}", sequence=f"rain{n % 2}", weather="rain") for n in range(8)]
    done = split([*RECORDS, *rain])
    assert [(item.name, item.groups) for item in done.unsplittable] == [("weather=rain", 2)]
    assert done.worst is not None
    assert done.worst.deviation < 2.5


def test_a_stratum_of_few_large_groups_says_what_no_cut_could_better() -> None:
    thirds = [record(f"dusk{n}", sequence=f"dusk{n % 3}", weather="fog") for n in range(30)]
    done = split([*RECORDS, *thirds])
    fog = next(item for item in done.splittable if item.name == "weather=fog")
    assert fog.deviation == pytest.approx(fog.floor) == pytest.approx(20), "all in train"
    assert done.worst == fog
    beyond = done.worst_beyond_floor
    assert beyond is not None
    assert beyond.deviation - beyond.floor < 2.5


@pytest.mark.parametrize(
    ("records", "fractions", "error", "message"),
    [
        ([], {}, DatasetError, "expected images to split, got none"),
        (RECORDS, {"train": 1.0}, UsageError, "expected fractions of train, validation, test"),
        (
            RECORDS,
            {"train": 0.8, "validation": 0.1, "test": 0.2},
            UsageError,
            "that add up to 1",
        ),
    ],
)
def test_what_cannot_be_split_is_refused(
    records: list[Record], fractions: dict[str, float], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        split(records, fractions=fractions)


@pytest.mark.slow
def test_a_hundred_thousand_images_are_dealt_in_a_minute() -> None:
    records = [
        record(f"{n}", sequence=f"{n // 20}", heights=[n % 70 + 5], light=("day", "night")[n % 2])
        for n in range(100_000)
    ]
    done = split(records)
    assert done.worst is not None
    assert done.worst.deviation < 0.5


def test_camvids_three_drives_are_a_known_hard_case(tmp_path: Path) -> None:
    """204, 124 and 101 images: the best is one whole drive beside the training data."""
    sizes = {"0016E5": 204, "0001TP": 124, "0006R0": 101}
    records = [
        record(f"{name}/{n}", sequence=name) for name, size in sizes.items() for n in range(size)
    ]
    done = split(records)
    assert done.worst is not None
    assert done.worst.deviation == pytest.approx(100 * (101 / 429 - 0.1))
