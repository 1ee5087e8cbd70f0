"""What the page is told, as JSON; NaN, which JSON does not have, becomes null: not reported."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from typing import Any

from belisha.service.activity_entries import Event, Second, Stamp
from belisha.service.bucket_percentiles import upper_percentile
from belisha.service.page.live import Published
from belisha.service.status import Buckets, Status


def picture_message(one: Published) -> bytes:
    """A picture's boxes, in pixels of the frame, and what else is known of it."""
    shown = one.shown
    height, width = shown.image_bgr.shape[:2]
    return _json(
        {
            "number": one.number,
            "frame": shown.frame,
            "source": shown.source,
            "age_ms": round(one.age_ms, 1),
            "width": width,
            "height": height,
            "words": shown.words,
            "boxes": [[round(side, 1) for side in row] for row in shown.boxes.xyxy.tolist()],
            "scores": [round(score, 3) for score in shown.boxes.scores.tolist()],
            "labels": list(shown.labels),
        }
    )


def status_message(
    status: Status,
    seconds: Sequence[tuple[Stamp, Second]],
    events: Sequence[tuple[Stamp, Event]],
    rights: Sequence[str],
    *,
    signed_in: bool,
) -> bytes:
    """The service's state, its last seconds and events, and what this viewer may do."""
    document = dataclasses.asdict(dataclasses.replace(status, log=None))
    document["latency"] = _times(status.latency)
    document["stages"] = {name: _times(times) for name, times in status.stages.items()}
    document["log"] = _log(status)
    document["seconds"] = [_second(stamp, second) for stamp, second in seconds]
    document["events"] = [_event(stamp, event) for stamp, event in events]
    document["rights"] = sorted(rights)
    document["signed_in"] = signed_in
    return _json(document)


def _times(buckets: Buckets) -> dict[str, float | None]:
    """Percentiles since the start, by the upper edges of their buckets."""
    pairs = list(zip(buckets.edges_ms, buckets.counts, strict=True))
    count = sum(buckets.counts)
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
    found = {name: upper_percentile(pairs, share) for name, share in shares.items()}
    return {**found, "mean": buckets.sum_ms / count if count else None, "count": count}


def _log(status: Status) -> dict[str, Any] | None:
    if status.log is None:
        return None
    return {
        "head": str(status.log.head),
        "waiting": status.log.waiting,
        "lost": status.log.lost,
        "trouble": status.log.trouble,
    }


def _second(stamp: Stamp, second: Second) -> dict[str, Any]:
    """What the plots need of a second."""
    return {
        "up_s": round(stamp.up_s, 2),
        "processed": second.processed,
        "late": second.dropped + second.missed,
        "people": second.people,
        "p50": upper_percentile(second.latency_ms, 0.5, least=1),
        "worst": second.worst_ms,
    }


def _event(stamp: Stamp, event: Event) -> dict[str, Any]:
    utc = stamp.utc.isoformat(timespec="seconds")
    return {"utc": utc, "level": event.level, "name": event.name, "text": event.text}


def _json(document: Any) -> bytes:
    return json.dumps(_plain(document), separators=(",", ":"), allow_nan=False).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
