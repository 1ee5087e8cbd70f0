"""What people say of the detector: 'missed somebody', 'false alarm', with the frame they saw.

Each answer is a PNG of the whole frame as the network was given it, and a JSON document beside it.
As people need a moment to react, the frame of a second before is kept as well.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

import cv2

from belisha.boxes import xyxy_to_xywh
from belisha.bundle import write_whole
from belisha.errors import SourceError
from belisha.service.page.live import Published

Kind = Literal["missed", "false"]
FORMAT = 1
LIMIT_BYTES = 500_000_000
MAX_NOTE = 300
BEFORE_S = 1.0


@dataclass(frozen=True)
class Answer:
    """What somebody said.

    Attributes:
        kind: somebody was `missed`, or a box was `false`.
        who: who said it, as access knows them.
        bundle: digest of the model that was judged.
        point: x, y in pixels of the frame, where it is; `None` if they did not say.
    """

    kind: Kind
    who: str
    bundle: str
    point: tuple[float, float] | None = None


class Feedback:
    """Keeps frames in a folder, up to a size; nothing is ever deleted here.

    Args:
        folder: made when the first frame is kept.
        limit_bytes: of the whole folder.
    """

    def __init__(self, folder: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self._folder, self._limit = folder, limit_bytes
        self._lock = threading.Lock()
        self._last: tuple[str, Answer, Published, datetime] | None = None

    def keep(self, answer: Answer, pressed: Published, before: Published | None) -> str:
        """Keep the frame that was on the screen, and the one a second before it.

        Returns:
            The name under which it is kept.

        Raises:
            SourceError: the folder is full or cannot be written.
        """
        utc = datetime.now(timezone.utc)
        name = f"{utc:%Y%m%dT%H%M%S}.{utc.microsecond // 1000:03d}Z-{answer.kind}-{pressed.number}"
        with self._lock:
            self._refuse_if_full()
            self._write(name, answer, pressed, utc)
            if before is not None:
                self._write(f"{name}-before", answer, before, utc)
            self._last = (name, answer, pressed, utc)
        return name

    def mark(self, name: str, point: tuple[float, float]) -> bool:
        """Add the place that was meant to the last answer.

        Returns:
            Whether `name` is the last answer.
        """
        with self._lock:
            if self._last is None or self._last[0] != name:
                return False
            _, answer, pressed, utc = self._last
            self._write_document(name, replace(answer, point=point), pressed, utc)
        return True

    def _write(self, name: str, answer: Answer, one: Published, utc: datetime) -> None:
        good, data = cv2.imencode(".png", one.shown.image_bgr, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        if not good:
            raise SourceError(f"{name}: the frame cannot be encoded as PNG")
        try:
            write_whole(self._folder / f"{name}.png", data.tobytes())
        except OSError as error:
            raise SourceError(f"{self._folder}: cannot be written: {error.strerror}") from error
        self._write_document(name, answer, one, utc)

    def _write_document(self, name: str, answer: Answer, one: Published, utc: datetime) -> None:
        text = json.dumps(_document(answer, one, utc), indent=1)
        try:
            write_whole(self._folder / f"{name}.json", text.encode())
        except OSError as error:
            raise SourceError(f"{self._folder}: cannot be written: {error.strerror}") from error

    def _refuse_if_full(self) -> None:
        try:
            used = sum(one.stat().st_size for one in self._folder.glob("*") if one.is_file())
        except OSError as error:  # somebody fetches and deletes frames this very moment
            raise SourceError(f"{self._folder}: cannot be read: {error.strerror}") from error
        if used >= self._limit:
            raise SourceError(
                f"{self._folder} holds {used / 1e6:.0f} MB, as much as it may: fetch the "
                "frames and delete them there"
            )


def _document(answer: Answer, one: Published, utc: datetime) -> dict[str, Any]:
    shown = one.shown
    height, width = shown.image_bgr.shape[:2]
    labels = shown.labels or ("",) * len(shown.boxes)
    rows = zip(
        xyxy_to_xywh(shown.boxes.xyxy).tolist(), shown.boxes.scores.tolist(), labels, strict=True
    )
    return {
        "format": FORMAT,
        "kind": answer.kind,
        "utc": utc.isoformat(timespec="milliseconds"),
        "who": answer.who,
        "source": shown.source,
        "frame": shown.frame,
        "width": width,
        "height": height,
        "bundle": answer.bundle,
        "point": None if answer.point is None else [round(one, 1) for one in answer.point],
        "detections": [
            {"bbox": [round(side, 2) for side in bbox], "score": round(score, 4), "label": label}
            for bbox, score, label in rows
        ],
    }
