"""Bands in which people are counted: by height in the picture, and by distance from the camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from training.data.records import Annotation, Record

HEIGHTS_PX = (20.0, 30.0, 50.0)
"""Where one band of heights ends and the next begins; the same heights as in evaluations."""
DISTANCES_M = (10.0, 20.0, 40.0)


@dataclass(frozen=True)
class AssumedCamera:
    """What turns the height of a box into a distance where nobody knows the camera.

    Attributes:
        focal_widths: focal length in widths of the picture; 0.9 sees 58 degrees.
        person_m: height of a person; children stand nearer than they seem.
    """

    focal_widths: float = 0.9
    person_m: float = 1.7

    def distance_m(self, height_px: float, width_px: int) -> float:
        """Distance of a person `height_px` tall in a picture `width_px` wide."""
        return self.focal_widths * width_px * self.person_m / max(height_px, 1e-6)

    def __str__(self) -> str:
        return f"focal length {self.focal_widths:g} picture widths, people {self.person_m:g} m tall"


def height_px(annotation: Annotation) -> float:
    """Height of the whole person, rounded as in evaluations."""
    return round(annotation.xyxy[3] - annotation.xyxy[1], 2)


def height_band(annotation: Annotation) -> str:
    """`under 20 px`, `20 to 30 px`, `30 to 50 px` or `50 px and more`."""
    return band(height_px(annotation), HEIGHTS_PX, "px")


def distance_band(annotation: Annotation, width_px: int, camera: AssumedCamera) -> str:
    """`under 10 m`, `10 to 20 m`, `20 to 40 m` or `40 m and more`."""
    distance = camera.distance_m(height_px(annotation), width_px)
    return band(distance, DISTANCES_M, "m")


def band(value: float, limits: Sequence[float], unit: str) -> str:
    """The name of the band that a value falls into."""
    return band_names(limits, unit)[sum(value >= limit for limit in limits)]


def band_names(limits: Sequence[float], unit: str) -> tuple[str, ...]:
    """The names of all bands, rising."""
    middle = (f"{low:g} to {high:g} {unit}" for low, high in pairwise(limits))
    return (f"under {limits[0]:g} {unit}", *middle, f"{limits[-1]:g} {unit} and more")


def people(record: Record) -> tuple[Annotation, ...]:
    """The people of an image that count."""
    return tuple(item for item in record.annotations if item.kind == "person")
