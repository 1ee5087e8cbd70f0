"""In the virtual Jetson: what a camera of the kernel has, and what it has not, one by one.

Usage: python3 camera_kinds.py    while nobody else has the camera; exit code 1 if one is wrong
"""

from __future__ import annotations

import itertools
import sys
import time

from belisha.cameras.settings import CameraSettings
from belisha.cameras.v4l2 import V4l2Camera
from belisha.errors import SourceError

DEVICE = "/dev/video0"
SMALL = CameraSettings(source=DEVICE, width=320, height=180, rate_hz=5)
GOOD = (
    CameraSettings(source=DEVICE),
    CameraSettings(source=DEVICE, width=640, height=360),
    CameraSettings(source=DEVICE, width=320, height=180, fourcc="YUYV"),
    CameraSettings(source=DEVICE, width=320, height=180, fourcc="NV12", rate_hz=10),
    SMALL,
)
BAD = (
    (CameraSettings(source=DEVICE, width=333, height=222), "expected 333x222, the camera offers"),
    (CameraSettings(source=DEVICE, fourcc="MJPG"), "expected pixels as MJPG, the camera offers"),
)
WAIT_S = 7.0


def main() -> int:
    """Try all; the exit code."""
    wrong = [*itertools.chain.from_iterable(map(look_at, GOOD)), *wait()]
    for settings, words in BAD:
        wrong += refusal(settings, words)
    print("\n".join(wrong) or "all as expected")
    return bool(wrong)


def look_at(settings: CameraSettings) -> list[str]:
    """What is wrong with a camera that has what it is asked for."""
    camera = V4l2Camera(settings)
    frames = [camera.read() for _ in range(12)]
    wrong = refusal(SMALL, "does another program use it")  # as this one has it
    camera.close()
    first, last = frames[0], frames[-1]
    shape = (settings.height or last.image_bgr.shape[0], settings.width or last.image_bgr.shape[1])
    rate_hz = (len(frames) - 4) / (last.captured_s - frames[3].captured_s)
    print(f"{settings.fourcc} {shape}, {first.rate_hz:g} Hz promised, {rate_hz:.1f} kept")
    checks = {
        "shape": last.image_bgr.shape == (*shape, 3),
        "numbers": [frame.index for frame in frames] == list(range(12)),
        "times": all(a.captured_s < b.captured_s for a, b in itertools.pairwise(frames)),
        "colours": last.image_bgr.std() > 10,
        "rate": settings.rate_hz in (None, first.rate_hz),
    }
    return [*wrong, *(f"{settings}: {name}" for name, good in checks.items() if not good)]


def wait() -> list[str]:
    """Pictures that waited in the driver must tell their age."""
    camera = V4l2Camera(SMALL)
    camera.read()
    time.sleep(WAIT_S)
    age_s = time.perf_counter() - camera.read().captured_s
    camera.close()
    print(f"a picture that waited for {WAIT_S:g} s is said to be {age_s:.1f} s old")
    return [] if age_s > WAIT_S - 2 else ["a picture that waited is said to be fresh"]


def refusal(settings: CameraSettings, words: str) -> list[str]:
    """What is wrong if a camera that cannot do it does not say so."""
    try:
        V4l2Camera(settings).read()
    except SourceError as error:
        print(error)
        return [] if words in str(error) else [f"expected {words!r}, got {str(error)!r}"]
    return [f"{settings} was accepted"]


if __name__ == "__main__":
    sys.exit(main())
