"""Average precision by faster-coco-eval, the reference implementation. Its only importer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from belisha.boxes import Boxes, FloatArray
from belisha.errors import MissingLibraryError
from training.data.coco import Sample
from training.evaluation.ranking import heights

MAX_DETECTIONS = 100
"""The most detections of an image that count, as in COCO."""

_NO_UPPER_LIMIT = 1e9


@dataclass(frozen=True)
class CocoPrecision:
    """Average precision, or nothing where there are no people.

    Attributes:
        ap50: at an overlap of 0.5.
        ap50_95: mean over the overlaps 0.50, 0.55 ... 0.95.
    """

    ap50: float | None
    ap50_95: float | None


def coco_precision(
    samples: Sequence[Sample], detections: Sequence[Boxes], min_heights: Sequence[float]
) -> tuple[CocoPrecision, ...]:
    """Average precision for people of at least each height, in the order of `min_heights`.

    Args:
        samples: the images with their truth.
        detections: by image, in pixels of the image, best first.
        min_heights: in pixels.

    Raises:
        MissingLibraryError: faster-coco-eval is not installed.
    """
    try:
        from faster_coco_eval import COCO, COCOeval_faster
    except ImportError as error:
        raise MissingLibraryError(
            f"expected faster-coco-eval ({error}): install it with pip install -e '.[train]'"
        ) from error
    truth, found = truth_document(samples), detections_document(samples, detections)
    evaluation = COCOeval_faster(COCO(truth), COCO(found), "bbox")
    evaluation.params.maxDets = [MAX_DETECTIONS]
    evaluation.params.areaRng = [[low, _NO_UPPER_LIMIT] for low in min_heights]
    evaluation.params.areaRngLbl = [f"{low:g}" for low in min_heights]
    evaluation.evaluate()
    evaluation.accumulate()
    # (overlap, recall, category, height, limit of detections); -1 where there are no people
    precision = evaluation.eval["precision"][:, :, 0, :, 0]
    return tuple(
        CocoPrecision(_mean(precision[0, :, index]), _mean(precision[:, :, index]))
        for index in range(len(min_heights))
    )


def truth_document(samples: Sequence[Sample]) -> dict[str, Any]:
    """The truth as a COCO document.

    COCO knows ranges of *area* only, and compares nothing else with the field `area`. So the
    field holds the height, and a range of areas becomes a range of heights. Don't-care goes into
    `iscrowd`, because COCO's evaluation overwrites `ignore` with it.
    """
    annotations = [
        _annotation(image, box, tall) | {"iscrowd": int(region)}
        for image, sample in enumerate(samples)
        for (box, tall), region in zip(_measured(sample.xyxy), sample.dont_care, strict=True)
    ]
    return _document(samples, annotations)


def detections_document(samples: Sequence[Sample], detections: Sequence[Boxes]) -> dict[str, Any]:
    """Detections as a COCO document; their `area` is their height, as in `truth_document`."""
    annotations = [
        _annotation(image, box, tall) | {"score": score}
        for image, boxes in enumerate(detections)
        for (box, tall), score in zip(_measured(boxes.xyxy), boxes.scores.tolist(), strict=True)
    ]
    return _document(samples, annotations)


def _measured(xyxy: FloatArray) -> list[tuple[list[float], float]]:
    """Left, top, width, height, and apart the height, of each box."""
    left, top, right, bottom = xyxy.astype(np.float64).T
    xywh = np.stack([left, top, right - left, bottom - top], axis=1).tolist()
    return list(zip(xywh, heights(xyxy).tolist(), strict=True))


def _annotation(image: int, xywh: list[float], tall: float) -> dict[str, Any]:
    return {"image_id": image + 1, "category_id": 1, "bbox": xywh, "area": tall, "iscrowd": 0}


def _document(samples: Sequence[Sample], annotations: list[dict[str, Any]]) -> dict[str, Any]:
    """A COCO document; ids start at 1, because COCO's evaluation takes 0 for 'not matched'."""
    images = [
        {"id": index, "width": sample.width, "height": sample.height}
        for index, sample in enumerate(samples, 1)
    ]
    numbered = [{"id": index} | entry for index, entry in enumerate(annotations, 1)]
    categories = [{"id": 1, "name": "person"}]
    return {"images": images, "annotations": numbered, "categories": categories}


def _mean(precision: FloatArray) -> float | None:
    """Mean of COCO's sampled precision; nothing where COCO says that it does not exist."""
    known = precision > -1
    return float(precision[known].mean()) if known.any() else None
