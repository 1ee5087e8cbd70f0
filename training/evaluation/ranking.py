"""The detections of a whole data set as one ranked list, and its counts under resampling.

Average precision and miss rate are both read off the same two numbers at each hit: how many
people were found so far, and how many false alarms that cost. `rank` makes the list once,
`tally` counts it for any number of resamples of the images at a time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from belisha.boxes import BoolArray, Boxes, FloatArray, IntArray
from belisha.matching import UNMATCHED, match
from training.data.coco import Sample

Weights = NDArray[np.int64]
"""(R, N): how often each of N images counts in each of R resamples."""


@dataclass(frozen=True, eq=False)
class Ranking:
    """The detections that count, hit or false alarm, best score first.

    Attributes:
        scores: (D,) float32, not increasing.
        hits: (D,) true where the detection found a person, false where it is a false alarm.
        images: (D,) index of the image that the detection lies in.
        people: (N,) number of people asked for, by image.
    """

    scores: FloatArray
    hits: BoolArray
    images: IntArray
    people: IntArray


@dataclass(frozen=True, eq=False)
class Tally:
    """A ranking counted in R resamples, at each of its H hits.

    Attributes:
        images: (R,) images in the resample, repetitions counted.
        people: (R,) people in them.
        hits: (R, H) people found by this hit and those ranked above it.
        alarms: (R, H) false alarms ranked above this hit.
    """

    images: Weights
    people: Weights
    hits: Weights
    alarms: Weights


def heights(xyxy: FloatArray) -> FloatArray:
    """(N, 4) boxes -> (N,) heights in pixels.

    Rounded to 0.01, so that a person annotated as 20 px tall is not 19.999998 px tall because
    the bottom side went through float32.
    """
    tall: FloatArray = np.round(xyxy[:, 3] - xyxy[:, 1], 2)
    return tall


def rank(
    samples: Sequence[Sample],
    detections: Sequence[Boxes],
    min_height: float = 0.0,
    min_iou: float = 0.5,
    max_height: float = math.inf,
) -> Ranking:
    """Match every image's detections with its people and rank what counts.

    People out of the range of heights are not asked for. COCO's rule for such a range: the
    detection that takes one of them is ignored, and so is a false alarm that is itself out of it.

    Args:
        samples: N images with their truth.
        detections: by image, in pixels of the image, best first.
        min_height: in pixels of the image.
        min_iou: least overlap of a hit.
        max_height: in pixels of the image; who is just as high is out of the range.

    Returns:
        `Ranking`; of equal scores the earlier image comes first, as in COCO's evaluation.
    """
    scores = [np.zeros(0, np.float32)]
    hits = [np.zeros(0, bool)]
    images = [np.zeros(0, np.intp)]
    people = np.zeros(len(samples), np.intp)
    for index, (sample, boxes) in enumerate(zip(samples, detections, strict=True)):
        out = _out_of_range(sample.xyxy, min_height, max_height)
        matches = match(
            boxes, sample.xyxy, min_iou=min_iou, dont_care=sample.dont_care, out_of_range=out
        )
        unasked = matches.reference == UNMATCHED
        unasked &= _out_of_range(boxes.xyxy, min_height, max_height)
        counted = ~(matches.ignored | unasked)
        scores.append(boxes.scores[counted])
        hits.append(matches.hits[counted])
        images.append(np.full(int(counted.sum()), index, np.intp))
        people[index] = np.count_nonzero(~(sample.dont_care | out))
    order = np.argsort(-np.concatenate(scores), kind="stable")
    return Ranking(
        np.concatenate(scores)[order],
        np.concatenate(hits)[order],
        np.concatenate(images)[order],
        people,
    )


def _out_of_range(xyxy: FloatArray, min_height: float, max_height: float) -> BoolArray:
    tall = heights(xyxy)
    out: BoolArray = (tall < min_height) | (tall >= max_height)
    return out


def every_image_once(ranking: Ranking) -> Weights:
    """(1, N) weights of the data set as it is."""
    return np.ones((1, len(ranking.people)), np.int64)


def tally(ranking: Ranking, weights: Weights) -> Tally:
    """Count a ranking in every resample at once.

    An image that was drawn k times counts k times, as if the data set held k copies of it (of
    equal scores, all copies of one detection come before the next).

    Args:
        ranking: D detections, H of them hits.
        weights: (R, N).
    """
    found = ranking.hits
    hits = np.cumsum(np.take(weights, ranking.images[found], axis=1), axis=1)
    alarms = np.zeros((len(weights), 1 + np.count_nonzero(~found)), np.int64)
    np.cumsum(np.take(weights, ranking.images[~found], axis=1), axis=1, out=alarms[:, 1:])
    ranked_above = np.cumsum(~found)[found]
    return Tally(
        images=weights.sum(axis=1),
        people=weights @ ranking.people,
        hits=hits,
        alarms=np.take(alarms, ranked_above, axis=1),
    )
