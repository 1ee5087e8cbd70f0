"""A live camera: the newest frame wins, trouble is seen in time, and overcome."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from belisha.cameras import Camera, Frame, NoFrame
from belisha.cameras.settings import CameraSettings
from belisha.errors import FrameError, SourceError
from belisha.service.newest_frame import LiveCamera
from tests.doubles import Told, wait_until

RANDOM = np.random.default_rng(7)
SETTINGS = CameraSettings(source="/dev/test", stale_after_s=0.2, frozen_after_s=0.2)


def noise() -> np.ndarray:
    """What a sensor gives: never the same twice."""
    return RANDOM.integers(20, 250, (48, 64, 3), dtype=np.uint8)


class Driver:
    """A camera of the test's making: `give` says what each read gives, at `rate_hz`."""

    def __init__(self, give: Callable[[int], np.ndarray | BaseException | None]) -> None:
        self._give, self._index = give, 0
        self.opened = 0
        self.rate_hz = 100.0

    def open(self) -> Camera:
        self.opened += 1
        return self

    @property
    def expected(self) -> int | None:
        return None

    def read(self) -> Frame | NoFrame | None:
        time.sleep(1 / self.rate_hz)
        step = self._give(self._index)
        self._index += 1
        if isinstance(step, BaseException):
            raise step
        return None if step is None else Frame(step, "test", 0, time.perf_counter(), 0.0)

    def close(self) -> None:
        pass


@contextmanager
def living(driver: Driver, told: Told, settings: CameraSettings = SETTINGS) -> Iterator[LiveCamera]:
    camera = LiveCamera(settings, driver.open, told)
    try:
        yield camera
    finally:
        camera.close()
        assert not camera.hangs


def read_for(camera: LiveCamera, seconds: float) -> list[Frame]:
    """Every frame that a fast reader gets."""
    end, frames = time.monotonic() + seconds, []
    while time.monotonic() < end:
        frame = camera.read()
        if isinstance(frame, Frame):
            frames.append(frame)
    return frames


def test_a_slow_reader_gets_the_newest_frame_and_the_rest_is_counted() -> None:
    with living(Driver(lambda _: noise()), Told()) as camera:
        taken = 0
        for _ in range(5):
            time.sleep(0.1)
            frame = camera.read()
            assert isinstance(frame, Frame)
            assert time.perf_counter() - frame.captured_s < 0.08
            taken += 1
        state = camera.state
    assert state.dropped >= 5
    assert state.captured - state.dropped - taken in (0, 1)  # one may be waiting


def test_the_end_of_the_source_comes_after_its_last_frame() -> None:
    script = [noise(), None]
    with living(Driver(lambda index: script[index]), Told()) as camera:
        assert isinstance(camera.read(), Frame)
        assert camera.read() is None


def test_a_camera_that_falls_silent_is_in_trouble_and_then_well_again() -> None:
    told = Told()
    silent = [False]

    def give(index: int) -> np.ndarray:
        while silent[0]:
            time.sleep(0.01)
        return noise()

    with living(Driver(give), told) as camera:
        assert read_for(camera, 0.2)
        silent[0] = True
        read_for(camera, 0.4)
        assert camera.state.trouble == "no frame comes"
        silent[0] = False
        assert read_for(camera, 0.2)
        assert camera.state.trouble == ""
    assert [level for _, level, _ in told.sentences] == ["alarm", "info"]


def test_a_lost_camera_is_opened_again_and_said_once() -> None:
    told = Told()
    unplugged = [False]

    def give(index: int) -> np.ndarray | BaseException:
        return SourceError("/dev/test: unplugged") if unplugged[0] else noise()

    driver = Driver(give)
    with living(driver, told) as camera:
        assert read_for(camera, 0.1)
        unplugged[0] = True
        begun = time.monotonic()
        assert wait_until(lambda: camera.state.trouble == "/dev/test: unplugged")
        assert time.monotonic() - begun < 0.5
        assert wait_until(lambda: driver.opened >= 3)
        unplugged[0] = False
        assert wait_until(lambda: isinstance(camera.read(), Frame))
        assert camera.state.trouble == ""
    assert sum("unplugged" in text and "well" not in text for _, _, text in told.sentences) == 1


def test_whatever_a_driver_does_it_is_said_and_the_camera_opened_again() -> None:
    told, faults = Told(), [IndexError("list index out of range"), MemoryError()]

    def give(index: int) -> np.ndarray | BaseException:
        return faults.pop() if index % 5 == 4 and faults else noise()

    driver = Driver(give)
    with living(driver, told) as camera:
        assert wait_until(lambda: camera.read() is not None and driver.opened >= 3)
        assert wait_until(lambda: isinstance(camera.read(), Frame))
    assert told.has("camera", "IndexError: list index out of range")
    assert told.has("camera", "is well again")


def test_a_frozen_picture_is_withheld() -> None:
    told, still = Told(), noise()
    with living(Driver(lambda index: noise() if index < 5 else still), told) as camera:
        read_for(camera, 0.6)
        assert camera.state.trouble == "the picture is frozen"
        assert not read_for(camera, 0.1)
        assert camera.state.failed > 0


def test_a_still_scene_in_a_file_is_not_frozen() -> None:
    still = noise()
    settings = CameraSettings(source="drive.mp4", frozen_after_s=0.1)
    with living(Driver(lambda index: still), Told(), settings) as camera:
        read_for(camera, 0.3)
        assert (camera.state.trouble, camera.state.failed) == ("", 0)


def test_black_and_cut_off_pictures_are_withheld_and_said() -> None:
    def cut_off(index: int) -> np.ndarray:
        picture = noise()
        picture[24:] = 128
        return picture

    for give, words in (
        (lambda index: np.full((48, 64, 3), index % 8, np.uint8), "black"),
        (cut_off, "cut off"),
    ):
        told = Told()
        with living(Driver(give), told) as camera:
            assert not read_for(camera, 0.4)
            assert camera.state.trouble == f"the picture is {words}"


def test_a_single_bad_frame_is_counted_and_no_trouble() -> None:
    told = Told()

    def give(index: int) -> np.ndarray | BaseException:
        return FrameError("half of it") if index == 3 else noise()

    with living(Driver(give), told) as camera:
        assert read_for(camera, 0.3)
        assert camera.state.failed == 1
        assert camera.state.trouble == ""
    assert told.sentences == []


def test_a_camera_that_gives_only_bad_frames_is_opened_again() -> None:
    driver = Driver(lambda _: np.zeros((48, 64, 3), np.uint8))
    settings = CameraSettings(source="/dev/test", stale_after_s=0.1, reopen_after_s=0.2)
    with living(driver, Told(), settings) as camera:
        assert wait_until(lambda: driver.opened >= 2 and camera.read() is not None, 3)
