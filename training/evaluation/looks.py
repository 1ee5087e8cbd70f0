"""What a detector made of each image, closely: what it suppressed, what a second one sees there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tqdm import tqdm

from belisha.boxes import Boxes, FloatArray
from belisha.decode import Decoder
from belisha.detector import Detector
from belisha.frames import Image
from training.data.coco import Dataset
from training.data.picture import read_image
from training.evaluation.coco_precision import MAX_DETECTIONS
from training.evaluation.person_light import light_of_people

_MOST = 1000
"""Candidates of an image that are looked at, best first."""


@dataclass(frozen=True, eq=False)
class Look:
    """One image.

    Attributes:
        detections: after suppression, from the detector's own least score on, best first.
        candidates: before suppression, from the threshold on, best first.
        second: what another detector sees, at its own threshold; nothing where none was asked.
        brightness, contrast: (M,) of each box of the truth; see `light_of_people`.
    """

    detections: Boxes
    candidates: Boxes
    second: Boxes | None
    brightness: FloatArray
    contrast: FloatArray


def look_closely(
    detector: Detector,
    dataset: Dataset,
    threshold: float,
    second: Callable[[Image], Boxes] | None = None,
) -> tuple[Look, ...]:
    """Look at every image of a data set; progress goes to stderr where a person watches.

    Args:
        detector: reports from `least_score` on.
        dataset: images and their truth.
        threshold: from which candidates are kept.
        second: another detector.

    Raises:
        DatasetError: an image is missing, broken, or not of the size that the data set says.
        EngineError: a detector does not run.
    """
    everything = _unsuppressed(detector)
    looks = []
    for sample in tqdm(dataset.samples, "look", unit="image", leave=False, disable=None):
        image = read_image(sample)
        network_input, transform = detector.prepare(image)
        outputs = detector.infer(network_input)
        brightness, contrast = light_of_people(image, sample.xyxy)
        looks.append(
            Look(
                detections=detector.decode(outputs, transform)[:MAX_DETECTIONS],
                candidates=transform.to_source(everything(outputs, threshold)),
                second=second(image) if second else None,
                brightness=brightness,
                contrast=contrast,
            )
        )
    return tuple(looks)


def _unsuppressed(detector: Detector) -> Decoder:
    """The detector's decoding without its suppression."""
    manifest = detector.bundle.manifest
    layout = replace(manifest.head, nms_iou=1.0, max_candidates=_MOST, max_boxes=_MOST)
    return Decoder(layout, manifest.preprocessing)
