"""Several detectors look at the same frames, each frame read once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from tqdm import tqdm

from belisha.boxes import Boxes
from belisha.frames import Image
from training.data.coco import Dataset, Sample
from training.data.photometry import measured_conditions, photometry
from training.data.picture import read_image
from training.evaluation.coco_precision import MAX_DETECTIONS

Detect = Callable[[Image], Boxes]
"""(H, W, 3) uint8 BGR -> boxes in its pixels, best first."""
SOURCE = "source"
"""The attribute that tells of which data set an image is."""


@dataclass(frozen=True, eq=False)
class Sightings:
    """What came of N frames.

    Attributes:
        detections: detector -> boxes by frame, best first.
        conditions: of each frame: what the data say, and what the picture looks like.
    """

    detections: dict[str, tuple[Boxes, ...]]
    conditions: tuple[Mapping[str, str], ...]


def sight(detectors: Mapping[str, Detect], samples: Sequence[Sample]) -> Sightings:
    """Run detectors; progress goes to stderr where a person watches.

    Raises:
        DatasetError: a picture is missing or broken.
        EngineError: a detector does not run.
    """
    found: dict[str, list[Boxes]] = {name: [] for name in detectors}
    conditions = []
    for sample in tqdm(samples, "compare", unit="frame", leave=False, disable=None):
        image = read_image(sample)
        conditions.append(measured_conditions(photometry(image), sample.attributes))
        for name, detect in detectors.items():
            found[name].append(detect(image)[:MAX_DETECTIONS])
    return Sightings({name: tuple(boxes) for name, boxes in found.items()}, tuple(conditions))


def gathered(datasets: Sequence[Dataset], limit: int | None = None) -> Dataset:
    """Several data sets as one; each image says in `source` where it is from.

    Args:
        datasets: at least one.
        limit: no more images than this, evenly from all; every one if absent.
    """
    samples = [
        replace(sample, attributes={SOURCE: dataset.name.split(" ")[0], **sample.attributes})
        for dataset in datasets
        for sample in dataset.samples
    ]
    name = " + ".join(dataset.name for dataset in datasets)
    if limit is not None and limit < len(samples):
        chosen = np.linspace(0, len(samples) - 1, limit).round().astype(int)
        name = f"{name} ({limit} of {len(samples)} images)"
        samples = [samples[index] for index in chosen]
    return Dataset(name, tuple(samples))
