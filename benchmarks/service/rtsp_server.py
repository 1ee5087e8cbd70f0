"""A real RTSP server on loopback, from the system's GStreamer: a camera that can be tormented."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import cv2

from belisha.errors import MissingLibraryError, SourceError
from belisha.frames import Image

PYTHON = "/usr/bin/python3"
"""The system's, which finds PyGObject."""
NEEDS = (
    "apt install python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base "
    "gstreamer1.0-plugins-good"
)
BALL = (
    "videotestsrc is-live=true pattern=ball ! "
    "video/x-raw,format=I420,width=320,height=240,framerate=30/1 ! jpegenc"
)
_CHECK = """
import gi
gi.require_version("Gst", "1.0"); gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
for name in ("rtpjpegpay", "jpegenc", "multifilesrc"):
    assert Gst.ElementFactory.find(name), name
"""
_SERVE = """
import sys, gi
gi.require_version("Gst", "1.0"); gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer
Gst.init(None)
server = GstRtspServer.RTSPServer(address="127.0.0.1", service=sys.argv[1])
factory = GstRtspServer.RTSPMediaFactory()
factory.set_shared(True)
factory.set_launch("( " + sys.argv[2] + " ! rtpjpegpay name=pay0 pt=26 )")
server.get_mount_points().add_factory("/cam", factory)
server.attach(None)
print("ready", flush=True)
GLib.MainLoop().run()
"""


@cache
def why_not() -> str:
    """Why there can be no server on this machine; empty if there can."""
    if shutil.which(PYTHON) is None:
        return f"no {PYTHON}"
    done = subprocess.run([PYTHON, "-c", _CHECK], capture_output=True, check=False)  # noqa: S603
    return "" if done.returncode == 0 else f"no GStreamer that serves RTSP: {NEEDS}"


class RtspServer:
    """A camera in the network, on loopback, that can be stalled and killed.

    Args:
        source: a pipeline up to JPEG pictures; a moving ball if absent.

    Raises:
        MissingLibraryError: what it needs is not installed.
    """

    def __init__(self, source: str = BALL) -> None:
        if reason := why_not():
            raise MissingLibraryError(reason)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.url = f"rtsp://127.0.0.1:{self._port}/cam"
        self._source = source
        self._process = self._begin()

    def _begin(self) -> subprocess.Popen[str]:
        command = [PYTHON, "-c", _SERVE, str(self._port), self._source]
        process = subprocess.Popen(  # noqa: S603 - our own words, no shell
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        if process.stdout is None or process.stdout.readline() != "ready\n":
            raise SourceError("the RTSP server did not start")
        return process

    def stall(self) -> None:
        """It stays connected and sends nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """It sends again, what it held back included."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """It is gone without a word."""
        self._process.kill()
        self._process.communicate()

    def restart(self) -> None:
        """It is back at the same address."""
        self._process = self._begin()


def pictures_source(pictures: Sequence[Image], folder: Path, rate_hz: int = 30) -> str:
    """A pipeline that shows pictures again and again; they are written into a folder."""
    for index, picture in enumerate(pictures):
        cv2.imwrite(str(folder / f"{index:05}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return (
        f"multifilesrc location={folder}/%05d.jpg loop=true "
        f"caps=image/jpeg,framerate={rate_hz}/1 ! jpegdec ! videoconvert ! "
        f"videorate ! video/x-raw,format=I420,framerate={rate_hz}/1 ! identity sync=true ! jpegenc"
    )
