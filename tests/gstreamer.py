"""GStreamer for tests: a real RTSP server, and a Python that finds the system's PyGObject."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import belisha

SYSTEM_PYTHON = "/usr/bin/python3"
_GI = Path("/usr/lib/python3/dist-packages/gi")
_SERVER = """
import sys, gi
gi.require_version("Gst", "1.0"); gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer
Gst.init(None)
server = GstRtspServer.RTSPServer(address="127.0.0.1", service=sys.argv[1])
factory = GstRtspServer.RTSPMediaFactory()
factory.set_shared(True)
factory.set_launch(
    "( videotestsrc is-live=true pattern=ball ! "
    "video/x-raw,format=I420,width=320,height=240,framerate=30/1 ! "
    "jpegenc ! rtpjpegpay name=pay0 pt=26 )"
)
server.get_mount_points().add_factory("/cam", factory)
server.attach(None)
print("ready", flush=True)
GLib.MainLoop().run()
"""
SERVER_NEEDS = (
    "apt install python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-base "
    "gstreamer1.0-plugins-good"
)
PIPELINES_NEED = "apt install python3-gi gir1.2-gstreamer-1.0 gstreamer1.0-plugins-base"


@cache
def _works(python: str, code: str, folder: str = "") -> bool:
    if shutil.which(python) is None:
        return False
    environment = {**os.environ, "PYTHONPATH": folder}
    done = subprocess.run([python, "-c", code], capture_output=True, check=False, env=environment)
    return done.returncode == 0


class RtspServer:
    """A camera in the network, on loopback, that can be stalled and killed.

    Skips the test where the server's libraries are not installed.
    """

    def __init__(self) -> None:
        imports = "import gi; gi.require_version('GstRtspServer', '1.0')"
        elements = "gi.require_version('Gst', '1.0'); from gi.repository import Gst; Gst.init(None)"
        found = (
            "assert Gst.ElementFactory.find('rtpjpegpay') and Gst.ElementFactory.find('jpegenc')"
        )
        if not _works(SYSTEM_PYTHON, f"{imports}; {elements}; {found}"):
            pytest.skip(f"no RTSP server to test with: {SERVER_NEEDS}")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.url = f"rtsp://127.0.0.1:{self._port}/cam"
        self._process = self._begin()

    def _begin(self) -> subprocess.Popen[str]:
        command = [SYSTEM_PYTHON, "-c", _SERVER, str(self._port)]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
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


def run_with_gstreamer(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh Python that finds belisha and PyGObject, or skip the test."""
    (folder / "gi").symlink_to(_GI)
    check = "import gi; gi.require_version('Gst', '1.0'); from gi.repository import Gst"
    if not _GI.is_dir() or not _works(sys.executable, check, str(folder)):
        pytest.skip(f"this Python has no GStreamer: {PIPELINES_NEED}")
    root = Path(belisha.__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{folder}"}
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=60,
    )
