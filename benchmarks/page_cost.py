"""What the service's page takes from the loop: nobody looks, somebody looks, in turns.

The viewer is another process, as a browser would be, and reads the live stream. Frames come at the
camera's pace: a loop that runs without a pause would fight for the processors with whatever else
there is, which no camera makes it do.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median

from belisha.bench.comparison import Ratio, ratio_of
from belisha.bench.sampling import paced, warm_up
from belisha.bench.turn import TOTAL, detect_on_clock
from belisha.cameras import Frame
from belisha.detector import Detector
from belisha.errors import EngineError, UsageError
from belisha.frames import Image
from belisha.service.following import Following
from belisha.service.mounting import Mounting
from belisha.service.page.live import LOOKING_S
from belisha.service.page.page import Page
from belisha.service.page.settings import PageSettings
from belisha.service.page_sink import PageSink
from belisha.service.results import Choice, Result
from belisha.service.status import Status
from belisha.timing import StageClock

ROUNDS = 5
PUBLISH = "publish"
_TOLD = "result"
_MOUNTING = Mounting(height_m=1.3, fov_deg=60, horizon=0.47)
LIMIT = 0.03
"""Of the loop's time, that the page may take while somebody looks."""
VIEWER = """
import sys, urllib.request
stream = urllib.request.urlopen(sys.argv[1] + "live", timeout=60)
while stream.read(65536): pass
"""
"""A program that looks at the page whose address it is given, until it is ended."""


@dataclass(frozen=True, kw_only=True)
class PageCost:
    """What was measured.

    Attributes:
        frames: of each kind.
        closed_us: median time of the page's sink while nobody looks; every frame costs the same.
        open_us: mean time of it while somebody looks; few frames are wanted, these cost all of it.
        loop_ms: mean time of the loop from frame to boxes, while nobody looks.
        share: of the loop's time that the sink takes while somebody looks.
        ratios: whole turns with a viewer over those without, the sink included.
    """

    frames: tuple[int, int]
    closed_us: float
    open_us: float
    loop_ms: float
    share: float
    ratios: tuple[Ratio, ...]


class PublishingTurn:
    """A turn that ends by offering the frame to a page as the service does, with distances.

    Nobody is followed: of a shorter loop the page takes a larger share.
    """

    def __init__(self, detector: Detector, page: Page) -> None:
        self._choice, self._sink, self._number = Choice(detector), PageSink(page), 0
        self._following = Following(mounting=_MOUNTING)

    def __call__(self, image_bgr: Image, clock: StageClock) -> None:
        """See `belisha.bench.turn.Turn`."""
        clock.start()
        frame = Frame(image_bgr, "benchmark", self._number, time.perf_counter(), 0.0)
        threshold = self._following.threshold(self._choice)
        boxes = detect_on_clock(self._choice.detector, image_bgr, clock, threshold)
        seen = self._following.see(frame, self._choice, boxes, clock)
        result = Result(self._number, frame, seen, time.perf_counter(), late=False)
        self._number += 1
        clock.lap(_TOLD)
        self._sink.write(result)
        clock.lap(PUBLISH)
        clock.finish()


def measure_page(
    detector: Detector,
    frames: Sequence[Image],
    rate_hz: float,
    seconds: float,
    on_turn: Callable[[], None] = lambda: None,
    rounds: int = ROUNDS,
) -> PageCost:
    """Measure both kinds, in rounds.

    Args:
        detector: finds people.
        frames: gone through again and again.
        rate_hz: of the camera.
        seconds: of each kind, over all rounds.
        on_turn: called after each frame.
        rounds: how often the kinds take turns.

    Raises:
        UsageError: the time or the rate is out of range.
        EngineError: the viewer could not look.
    """
    if not 0 < seconds <= 3600:
        raise UsageError(f"expected seconds of at most 3600, got {seconds:g}")
    page = Page(PageSettings(listen="127.0.0.1:0"), Status)
    page.start()
    try:
        turn = PublishingTurn(detector, page)
        warm_up(turn, frames)
        kinds: tuple[dict[str, list[float]], dict[str, list[float]]] = ({}, {})
        for _ in range(rounds):
            time.sleep(LOOKING_S + 0.5)  # until the page has noticed that nobody looks
            _portion(turn, frames, rate_hz, seconds / rounds, kinds[0], on_turn)
            with _viewer(page.url):
                warm_up(turn, frames)
                _portion(turn, frames, rate_hz, seconds / rounds, kinds[1], on_turn)
    finally:
        page.close()
    return _cost(*kinds)


def _portion(
    turn: PublishingTurn,
    frames: Sequence[Image],
    rate_hz: float,
    seconds: float,
    into: dict[str, list[float]],
    on_turn: Callable[[], None],
) -> None:
    sample = paced(turn, frames, rate_hz, seconds, 1e3 / rate_hz, on_turn)
    for stage, times in sample.stages_ms.items():
        into.setdefault(stage, []).extend(times)


@contextmanager
def _viewer(url: str) -> Iterator[None]:
    """Somebody in another process who looks."""
    viewer = subprocess.Popen(  # noqa: S603 - our own script and address
        [sys.executable, "-c", VIEWER, url], stderr=subprocess.PIPE
    )
    try:
        yield
        if viewer.poll() is not None:
            told = viewer.stderr.read().decode(errors="replace") if viewer.stderr else ""
            raise EngineError(f"the viewer has gone: {told.strip()[-200:]}")
    finally:
        viewer.kill()
        viewer.communicate()


def _cost(closed: dict[str, list[float]], opened: dict[str, list[float]]) -> PageCost:
    loop_ms = _mean(closed[TOTAL]) - _mean(closed[PUBLISH])
    ratios = (
        ratio_of(
            *(opened[TOTAL], closed[TOTAL], fraction),
            names=("somebody looks", "nobody looks"),
            what=TOTAL,
            paired=True,
        )
        for fraction in (0.5, 0.99)
    )
    return PageCost(
        frames=(len(closed[TOTAL]), len(opened[TOTAL])),
        closed_us=round(1e3 * median(closed[PUBLISH]), 3),
        open_us=round(1e3 * _mean(opened[PUBLISH]), 3),
        loop_ms=round(loop_ms, 4),
        share=round(_mean(opened[PUBLISH]) / loop_ms, 5),
        ratios=tuple(ratio for ratio in ratios if ratio is not None),
    )


def _mean(times: Sequence[float]) -> float:
    return sum(times) / len(times)
