"""GStreamer for tests: a real RTSP server, and a Python that finds the system's PyGObject."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import belisha
from benchmarks.service.rtsp_server import RtspServer, why_not

_GI = Path("/usr/lib/python3/dist-packages/gi")
PIPELINES_NEED = "apt install python3-gi gir1.2-gstreamer-1.0 gstreamer1.0-plugins-base"


@cache
def _works(python: str, code: str, folder: str = "") -> bool:
    if shutil.which(python) is None:
        return False
    environment = {**os.environ, "PYTHONPATH": folder}
    done = subprocess.run([python, "-c", code], capture_output=True, check=False, env=environment)
    return done.returncode == 0


def rtsp_server() -> RtspServer:
    """A camera on loopback, 30 frames a second of a moving ball; or the test is skipped."""
    if reason := why_not():
        pytest.skip(reason)
    return RtspServer()


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
