"""Whoever takes part in a side-by-side measurement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from belisha.bench.result import Subject
from belisha.bench.sampling import WarmUp, warm_up
from belisha.bench.turn import Turn
from belisha.boxes import Boxes
from belisha.detector import Detector
from belisha.frames import Image
from belisha.timing import StageClock


class Contender(Protocol):
    """A detector that can be timed in portions, so that several can take turns."""

    @property
    def subject(self) -> Subject:
        """What it is; nothing measured yet."""
        ...

    @property
    def detect(self) -> Callable[[Image], Boxes] | None:
        """For its accuracy, reporting far below its threshold; nothing if that has no meaning."""
        ...

    def warm_up(self) -> WarmUp:
        """Run until it has settled."""
        ...

    def run(self, first: int, count: int) -> Mapping[str, Sequence[float]]:
        """Take `count` frames from number `first` on, cyclically.

        Returns:
            Milliseconds by stage, `infer` and `total` among them.
        """
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...


class BundleContender:
    """A bundle through the runtime's own path; see `Contender`."""

    def __init__(
        self,
        detector: Detector,
        frames: Sequence[Image],
        *,
        name: str = "",
        notes: tuple[str, ...] = (),
        trained: bool = True,
    ) -> None:
        """Take over an open detector.

        Args:
            detector: closed with the contender.
            frames: (H, W, 3) uint8 BGR each.
            name: of it in tables; the bundle's if absent.
            notes: what a reader must know.
            trained: whether its accuracy means something.
        """
        info, shape = detector.info, detector.preprocessing
        self._detector, self._frames, self._trained = detector, frames, trained
        self._turn = Turn(detector)
        self.subject = Subject(
            name=name or info.name,
            input=f"{shape.width}x{shape.height}",
            engine=f"{info.engine.library}, {info.engine.device}, {info.engine.threads} threads",
            flavour=info.engine.flavour,
            digest=info.digest,
            notes=notes,
        )

    @property
    def detect(self) -> Callable[[Image], Boxes] | None:
        """See `Contender.detect`."""
        return self._detect if self._trained else None

    def _detect(self, image_bgr: Image) -> Boxes:
        from training.evaluation.evaluate import least_score

        network_input, transform = self._detector.prepare(image_bgr)
        least = least_score(self._detector.bundle.manifest.head.calibration)
        return self._detector.decode(self._detector.infer(network_input), transform, least)

    def warm_up(self) -> WarmUp:
        """See `Contender.warm_up`."""
        return warm_up(self._turn, self._frames)

    def run(self, first: int, count: int) -> Mapping[str, Sequence[float]]:
        """See `Contender.run`."""
        clock = StageClock(keep_first=True)
        for index in range(first, first + count):
            self._turn(self._frames[index % len(self._frames)], clock)
        return clock.stages_ms

    def close(self) -> None:
        """See `Contender.close`."""
        self._detector.close()
