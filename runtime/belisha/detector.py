"""The detector: a bundle and a frame -> boxes of people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from belisha import champion
from belisha.boxes import Boxes, FloatArray
from belisha.bundle import Bundle
from belisha.decode import Decoder
from belisha.engines import Engine, EngineInfo
from belisha.engines.choice import open_engine
from belisha.engines.switching import SwitchingEngine
from belisha.errors import BelishaError, FrameError, UsageError
from belisha.frames import FrameTransform, Image, Preprocessing
from belisha.golden import check_golden


@dataclass(frozen=True)
class DetectorInfo:
    """What a detector is made of, for logs and reports.

    Attributes:
        name: of the model.
        bundle: path of the bundle.
        digest: identity of the bundle.
        threshold: least score that is reported.
        engine: what runs it.
        passed_over: (engine, reason) of each preferred engine that could not be used, and of each
            change since.
        building: the engine that is being built in the background, and how far it is; or empty.
    """

    name: str
    bundle: str
    digest: str
    threshold: float
    engine: EngineInfo
    passed_over: tuple[tuple[str, str], ...]
    building: str = ""


class Detector:
    """Finds people in camera frames.

        with Detector.open("street.bundle") as detector:
            boxes = detector(cv2.imread("street.jpg"))

    `detector(frame)` is `prepare`, `infer` and `decode` in a row; a loop that times its stages
    calls the three itself. One detector serves one thread at a time.
    """

    def __init__(
        self,
        bundle: Bundle,
        engine: Engine,
        passed_over: tuple[tuple[str, str], ...] = (),
        threshold: float | None = None,
    ) -> None:
        manifest = bundle.manifest
        self.bundle = bundle
        self.threshold = manifest.threshold if threshold is None else threshold
        if not 0 <= self.threshold <= 1:
            raise UsageError(f"expected a threshold between 0 and 1, got {self.threshold}")
        self._engine = engine
        self._decoder = Decoder(manifest.head, manifest.preprocessing)
        self._transform: FrameTransform | None = None
        self._passed_over = passed_over

    @property
    def info(self) -> DetectorInfo:
        """What it is made of now: its engine may change between two frames."""
        engine = self._engine
        news: tuple[tuple[str, str], ...] = ()
        building = ""
        if isinstance(engine, SwitchingEngine):
            news, building = engine.news, engine.building
        return DetectorInfo(
            name=self.bundle.manifest.name,
            bundle=str(self.bundle.path),
            digest=self.bundle.digest,
            threshold=self.threshold,
            engine=engine.info,
            passed_over=(*self._passed_over, *news),
            building=building,
        )

    @staticmethod
    def open(
        bundle: Path | str | None = None,
        *,
        engine: str | None = None,
        threads: int | None = None,
        threshold: float | None = None,
        may_build: bool = True,
    ) -> Detector:
        """Open a bundle and load its model.

        Without `engine`, the best engine that works serves at once. A better one that must first be
        built on this machine is built in the background and takes over between two frames, if it
        finds on the golden frames what the exporting machine found; and when an engine fails, the
        next best computes the frame at hand and all others. `info` tells what serves.

        Args:
            bundle: the bundle's file; the shipped champion if absent.
            engine: name of an engine; the best that works if absent.
            threads: CPU threads; all that this process may use if absent.
            threshold: least score to report; the bundle's own if absent.
            may_build: whether an engine may be built in the background.

        Raises:
            BundleError: the bundle is refused.
            EngineError: no engine can run it.
            UsageError: an argument is wrong.
        """
        verified = Bundle.open(bundle or champion.BUNDLE)
        opened = open_engine(
            verified,
            engine,
            threads,
            may_build=may_build,
            prove=lambda candidate: _refusal(verified, candidate),
        )
        return Detector(verified, opened.engine, opened.passed_over, threshold)

    def __call__(self, image_bgr: Image) -> Boxes:
        """People in a frame.

        Args:
            image_bgr: (H, W, 3) uint8 of any size, channels blue, green, red.

        Returns:
            Boxes in the frame's own pixels, best first.

        Raises:
            FrameError: the frame is not a uint8 BGR picture.
            EngineError: the engine failed.
        """
        network_input, transform = self.prepare(image_bgr)
        return self.decode(self.infer(network_input), transform)

    @property
    def preprocessing(self) -> Preprocessing:
        """How frames become this model's input."""
        return self.bundle.manifest.preprocessing

    def prepare(self, image_bgr: Image) -> tuple[Image, FrameTransform]:
        """The network's input, (1, H, W, 3) uint8, and the transform that leads back."""
        if getattr(image_bgr, "ndim", None) != 3:  # cv2.imread gives None for an absent file
            came = getattr(image_bgr, "shape", type(image_bgr).__name__)
            raise FrameError(
                f"expected a frame of shape (H, W, 3), got {came}: read it with OpenCV, as BGR"
            )
        height, width = image_bgr.shape[:2]
        transform = self._transform
        if transform is None or (transform.width, transform.height) != (width, height):
            transform = self._transform = self.preprocessing.for_frame(width, height)
        return transform.apply(image_bgr), transform

    def infer(self, network_input: Image) -> Mapping[str, FloatArray]:
        """Raw outputs by name, valid until the next call."""
        return self._engine.run(network_input)

    def decode(
        self,
        outputs: Mapping[str, FloatArray],
        transform: FrameTransform,
        threshold: float | None = None,
    ) -> Boxes:
        """Boxes in pixels of the frame that `transform` was made for, from `threshold` upwards."""
        least = self.threshold if threshold is None else threshold
        return transform.to_source(self._decoder(outputs, least))

    def close(self) -> None:
        """Free the engine."""
        self._engine.close()

    def __enter__(self) -> Detector:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _refusal(bundle: Bundle, engine: Engine) -> str:
    """Why an engine must not be used: it finds other things on the golden frames."""
    try:
        verdicts = check_golden(Detector(bundle, engine))
    except BelishaError as error:
        return f"the golden check failed: {error}"
    failed = [verdict.file for verdict in verdicts if not verdict.passed]
    return f"it does not find what the exporter found on {', '.join(failed)}" if failed else ""
