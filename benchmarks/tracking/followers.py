"""Who takes part: ours, ours without the frames, and ByteTrack in an environment of its own."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from belisha.boxes import Boxes, as_xyxy
from belisha.errors import EngineError
from belisha.service.tracks import Tracker, TrackerSettings
from benchmarks.tracking.drives import Drive
from benchmarks.tracking.identity_metrics import IdentityFrame

PACKAGES = ("trackers==2.6.1",)
"""Roboflow's, Apache-2.0."""
ENVIRONMENT = "trackers"
_TIMEOUT_S = 600


@dataclass(frozen=True, eq=False)
class Detected:
    """A drive and what the detector finds in each of its frames, unsure boxes included."""

    drive: Drive
    boxes: tuple[Boxes, ...]


@dataclass(frozen=True, eq=False)
class Followed:
    """What a tracker made of the drives.

    Attributes:
        name: of the tracker.
        drives: rows of left, top, right, bottom, id, for each frame of each drive.
        update_ms: median time of an update, the reading of frames left out.
    """

    name: str
    drives: tuple[tuple[list[list[float]], ...], ...]
    update_ms: float


class Follower(Protocol):
    """A tracker that takes part."""

    def follow(self, detected: Sequence[Detected]) -> Followed:
        """Follow the people of all drives, each from scratch."""
        ...


class OurFollower:
    """`belisha.service.tracks`, with frames or without."""

    def __init__(self, settings: TrackerSettings, *, with_frames: bool) -> None:
        self._settings, self._with_frames = settings, with_frames

    def follow(self, detected: Sequence[Detected]) -> Followed:
        """See `Follower.follow`."""
        spent: list[float] = []
        drives = []
        for one in detected:
            tracker = Tracker(self._settings)
            frames = []
            for index, (image, boxes) in enumerate(zip(one.drive.images(), one.boxes, strict=True)):
                time_ns = round(index * 1e9 / one.drive.truth.rate_hz)
                begun = time.perf_counter()
                tracks = tracker.update(boxes, time_ns, image if self._with_frames else None)
                spent.append(time.perf_counter() - begun)
                told = tracks[tracks.found & tracks.confirmed]
                ids = told.ids.tolist()
                frames.append(
                    [[*box, who] for box, who in zip(told.xyxy.tolist(), ids, strict=True)]
                )
            drives.append(tuple(frames))
        name = "Belisha" if self._with_frames else "Belisha, without frames"
        return Followed(name, tuple(drives), float(np.median(spent)) * 1e3)


class ForeignFollower:
    """A tracker of the package `trackers`, in a process of its own."""

    def __init__(self, python: Path, name: str, settings: dict[str, float]) -> None:
        self._python, self._name, self._settings = python, name, settings

    def follow(self, detected: Sequence[Detected]) -> Followed:
        """See `Follower.follow`.

        Raises:
            EngineError: its process failed.
        """
        order = {
            "settings": self._settings,
            "rate_hz": detected[0].drive.truth.rate_hz,
            "drives": [[_rows(boxes) for boxes in one.boxes] for one in detected],
        }
        answer = self._ask(order)
        drives = tuple(tuple(frames) for frames in answer["drives"])
        return Followed(self._name, drives, answer["median_s"] * 1e3)

    def _ask(self, order: dict[str, Any]) -> Any:
        worker = Path(__file__).with_name("foreign_worker.py")
        done = subprocess.run(  # noqa: S603  # an interpreter that the user chose
            [str(self._python), str(worker)],
            input=json.dumps(order),
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
        if done.returncode:
            last = done.stderr.strip().rpartition("\n")[2]
            raise EngineError(f"{self._name}: its process failed: {last}")
        return json.loads(done.stdout)


def _rows(boxes: Boxes) -> list[list[float]]:
    rows: list[list[float]] = np.concatenate([boxes.xyxy, boxes.scores[:, None]], axis=1).tolist()
    return rows


def identity_frames(drive: Drive, rows: Sequence[list[list[float]]]) -> list[IdentityFrame]:
    """Truth and tracks of each frame, side by side."""
    frames = []
    for people, found in zip(drive.truth.frames, rows, strict=True):
        asked = [one for one in people if not one.dont_care]
        told = [row for row in found if row[4] >= 0]
        frames.append(
            IdentityFrame(
                people=np.array([one.track for one in asked], np.int64),
                people_xyxy=as_xyxy([one.xyxy for one in asked]),
                dont_care_xyxy=as_xyxy([one.xyxy for one in people if one.dont_care]),
                tracks=np.array([row[4] for row in told], np.int64),
                tracks_xyxy=as_xyxy([row[:4] for row in told]),
            )
        )
    return frames
