"""CSI cameras of a Jetson, and any GStreamer pipeline. The only importer of PyGObject.

pip's OpenCV has no GStreamer, so frames are taken from an appsink. PyGObject is the system's
(`apt install python3-gi gir1.2-gstreamer-1.0`); a virtual environment sees it if it was made with
`--system-site-packages`.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from belisha.cameras import Frame, NoFrame
from belisha.cameras.settings import CameraSettings, without_passwords
from belisha.errors import ConfigError, MissingLibraryError, SourceError

WAIT_S = 0.1
"""How long `read` waits at most."""
_SINK = (
    "videoconvert ! video/x-raw,format=BGR ! "
    "appsink name=belisha drop=true max-buffers=1 sync=false"
)


def pipeline_of(settings: CameraSettings) -> str:
    """The pipeline as `gst-launch-1.0` takes it; `csi:0` becomes NVIDIA's camera stack."""
    if settings.pipeline:
        return f"{settings.pipeline} ! {_SINK}"
    sensor = settings.source.partition(":")[2]
    if not sensor.isdecimal():
        raise ConfigError(f"camera: expected a source such as csi:0, got {settings.source!r}")
    wanted = ["video/x-raw(memory:NVMM)", "format=NV12"]
    if settings.width is not None:
        wanted += [f"width={settings.width}", f"height={settings.height}"]
    if settings.rate_hz is not None:
        wanted += [f"framerate={round(settings.rate_hz)}/1"]
    return (
        f"nvarguscamerasrc sensor-id={sensor} ! {','.join(wanted)} ! "
        f"nvvidconv flip-method={settings.flip} ! video/x-raw,format=BGRx ! {_SINK}"
    )


class GStreamerCamera:
    """What a pipeline gives; see `belisha.cameras.Camera`.

    Args:
        settings: with `pipeline`, or a `source` such as `csi:0`.

    Raises:
        MissingLibraryError: PyGObject or GStreamer is not there.
        ConfigError: the pipeline is none.
        SourceError: it cannot be started.
    """

    def __init__(self, settings: CameraSettings) -> None:
        self._gst = gst = _gstreamer()
        self._name = settings.words
        text = pipeline_of(settings)
        try:
            self._pipeline = gst.parse_launch(text)
        except Exception as error:  # GLib.Error, which cannot be named before PyGObject is there
            words = without_passwords(f"camera: GStreamer refuses {text!r}: {error}")
            raise ConfigError(words) from None  # the library's own message has the passwords
        self._sink = self._pipeline.get_by_name("belisha")
        self._index = 0
        self._begun_s = time.perf_counter()
        if self._pipeline.set_state(gst.State.PLAYING) == gst.StateChangeReturn.FAILURE:
            reason = self._reason()
            self.close()
            raise SourceError(f"{self._name}: cannot be started: {reason or 'no reason given'}")

    @property
    def expected(self) -> int | None:
        """See `Camera.expected`."""
        return None

    def read(self) -> Frame | NoFrame:
        """The next frame; see `Camera.read`."""
        sample = self._sink.emit("try-pull-sample", int(WAIT_S * self._gst.SECOND))
        if sample is None:
            if reason := self._reason():
                raise SourceError(f"{self._name}: {reason}")
            return NoFrame(time.perf_counter() - self._begun_s)
        self._begun_s = time.perf_counter()
        frame = Frame(_picture(self._gst, sample), self._name, self._index, self._when(sample), 0.0)
        self._index += 1
        return frame

    def close(self) -> None:
        """See `Camera.close`."""
        self._pipeline.set_state(self._gst.State.NULL)

    def _when(self, sample: Any) -> float:
        """When it was captured: its time against the pipeline's clock, which may be of any kind."""
        now = time.perf_counter()
        stamp, clock = sample.get_buffer().pts, self._pipeline.get_pipeline_clock()
        if stamp == self._gst.CLOCK_TIME_NONE:
            return now
        age_s = (clock.get_time() - self._pipeline.get_base_time() - stamp) / 1e9
        return now - max(float(age_s), 0.0)

    def _reason(self) -> str:
        """Why no more comes; empty while all is well."""
        kinds = self._gst.MessageType
        message = self._pipeline.get_bus().pop_filtered(kinds.ERROR | kinds.EOS)
        if message is None:
            return ""
        if message.type == kinds.EOS:
            return "ended"
        return without_passwords(str(message.parse_error()[0].message))


def _picture(gst: Any, sample: Any) -> Any:
    """(H, W, 3) uint8 BGR of a sample, copied."""
    structure = sample.get_caps().get_structure(0)
    width, height = structure.get_value("width"), structure.get_value("height")
    good, mapped = sample.get_buffer().map(gst.MapFlags.READ)
    if not good:
        raise SourceError("a buffer of the pipeline cannot be read")
    try:
        stride = -(-width * 3 // 4) * 4  # rows begin at multiples of four bytes
        rows = np.frombuffer(mapped.data, np.uint8)[: stride * height].reshape(height, stride)
        return rows[:, : width * 3].reshape(height, width, 3).copy()
    finally:
        sample.get_buffer().unmap(mapped)


def _gstreamer() -> Any:
    """GStreamer's module, ready."""
    try:
        import gi

        gi.require_version("Gst", "1.0")
        from gi.repository import Gst
    except (ImportError, ValueError) as error:
        raise MissingLibraryError(
            f"this camera needs GStreamer for Python ({error}): apt install python3-gi "
            "gir1.2-gstreamer-1.0 gstreamer1.0-plugins-base, and make the virtual environment "
            "with --system-site-packages"
        ) from error
    if not Gst.is_initialized():
        Gst.init(None)
    return Gst
