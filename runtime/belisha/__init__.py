"""Belisha: people in a car's small camera.

    import belisha

    with belisha.Detector.open("street.bundle") as detector:
        boxes = detector(image_bgr)

Names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from belisha.boxes import Boxes
    from belisha.bundle import Bundle
    from belisha.detector import Detector
    from belisha.errors import BelishaError

__version__ = "0.1.0"
__all__ = ["BelishaError", "Boxes", "Bundle", "Detector", "__version__"]

_HOMES = {
    "BelishaError": "belisha.errors",
    "Boxes": "belisha.boxes",
    "Bundle": "belisha.bundle",
    "Detector": "belisha.detector",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'belisha' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
