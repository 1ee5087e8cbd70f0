"""What must be spread evenly over the splits, counted for each image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from training.data.bands import height_band, people
from training.data.records import Record

SPREAD = ("light", "weather", "glass", "camera")
"""Conditions that are spread evenly; others, such as the place, have too many values."""
EVERYTHING = "all images"


def strata(record: Record) -> Mapping[str, int]:
    """Stratum -> what an image adds to it.

    Images are counted as a whole, by source and by condition; people by height, by itself and
    within each condition.
    """
    conditions = [f"{key}={record.conditions[key]}" for key in SPREAD if key in record.conditions]
    counts = Counter([EVERYTHING, f"source={record.source}", *conditions])
    for annotation in people(record):
        band = f"people {height_band(annotation)}"
        counts.update([band, *(f"{condition}, {band}" for condition in conditions)])
    return counts
