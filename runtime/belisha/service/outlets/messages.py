"""What leaves the box, as JSON: one line a decision, and one line a second about the service.

A decision:

    {"format": 1, "kind": "decision", "device": "car 7", "number": 512, "frame": 530,
     "source": "/dev/video0", "captured": "2026-11-24T10:15:02.123456+00:00",
     "captured_s": 8123.412, "age_ms": 21.4, "late": false, "width": 640, "height": 480,
     "bundle": "day", "digest": "9dd9195490d2...", "rule": "daylight",
     "people": [{"box": [312.0, 188.5, 24.0, 61.2], "score": 0.81, "id": 17, "hidden_s": 0.0,
                 "distance_m": [11.2, 9.4, 13.9]}]}

A state has "kind": "state"; whoever acts on decisions must look at it: no people and no camera are
not the same. See `runtime/README.md` for every field.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec
import numpy as np

from belisha.boxes import FloatArray, xyxy_to_xywh
from belisha.service.distance import Distances
from belisha.service.results import Result

FORMAT = 1
MAX_PEOPLE = 100
"""In one message, so that it always fits a datagram."""


def decision_message(result: Result, device: str) -> bytes:
    """A decision as a line of JSON, with its line break."""
    frame = result.frame
    height, width = frame.image_bgr.shape[:2]
    return line(
        {
            "format": FORMAT,
            "kind": "decision",
            "device": device,
            "number": result.number,
            "frame": frame.index,
            "source": frame.source,
            "captured": _wall_clock(frame.captured_s),
            "captured_s": round(frame.captured_s, 6),
            "age_ms": round(result.age_ms, 3),
            "late": result.late,
            "width": width,
            "height": height,
            "bundle": result.bundle,
            "digest": result.digest,
            "rule": result.rule,
            "people": _people(result),
        }
    )


def state_message(state: Mapping[str, Any], device: str) -> bytes:
    """The state of the service as a line of JSON, with its line break."""
    return line({"format": FORMAT, "kind": "state", "device": device, **state})


def line(document: Mapping[str, Any]) -> bytes:
    """One line of JSON."""
    return msgspec.json.encode(document) + b"\n"


def _people(result: Result) -> list[dict[str, Any]]:
    """Everybody who counts, those found in this frame first."""
    tracks, far = result.seen.tracks, result.seen.distances
    if tracks is None:
        boxes = result.boxes
        rows = [
            {"box": box, "score": score}
            for box, score in zip(_rounded(boxes.xyxy), _shortened(boxes.scores), strict=True)
        ]
    else:
        rows = [
            {"box": box, "score": score, "id": one, "hidden_s": hidden}
            for box, score, one, hidden in zip(
                _rounded(tracks.xyxy),
                _shortened(tracks.scores),
                tracks.ids.tolist(),
                _shortened(tracks.missing_s),
                strict=True,
            )
        ]
    if far is not None:
        for row, band in zip(rows, _bands(far), strict=True):
            row["distance_m"] = band
    return rows[:MAX_PEOPLE]


def _rounded(xyxy: FloatArray) -> list[list[float]]:
    """x, y, width, height in pixels of the frame, to a tenth."""
    sides: list[list[float]] = np.round(xyxy_to_xywh(xyxy).astype(np.float64), 1).tolist()
    return sides


def _shortened(values: FloatArray) -> list[float]:
    short: list[float] = np.round(values.astype(np.float64), 3).tolist()
    return short


def _bands(far: Distances) -> list[list[float | None]]:
    """Best guess and both ends of each band; JSON has no infinity, so an open end is null."""
    columns = np.stack([far.metres, far.low_m, far.high_m], axis=1).astype(np.float64)
    return [
        [value if math.isfinite(value) else None for value in band]
        for band in np.round(columns, 1).tolist()
    ]


def _wall_clock(captured_s: float) -> str:
    age = timedelta(seconds=time.perf_counter() - captured_s)
    return (datetime.now(timezone.utc) - age).isoformat(timespec="microseconds")
