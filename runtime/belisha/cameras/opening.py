"""From what a configuration says to the camera that it means."""

from __future__ import annotations

from pathlib import Path

from belisha.cameras import Camera
from belisha.cameras.gstreamer import GStreamerCamera
from belisha.cameras.paced import Paced
from belisha.cameras.recordings import Recordings, find_recordings
from belisha.cameras.rtsp import RtspCamera
from belisha.cameras.settings import CameraSettings
from belisha.cameras.v4l2 import V4l2Camera


def open_source(settings: CameraSettings, folder: Path = Path()) -> Camera:
    """Open a camera, once; whether it lives is the business of `belisha.service.newest_frame`.

    Args:
        settings: which.
        folder: where relative paths begin.

    Raises:
        SourceError: it is not there.
        ConfigError: what is asked for makes no sense.
        MissingLibraryError: what it needs is not installed.
    """
    if settings.pipeline or settings.source.startswith("csi:"):
        return GStreamerCamera(settings)
    if settings.source.startswith("/dev/"):
        return V4l2Camera(settings)
    if settings.source.startswith(("rtsp://", "rtsps://")):
        return RtspCamera(settings.source, settings.words)
    source = str(folder / settings.source)
    recordings = find_recordings([source])
    if not settings.paced:
        return Recordings(recordings)
    return Paced(lambda: Recordings(recordings), settings.rate_hz, repeat=settings.repeat)
