"""Does the camera give pictures?"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from belisha.cameras import Camera, Frame
from belisha.cameras.opening import open_source
from belisha.cameras.settings import CameraSettings
from belisha.doctor.finding import Finding
from belisha.errors import BelishaError
from belisha.frames import Image

PATIENCE_S = 10.0
"""For a first picture; cameras need a second or two to wake up."""
_DARK = 8
"""Mean grey level under which a picture may well be a covered lens."""

OpenSource = Callable[[CameraSettings, Path], Camera]


def examine_camera(
    settings: CameraSettings,
    folder: Path,
    *,
    in_use: bool = False,
    open_camera: OpenSource = open_source,
    patience_s: float = PATIENCE_S,
) -> Finding:
    """Open the camera and look at one picture.

    Args:
        settings: of the camera.
        folder: where relative paths begin.
        in_use: whether the service has it, so that it cannot be opened twice.
        open_camera: opens it.
        patience_s: for a picture.
    """
    if in_use and not settings.is_file:
        if settings.source.startswith("/dev/") and not Path(settings.source).exists():
            return _absent(settings)
        return Finding(
            "camera", "ok", f"{settings.words}: the service has it", "journalctl -u belisha -n 20"
        )
    try:
        with closing(open_camera(settings, folder)) as camera:
            image_bgr = _picture(camera, patience_s)
    except BelishaError as error:
        return Finding("camera", "trouble", str(error), _what_next(settings))
    if image_bgr is None:
        return Finding(
            "camera", "trouble", f"{settings.words}: no picture within {patience_s:g} s",
            _what_next(settings),
        )  # fmt: skip
    return _looked_at(settings, image_bgr)


def _picture(camera: Camera, patience_s: float) -> Image | None:
    """The first picture."""
    until_s = time.perf_counter() + patience_s
    while time.perf_counter() < until_s:
        frame = camera.read()
        if frame is None:
            return None
        if isinstance(frame, Frame):
            return frame.image_bgr
    return None


def _looked_at(settings: CameraSettings, image_bgr: Image) -> Finding:
    height, width = image_bgr.shape[:2]
    words = f"{settings.words}: pictures of {width}x{height}"
    if float(image_bgr.mean()) < _DARK:
        return Finding("camera", "note", f"{words}, almost black", "is the lens covered?")
    return Finding("camera", "ok", words)


def _absent(settings: CameraSettings) -> Finding:
    return Finding("camera", "trouble", f"{settings.source}: no such camera", _what_next(settings))


def _what_next(settings: CameraSettings) -> str:
    """Where to look, for each kind of source."""
    if settings.source.startswith("/dev/"):
        return "v4l2-ctl --list-devices shows what there is"
    if settings.source.startswith("csi:"):
        return "is the ribbon seated with its contacts right? sudo systemctl restart nvargus-daemon"
    if settings.source.startswith("rtsp"):
        return "does the camera answer a ping, and are user and password right?"
    return "check the source in the configuration"
