"""A WebM of a chosen size: OpenCV cannot be told how many bits to spend, libvpx's encoder can."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

import cv2

from belisha.errors import MissingLibraryError, SourceError
from belisha.frames import Image

_ENCODER = "vpxenc"


def find_encoder() -> str:
    """The path of the encoder.

    Raises:
        MissingLibraryError: it is absent; says what installs it.
    """
    program = shutil.which(_ENCODER)
    if program is None:
        raise MissingLibraryError(
            f"{_ENCODER} is not installed: on Debian or Ubuntu, apt-get install -y vpx-tools"
        )
    return program


def encode_webm(frames: Iterable[Image], rate_hz: int, kbit_per_s: int) -> bytes:
    """VP8 in WebM, in two passes on one thread, so that equal frames give equal bytes.

    Args:
        frames: (H, W, 3) uint8 BGR, all of one size with even sides.
        rate_hz: frames per second.
        kbit_per_s: what the encoder aims at.

    Raises:
        MissingLibraryError: the encoder is absent.
        SourceError: the encoder failed; the message is its own.
    """
    program = find_encoder()
    with tempfile.TemporaryDirectory() as folder:
        raw, target = Path(folder, "frames.y4m"), Path(folder, "clip.webm")
        _write_raw(raw, frames, rate_hz)
        options = ["--codec=vp8", "--passes=2", "--best", "--threads=1", "--quiet",
                   f"--target-bitrate={kbit_per_s}", f"--fps={rate_hz}/1"]  # fmt: skip
        # Arguments are numbers and paths made here; no shell sees them.
        done = subprocess.run(  # noqa: S603
            [program, *options, f"--output={target}", str(raw)], capture_output=True, check=False
        )
        if done.returncode:
            message = done.stderr.decode(errors="replace").strip()
            raise SourceError(f"{_ENCODER} could not encode the clip: {message[-400:]}")
        return target.read_bytes()


def _write_raw(path: Path, frames: Iterable[Image], rate_hz: int) -> None:
    """The frames as YUV4MPEG2."""
    with path.open("wb") as file:
        for index, frame in enumerate(frames):
            if index == 0:
                height, width = frame.shape[:2]
                head = f"YUV4MPEG2 W{width} H{height} F{rate_hz}:1 Ip A1:1 C420jpeg\n"
                file.write(head.encode())
            file.write(b"FRAME\n")
            file.write(cv2.cvtColor(frame, cv2.COLOR_BGR2YUV_I420).tobytes())
