"""The truth about a picture: people's boxes, whole and visible, and how far away they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.scenes.camera import NEAR_M, View
from training.scenes.mesh import Floats, Mesh
from training.scenes.renderer import OWNER_SCALE, Renderer, Shot
from training.scenes.scene import Scene

Box = tuple[float, float, float, float]

LEAST_HEIGHT_PX = 10.0
"""People less high than this are don't care."""
LEAST_VISIBLE = 0.3
"""People of whom less than this share is seen are don't care."""
_TILE = 96
"""Pixels along the longer side of the picture that counts a figure that nothing hides."""


@dataclass(frozen=True)
class Sighting:
    """One person in one picture.

    Attributes:
        track: who it is.
        xyxy: the whole person as if nothing hid them, cut at the picture's border, in pixels.
        visible_xyxy: around the pixels that show the person; absent if none does.
        visible: share of the whole person, also beyond the border, that the picture shows.
        distance_m: from the camera along its axis to the person's middle.
        truncated: whether the border cuts the person.
        reason: why nobody is asked for this person: `rider`, `small`, `hidden`; else empty.
    """

    track: int
    xyxy: Box
    visible_xyxy: Box | None
    visible: float
    distance_m: float
    truncated: bool
    reason: str

    @property
    def dont_care(self) -> bool:
        """Whether a detector is asked for this person at all."""
        return bool(self.reason)


def sightings(renderer: Renderer, scene: Scene, shot: Shot) -> tuple[Sighting, ...]:
    """All people of a scene who are at least partly within its picture."""
    seen = []
    for person, figure in zip(scene.people, shot.moving.figures, strict=True):
        whole = _whole_box(figure.positions, shot.view)
        if whole is None:
            continue
        clipped = _clipped(whole, shot.view)
        if clipped is None:
            continue
        visible_box, visible = _visible(renderer, figure, whole, shot, person.track)
        distance = float(shot.view.project(figure.positions.mean(0, keepdims=True))[1][0])
        rider = person.bicycle is not None
        reason = _reason(clipped, visible, rider)
        cut = clipped != whole
        seen.append(Sighting(person.track, clipped, visible_box, visible, distance, cut, reason))
    return tuple(seen)


def _whole_box(points: Floats, view: View) -> Box | None:
    """Around all vertices; None if any is at or behind the lens."""
    pixels, depth = view.project(points)
    if depth.min() < NEAR_M:
        return None
    left, top = pixels.min(0).tolist()
    right, bottom = pixels.max(0).tolist()
    return left, top, right, bottom


def _clipped(box: Box, view: View) -> Box | None:
    """The part within the picture, None if there is none."""
    width, height = view.camera.width, view.camera.height
    left, top, right, bottom = box
    inside = max(left, 0.0), max(top, 0.0), min(right, float(width)), min(bottom, float(height))
    return inside if inside[0] < inside[2] and inside[1] < inside[3] else None


def _visible(
    renderer: Renderer, figure: Mesh, whole: Box, shot: Shot, track: int
) -> tuple[Box | None, float]:
    """The box of the person's pixels, and their share of what could be seen of them."""
    box, area = visible_box(shot.owners, track)
    if box is None:
        return None, 0.0
    full = _full_area(renderer, figure, whole, shot.view)
    return box, min(area / max(full, 1e-6), 1.0)


def visible_box(owners: NDArray[np.uint32], track: int) -> tuple[Box | None, float]:
    """Around the pixels of an owner, and their area, in pixels of the picture."""
    mine = owners == track
    rows, columns = np.flatnonzero(mine.any(1)), np.flatnonzero(mine.any(0))
    if not len(rows):
        return None, 0.0
    scale = float(OWNER_SCALE)
    box = columns[0] / scale, rows[0] / scale, (columns[-1] + 1) / scale, (rows[-1] + 1) / scale
    return (float(box[0]), float(box[1]), float(box[2]), float(box[3])), float(
        mine.sum() / scale**2
    )


def _full_area(renderer: Renderer, figure: Mesh, whole: Box, view: View) -> float:
    """Pixels that the person would cover if nothing, not even the picture's border, hid them."""
    left, top, right, bottom = whole
    wide, tall = max(right - left, 0.5), max(bottom - top, 0.5)
    scale = _TILE / max(wide, tall)
    columns, rows = max(round(wide * scale), 1), max(round(tall * scale), 1)
    mask = renderer.alone(figure, _zoomed(view, whole), columns, rows)
    return float(mask.mean() * wide * tall)


def _zoomed(view: View, box: Box) -> Floats:
    """The view's matrix, with a box of its picture filling the whole of it."""
    left, top, right, bottom = box
    width, height = view.camera.width, view.camera.height
    zoom = np.eye(4)
    zoom[0, 0], zoom[1, 1] = width / max(right - left, 0.5), height / max(bottom - top, 0.5)
    middle_x = (left + right) / width - 1
    middle_y = 1 - (top + bottom) / height
    zoom[0, 3], zoom[1, 3] = -middle_x * zoom[0, 0], -middle_y * zoom[1, 1]
    return np.asarray(zoom @ view.matrix(), np.float32)


def _reason(box: Box, visible: float, rider: bool) -> str:
    if rider:
        return "rider"
    if box[3] - box[1] < LEAST_HEIGHT_PX:
        return "small"
    return "hidden" if visible < LEAST_VISIBLE else ""
