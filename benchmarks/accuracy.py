"""How well contenders find people, by the one `evaluate`."""

from __future__ import annotations

from collections.abc import Sequence

from belisha.bench.result import Accuracy
from benchmarks.contender import Contender
from training.data.coco import Dataset
from training.evaluation.bootstrap import Resampling
from training.evaluation.evaluate import evaluate

HEIGHTS = (0.0, 20.0, 50.0)
"""People of at least these heights are asked for; 0 is everybody."""
_THRESHOLD = 0.5
"""For figures that are not used here; average precision has none."""


def accuracies(contender: Contender, datasets: Sequence[Dataset]) -> tuple[Accuracy, ...]:
    """Average precision on each data set, people by height, with intervals.

    Raises:
        DatasetError: an image is missing or broken.
    """
    if contender.detect is None:
        return ()
    found = []
    for dataset in datasets:
        evaluation = evaluate(
            contender.detect,
            dataset,
            threshold=_THRESHOLD,
            min_heights=HEIGHTS,
            resampling=Resampling(),
        )
        found += [
            Accuracy(
                dataset=dataset.name,
                min_height=result.min_height,
                people=result.people,
                images=len(dataset),
                ap50=result.ap50.value,
                ap50_low=result.ap50.low,
                ap50_high=result.ap50.high,
            )
            for result in evaluation.results
        ]
    return tuple(found)
