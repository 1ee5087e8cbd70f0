"""From what a configuration says to the camera that it means."""

from __future__ import annotations

from pathlib import Path

from belisha.cameras import Camera
from belisha.cameras.paced import Paced
from belisha.cameras.recordings import Recordings, find_recordings
from belisha.cameras.settings import CameraSettings


def open_source(settings: CameraSettings, folder: Path = Path()) -> Camera:
    """Open a camera, once; whether it lives is the business of `belisha.service.newest_frame`.

    Args:
        settings: which.
        folder: where relative paths begin.

    Raises:
        SourceError: it is not there.
        MissingLibraryError: what it needs is not installed.
    """
    source = str(folder / settings.source)
    recordings = find_recordings([source])
    if not settings.paced:
        return Recordings(recordings)
    return Paced(lambda: Recordings(recordings), settings.rate_hz, repeat=settings.repeat)
