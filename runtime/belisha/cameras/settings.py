"""What a configuration says about a camera."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LIVE = ("/dev/", "csi:", "rtsp://", "rtsps://")


@dataclass(frozen=True, kw_only=True)
class CameraSettings:
    """A camera, and when it counts as broken.

    Attributes:
        source: `/dev/video0`; `csi:0`; `rtsp://...`; or pictures, videos, folders and patterns.
        pipeline: a GStreamer pipeline, up to raw pictures, instead of `source`.
        width, height: to ask a V4L2 or CSI camera for; its own if absent.
        rate_hz: likewise; of files, frames per second if not the recording's own.
        fourcc: pixel format to ask a V4L2 camera for, such as `MJPG` or `YUYV`.
        flip: quarter turns that a CSI camera's picture needs (`flip-method` of nvvidconv).
        paced: whether files are played like a camera, newest frame first; otherwise as fast as
            the detector can, every frame.
        repeat: whether files begin again at their end.
        stale_after_s: without a good frame for so long, the camera is in trouble.
        frozen_after_s: pictures that are the same to the last bit for so long are frozen; `null`
            for sources that may well repeat themselves, as encoded video of a still scene does.
            Files are not judged by it.
        checked: whether frames that are black or cut off count as bad.
        reopen_after_s: a camera that gives only bad frames for so long is opened again.
    """

    source: str = ""
    pipeline: str = ""
    width: int | None = None
    height: int | None = None
    rate_hz: float | None = None
    fourcc: str | None = None
    flip: int = 0
    paced: bool = True
    repeat: bool = False
    stale_after_s: float = 0.7
    frozen_after_s: float | None = 0.7
    checked: bool = True
    reopen_after_s: float = 5.0

    def __post_init__(self) -> None:
        if bool(self.source) == bool(self.pipeline):
            raise ValueError("camera: expected either 'source' or 'pipeline'")
        for name in ("width", "height", "rate_hz", "stale_after_s", "frozen_after_s"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ValueError(f"camera: expected {name} above 0, got {value:g}")
        if (self.width is None) != (self.height is None):
            raise ValueError("camera: expected both width and height, or neither")
        if self.fourcc is not None and len(self.fourcc) != 4:
            raise ValueError(f"camera: expected a fourcc such as MJPG, got {self.fourcc!r}")

    @property
    def is_file(self) -> bool:
        """Whether it is read from files."""
        return not self.pipeline and not self.source.startswith(_LIVE)

    @property
    def is_live(self) -> bool:
        """Whether it waits for nobody, so that the newest frame wins."""
        return self.paced or not self.is_file

    @property
    def frozen_limit_s(self) -> float | None:
        """After how long the same picture is a frozen one; never in a file."""
        return None if self.is_file else self.frozen_after_s

    @property
    def words(self) -> str:
        """For people; without the password that a URL may hold."""
        if self.pipeline:
            return "GStreamer pipeline"
        scheme, mark, rest = self.source.partition("://")
        if not mark or "@" not in rest:
            return self.source
        return f"{scheme}://***@{rest.rpartition('@')[2]}"


def without_passwords(text: str) -> str:
    """A pipeline, or what is said of one, without the passwords that stand in it."""
    text = re.sub(r"://[^/\s\"']*@", "://***@", text)
    return re.sub(r"(?i)(pw|password|passphrase)\s*=\s*(\"[^\"]*\"|\S+)", r"\1=***", text)
