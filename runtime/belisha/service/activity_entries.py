"""What the activity log holds: a summary of each second, events, and checkpoints, in one chain.

An entry is one line of JSON, its body. Its digest is the sha256 of the digest before it, its number
and its body, so that a line that is changed, dropped or inserted breaks the chain.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Literal

from belisha.documents import convert, load_json
from belisha.errors import ConfigError, LogError, UsageError

Level = Literal["info", "warning", "alarm"]
BEGIN = bytes(32)
"""The digest before the first entry."""
MAX_BODY_BYTES = 64 * 1024
MAX_TEXT = 2000
"""Characters of a text; the rest is cut off."""
LONGEST = 1e9
"""Stands for infinity, which JSON does not have."""
_NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class Second:
    """What happened in about one second.

    Attributes:
        captured: frames that the camera gave.
        processed: frames that led to a decision.
        dropped: frames that a newer one replaced before they were looked at.
        missed: decisions that came after their deadline.
        failed: frames that were bad.
        people: boxes reported, over all frames.
        with_people: frames with at least one box.
        latency_ms: (upper edge of a bucket in ms, decisions in it), camera to decision; the edges
            rise. Buckets without a decision may be left out.
        worst_ms: the longest of them.
        stages_ms: stage -> milliseconds spent in it over all frames.
        bundle, engine, rule: in force at the end of the second; the bundle with its digest.
        hottest_c, clock_mhz, power_w, memory_mb: as `HealthState` has them; NaN where unknown.
    """

    captured: int = 0
    processed: int = 0
    dropped: int = 0
    missed: int = 0
    failed: int = 0
    people: int = 0
    with_people: int = 0
    latency_ms: tuple[tuple[float, int], ...] = ()
    worst_ms: float = _NAN
    stages_ms: dict[str, float] = field(default_factory=dict)
    bundle: str = ""
    engine: str = ""
    rule: str = ""
    hottest_c: float = _NAN
    clock_mhz: float = _NAN
    power_w: float = _NAN
    memory_mb: float = _NAN


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened.

    Attributes:
        name: a word for the kind: `start`, `stop`, `camera`, `bundle`, `engine`, `fallback`,
            `rule`, `degrade`, `health`, `clock`, `access`, `switch`, `feedback`, `log`, ...
        text: a sentence for people.
        level: an `alarm` wants somebody to do something.
        details: more, for programs.
    """

    name: str
    text: str
    level: Level = "info"
    details: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Stands for the oldest entries, which were deleted to keep the log within its size.

    Attributes:
        first, last: numbers of the entries that went with this deletion.
        digest: of the entry `last`; the chain of what is left begins with it.
        since, until: when the first and the last of them were written, UTC.
    """

    first: int
    last: int
    digest: str
    since: str
    until: str


Content = Second | Event | Checkpoint
_KINDS: Mapping[str, type[Any]] = {"second": Second, "event": Event, "checkpoint": Checkpoint}
_NAMES = {schema: name for name, schema in _KINDS.items()}


@dataclass(frozen=True)
class Stamp:
    """When an entry was written.

    Attributes:
        utc: by the wall clock, for people.
        up_s: by a clock that nobody sets, in seconds since some moment before the start.
    """

    utc: datetime
    up_s: float


@dataclass(frozen=True)
class Row:
    """An entry as it is stored: its number from 1, its body, its digest."""

    seq: int
    body: str
    digest: bytes


@dataclass(frozen=True)
class Head:
    """The end of the chain: whoever knows it can tell whether the log before it was changed."""

    seq: int = 0
    digest: bytes = BEGIN

    def __str__(self) -> str:
        return f"{self.seq}:{self.digest.hex()}"

    @staticmethod
    def parse(text: str) -> Head:
        """Read what `str(head)` wrote.

        Raises:
            UsageError: it is not a head.
        """
        if not re.fullmatch(r"\d{1,18}:[0-9a-f]{64}", text.strip()):
            raise UsageError(f"expected a head such as 4711:9f86d0..., got {text[:80]!r}")
        number, digest = text.strip().split(":")
        return Head(int(number), bytes.fromhex(digest))


def chained(previous: bytes, seq: int, body: str) -> bytes:
    """The digest of an entry that follows `previous`."""
    return hashlib.sha256(previous + seq.to_bytes(8, "big") + body.encode()).digest()


def write_body(content: Content, stamp: Stamp) -> str:
    """The body of an entry; what has its default value is left out."""
    fields = {
        one.name: _writable(value)
        for one in dataclasses.fields(content)
        if not _is_default(one, value := getattr(content, one.name))
    }
    utc = stamp.utc.astimezone(timezone.utc).isoformat(timespec="milliseconds")
    head = {"kind": _NAMES[type(content)], "utc": utc, "up_s": round(stamp.up_s, 3)}
    return canonical({**head, **fields})


def canonical(body: Mapping[str, Any]) -> str:
    """The one text of a body, in which its digest is computed."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)


def read_body(row: Row, name: str) -> tuple[Content, Stamp]:
    """What a row says; `name` stands for the log in error messages.

    Raises:
        LogError: the body is no entry of this version.
    """
    place = f"{name}: entry {row.seq}"
    try:
        fields = load_json(row.body.encode(), place)
        schema = _KINDS[fields.pop("kind")]
        stamp = Stamp(datetime.fromisoformat(fields.pop("utc")), float(fields.pop("up_s")))
        content: Content = convert(fields, schema, place)
    except (ConfigError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise LogError(
            f"{place}: expected a second, an event or a checkpoint, got {row.body[:80]!r} ({error})"
        ) from error
    return content, stamp


def _writable(value: Any) -> Any:
    """Six digits of each float, as more are noise and cost room; texts that any reader takes."""
    if isinstance(value, float):
        return float(f"{min(value, LONGEST):.6g}")
    if isinstance(value, str):
        return value[:MAX_TEXT].encode(errors="replace").decode()
    if isinstance(value, tuple):
        return [_writable(one) for one in value]
    if isinstance(value, dict):
        return {key: _writable(one) for key, one in value.items()}
    return value


def _is_default(one: dataclasses.Field[Any], value: Any) -> bool:
    if isinstance(value, float) and math.isnan(value):
        return True
    if one.default_factory is not dataclasses.MISSING:
        return bool(value == one.default_factory())
    return bool(value == one.default)
