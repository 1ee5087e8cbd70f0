"""Coverage: what is counted, what is missing, and how it is said."""

from __future__ import annotations

import pytest

from tests.training.data.people import digest, person, record
from training.data.bands import AssumedCamera, distance_band, height_band
from training.data.coverage import EVERY_SPLIT, Coverage, cover, wilson
from training.data.photometry import Photometry

BRIGHT = Photometry(brightness=120, contrast=50, sharpness=500, noise=1)
DARK = Photometry(brightness=20, contrast=20, sharpness=100, noise=6)


def covered(**more: object) -> Coverage:
    """Day everywhere, night in train only."""
    records, splits = [], {}
    for split in ("train", "validation", "test"):
        for drive in range(3):
            for frame in range(10):
                name = f"{split}{drive}/{frame}"
                heights = [15, 25, 40, 80]
                records.append(
                    record(name, sequence=f"{split}{drive}", heights=heights, light="day")
                )
                splits[digest(name)] = split
    for frame in range(25):
        records.append(record(f"night{frame}", sequence="night", heights=[80], light="night"))
        splits[digest(f"night{frame}")] = "train"
    return cover(records, splits, **more)  # type: ignore[arg-type]


def words(found: Coverage) -> list[str]:
    return [str(hole) for hole in found.holes]


def test_holes_are_named_in_words_with_what_to_collect() -> None:
    found = covered()
    assert "light=night x under 20 px: 0 people in validation" in words(found)
    assert "light=night x 50 px and more: 0 people in test" in words(found)
    assert "light=night x 50 px and more: 0 people in train" not in words(found)
    assert not any("light=day" in hole for hole in words(found))
    hole = next(hole for hole in found.holes if str(hole).startswith("light=night x under 20 px"))
    assert hole.advice.startswith("record night: 20 more people under 20 px tall for")


def test_a_condition_that_is_nowhere_is_one_hole_and_comes_first() -> None:
    found = covered()
    assert found.holes[0].split == EVERY_SPLIT
    assert "light=dusk: no image of any split is known to be so" in words(found)
    assert sum("weather=rain" in hole for hole in words(found)) == 1
    assert any(words.startswith("record rain: at least 3 drives") for words in found.advice)


def test_the_table_has_shares_with_intervals_by_drives() -> None:
    found = covered()
    night = next(row for row in found.rows if row.name == "light=night").shares
    assert (night["train"].count, night["validation"].count) == (25, 0)
    assert night["train"].value == pytest.approx(25 / 55)
    assert night["train"].low < 0.2, "four drives tell little, though there are 55 images"
    assert night["validation"].high > 0.5
    assert found.groups == {"train": 4, "validation": 3, "test": 3}


@pytest.mark.parametrize(
    ("count", "trials", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (0, 0, 0.0, 1.0)],
)
def test_wilson(count: int, trials: int, low: float, high: float) -> None:
    assert wilson(count, trials) == pytest.approx((low, high), abs=1e-4)


def test_light_is_measured_only_where_the_source_says_nothing_and_is_marked() -> None:
    records = [record("a", light="dusk"), record("b"), record("c")]
    looks = {digest("a"): BRIGHT, digest("b"): DARK, digest("c"): BRIGHT}
    found = cover(records, dict.fromkeys(map(digest, "abc"), "train"), looks)
    names = {row.name: row.shares["train"].count for row in found.rows if row.kind == "images"}
    assert names["light=dusk"] == 1
    assert names["light=night (measured)"] == 1
    assert names["light=day (measured)"] == 1
    assert names["noise=noisy (measured)"] == names["contrast=dull (measured)"] == 1


def test_quarantine_is_not_covered() -> None:
    found = cover([record("a", heights=[40])], {digest("a"): "quarantine"})
    assert found.images == {}


@pytest.mark.parametrize(
    ("height", "band"),
    [
        (19.99, "under 20 px"),
        (20, "20 to 30 px"),
        (49.9, "30 to 50 px"),
        (50, "50 px and more"),
    ],
)
def test_height_bands_begin_where_evaluations_do(height: float, band: str) -> None:
    assert height_band(person(height)) == band


def test_distance_follows_from_height_and_an_assumed_camera() -> None:
    camera = AssumedCamera(focal_widths=1.0, person_m=1.7)
    assert camera.distance_m(68, 640) == pytest.approx(16)
    assert distance_band(person(68), 640, camera) == "10 to 20 m"
    assert distance_band(person(20), 640, camera) == "40 m and more"
    assert "focal length 1 picture widths" in str(camera)
