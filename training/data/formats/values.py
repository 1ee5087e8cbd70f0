"""Numbers and flags out of the words of a source."""

from __future__ import annotations

import math
from typing import Any

from belisha.errors import DatasetError
from training.data.records import Box

_TRUE = frozenset({"1", "true", "yes", "1.0"})


def number(value: Any, name: str, place: str) -> float:
    """A finite number.

    Raises:
        DatasetError: it is none; the message names the place.
    """
    try:
        result = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise DatasetError(f"{place}: expected a number for {name}, got {value!r:.60}") from error
    if not math.isfinite(result) or isinstance(value, bool):
        raise DatasetError(f"{place}: expected a finite number for {name}, got {value!r:.60}")
    return result


def side(value: Any, name: str, place: str) -> int:
    """A width or height of an image in pixels.

    Raises:
        DatasetError: it is not a whole number from 1 to 65535.
    """
    result = number(value, name, place)
    if result != int(result) or not 1 <= result <= 65535:
        raise DatasetError(f"{place}: expected {name} from 1 to 65535 pixels, got {value!r:.60}")
    return int(result)


def xywh_box(value: Any, name: str, place: str) -> Box:
    """[x, y, width, height] -> corners.

    Raises:
        DatasetError: it is not a list of four finite numbers.
    """
    if not isinstance(value, list) or len(value) != 4:
        raise DatasetError(f"{place}: expected {name} [x, y, width, height], got {value!r:.60}")
    left, top, width, height = (number(item, name, place) for item in value)
    return left, top, left + width, top + height


def flag(value: Any) -> bool:
    """Whether a source says yes, in one of the usual words."""
    return str(value).strip().lower() in _TRUE


def text(value: Any, name: str, place: str) -> str:
    """A text that is not empty.

    Raises:
        DatasetError: it is something else.
    """
    if not isinstance(value, str) or not value.strip():
        raise DatasetError(f"{place}: expected a text for {name}, got {value!r:.60}")
    return value
