"""In the virtual Jetson: what a camera of the kernel has, and what it has not, asked for one by one."""

from __future__ import annotations

import time

from belisha.cameras.settings import CameraSettings
from belisha.cameras.v4l2 import V4l2Camera
from belisha.errors import SourceError

DEVICE = "/dev/video0"
GOOD = (
    {},
    {"width": 640, "height": 360},
    {"width": 320, "height": 180, "fourcc": "YUYV"},
    {"width": 320, "height": 180, "fourcc": "NV12", "rate_hz": 10},
    {"width": 320, "height": 180, "rate_hz": 5},
)
BAD = (
    ({"width": 333, "height": 222}, "expected 333x222, the camera offers"),
    ({"width": 320, "height": 180, "fourcc": "MJPG"}, "expected pixels as MJPG"),
)


def main() -> None:
    """Raise if something is not as it should be."""
    for wishes in GOOD:
        camera = V4l2Camera(CameraSettings(source=DEVICE, **wishes))
        frames = [camera.read() for _ in range(12)]
        age_s = time.perf_counter() - frames[-1].captured_s
        rate_hz = 8 / (frames[-1].captured_s - frames[3].captured_s)
        print(wishes, frames[-1].image_bgr.shape, f"{age_s:.3f} s old, {rate_hz:.1f} Hz", frames[0].rate_hz)
        shape = (wishes.get("height", frames[0].image_bgr.shape[0]), wishes.get("width", frames[0].image_bgr.shape[1]))
        assert frames[-1].image_bgr.shape == (*shape, 3)
        assert [one.index for one in frames] == list(range(12))
        assert all(a.captured_s < b.captured_s for a, b in zip(frames, frames[1:], strict=False))
        assert frames[-1].image_bgr.std() > 10, "a test pattern has colours"
        if "rate_hz" in wishes:
            assert frames[0].rate_hz == wishes["rate_hz"]
        try:
            V4l2Camera(CameraSettings(source=DEVICE)).read()
            raise AssertionError("two at once")
        except SourceError as error:
            print("  busy:", error)
            assert "use" in str(error)
        camera.close()
    camera = V4l2Camera(CameraSettings(source=DEVICE, width=320, height=180, rate_hz=5))
    camera.read()
    time.sleep(7)
    age_s = time.perf_counter() - camera.read().captured_s
    camera.close()
    print(f"a picture that waited for 7 s is said to be {age_s:.1f} s old")
    assert age_s > 5
    for wishes, words in BAD:
        try:
            V4l2Camera(CameraSettings(source=DEVICE, **wishes)).read()
        except SourceError as error:
            print(wishes, error)
            assert words in str(error)
        else:
            raise AssertionError(f"{wishes} were accepted")


if __name__ == "__main__":
    main()
