"""Matching of detections with reference boxes: the one rule behind every figure.

Average precision, miss rate, the parity gate, the golden check and the shadow comparison all ask
the same question, so all ask it here. The rule is COCO's: detections in order of score each take
the free reference box that they overlap most; a don't-care region takes any number of detections.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from belisha.boxes import BoolArray, Boxes, FloatArray, ioa, iou

UNMATCHED = -1
"""In `Matches.reference`: the detection took no reference box."""


@dataclass(frozen=True, eq=False)
class Matches:
    """How the detections of one frame meet its reference boxes.

    Attributes:
        reference: (N,) for each detection the index of its reference box, or `UNMATCHED`.
        ignored: (N,) true where a detection counts neither as hit nor as false alarm.
        found: (M,) true where a reference box was taken.
    """

    reference: NDArray[np.intp]
    ignored: BoolArray
    found: BoolArray

    @property
    def hits(self) -> BoolArray:
        """(N,) true positives."""
        hits: BoolArray = (self.reference != UNMATCHED) & ~self.ignored
        return hits

    @property
    def false_alarms(self) -> BoolArray:
        """(N,) false positives."""
        alarms: BoolArray = (self.reference == UNMATCHED) & ~self.ignored
        return alarms


def match(
    detections: Boxes,
    reference_xyxy: FloatArray,
    *,
    min_iou: float = 0.5,
    dont_care: BoolArray | None = None,
    out_of_range: BoolArray | None = None,
) -> Matches:
    """Match detections with reference boxes, one to one, best score first.

    Args:
        detections: N boxes, best first, in the pixels of the reference boxes.
        reference_xyxy: (M, 4) reference boxes.
        min_iou: least overlap of a pair. For a don't-care region the overlap is the share of the
            detection that lies inside it (COCO's rule for crowds).
        dont_care: (M,) regions which swallow any number of detections; none if absent.
        out_of_range: (M,) people who are not asked for here (too small, say): the detection that
            takes one is ignored, one to one; none if absent.

    Returns:
        `Matches`. People in range come first: only a detection that overlaps none of them enough
        may be excused by a box out of range or by a region.
    """
    count = len(reference_xyxy)
    region = np.zeros(count, bool) if dont_care is None else dont_care
    excused = region if out_of_range is None else region | out_of_range
    overlaps = iou(detections.xyxy, reference_xyxy)
    overlaps[:, region] = ioa(detections.xyxy, reference_xyxy[region])

    reference = np.full(len(detections), UNMATCHED, np.intp)
    found = np.zeros(count, bool)
    for index in np.flatnonzero((overlaps >= min_iou).any(axis=1)):
        row = overlaps[index]
        for group in (~excused, excused):
            allowed = group & (row >= min_iou) & (~found | region)
            if allowed.any():
                best = int(np.argmax(np.where(allowed, row, -1)))
                reference[index] = best
                found[best] = True
                break
    ignored = np.zeros(len(detections), bool)
    taken = reference != UNMATCHED
    ignored[taken] = excused[reference[taken]]
    return Matches(reference, ignored, found)
