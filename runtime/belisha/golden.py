"""The golden check: does this machine find what the exporting host found?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from belisha.boxes import Boxes, FloatArray, iou
from belisha.bundle import Bundle
from belisha.cameras.picture import decode_picture
from belisha.errors import BundleError, FrameError
from belisha.frames import FrameTransform, Image
from belisha.manifest import Golden, GoldenFrame
from belisha.matching import match


class Finder(Protocol):
    """What is checked: a `belisha.detector.Detector`, which in turn checks its engine with this."""

    bundle: Bundle

    def prepare(self, image_bgr: Image) -> tuple[Image, FrameTransform]:
        """See `Detector.prepare`."""
        ...

    def infer(self, network_input: Image) -> Mapping[str, FloatArray]:
        """See `Detector.infer`."""
        ...

    def decode(
        self,
        outputs: Mapping[str, FloatArray],
        transform: FrameTransform,
        threshold: float | None = None,
    ) -> Boxes:
        """See `Detector.decode`."""
        ...


@dataclass(frozen=True)
class GoldenVerdict:
    """What became of one golden frame.

    Attributes:
        file, origin: of the frame.
        expected: detections that the exporting host saw.
        missing: of these, the ones that are not found here.
        unexpected: detections here that the host did not see.
        worst_iou: least overlap of a matched pair; 1 if there is none.
        worst_score_difference: largest difference of a matched pair's scores; 0 if there is none.
        passed: whether all is within the bundle's tolerances.
    """

    file: str
    origin: str
    expected: int
    missing: int
    unexpected: int
    worst_iou: float
    worst_score_difference: float
    passed: bool


def check_golden(detector: Finder) -> tuple[GoldenVerdict, ...]:
    """Run the bundle's golden frames and compare, one verdict a frame.

    Raises:
        BundleError: a golden frame cannot be decoded.
        EngineError: the engine failed.
    """
    golden = detector.bundle.manifest.golden
    return tuple(_check(detector, frame, golden) for frame in golden.frames)


def golden_image(bundle: Bundle, frame: GoldenFrame) -> Image:
    """The golden frame, (H, W, 3) uint8 BGR."""
    try:
        return decode_picture(bundle.read(frame.file), f"{bundle.path}: golden frame {frame.file}")
    except FrameError as error:
        raise BundleError(str(error)) from error


def _check(detector: Finder, frame: GoldenFrame, golden: Golden) -> GoldenVerdict:
    """Compare one frame.

    A box near the threshold may pass on one machine and fail on another, so only boxes whose
    score clears the threshold by the allowed difference can be missing or unexpected.
    """
    network_input, transform = detector.prepare(golden_image(detector.bundle, frame))
    outputs = detector.infer(network_input)
    lower = max(golden.threshold - golden.max_score_difference, 1e-6)
    found = detector.decode(outputs, transform, lower)
    expected = frame.expected
    clear = golden.threshold + golden.max_score_difference
    matches = match(found, expected.xyxy, min_iou=golden.min_iou)
    taken = matches.reference >= 0
    partners = matches.reference[taken]
    differences = np.abs(found.scores[taken] - expected.scores[partners])
    missing = int((~matches.found & (expected.scores >= clear)).sum())
    unexpected = int((~taken & (found.scores >= clear)).sum())
    worst_score = float(differences.max(initial=0))
    return GoldenVerdict(
        file=frame.file,
        origin=frame.origin,
        expected=len(expected),
        missing=missing,
        unexpected=unexpected,
        worst_iou=_worst_iou(found[taken], expected[partners]),
        worst_score_difference=worst_score,
        passed=missing == 0 and unexpected == 0 and worst_score <= golden.max_score_difference,
    )


def _worst_iou(found: Boxes, expected: Boxes) -> float:
    """Least overlap of boxes that belong together pairwise."""
    return float(np.diagonal(iou(found.xyxy, expected.xyxy)).min(initial=1))
