"""What a bundle's flavours find on a data set, side by side: what does INT8 cost, and whom?

The float flavour is the reference. The flavour for TensorRT is computed by ONNX Runtime with its
optimisations off: the graph's own arithmetic, not TensorRT's kernels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from belisha.bundle import Bundle
from belisha.detector import Detector
from belisha.engines.onnx_runtime import load_flavour
from belisha.errors import UsageError
from belisha.manifest import Flavour
from training.data.coco import Dataset
from training.evaluation.bootstrap import Resampling
from training.evaluation.evaluate import evaluate, least_score
from training.evaluation.measurement import MIN_HEIGHTS, Estimate, Evaluation
from training.evaluation.paired import gain_in_ap50

ORDER: tuple[Flavour, ...] = ("float", "int8_cpu", "int8_tensorrt")
"""The first is what the others are compared with."""


@dataclass(frozen=True)
class FlavourResult:
    """A flavour on a data set.

    Attributes:
        flavour: which.
        evaluation: of it.
        change: of AP50 against the first flavour, by height, with paired intervals; empty for it.
    """

    flavour: Flavour
    evaluation: Evaluation
    change: tuple[Estimate, ...]


def compare_flavours(
    bundle: Bundle,
    dataset: Dataset,
    resampling: Resampling,
    say: Callable[[str], None] = lambda text: None,
) -> list[FlavourResult]:
    """Evaluate every flavour of a bundle.

    Args:
        bundle: with at least two flavours.
        dataset: images and their truth.
        resampling: for the intervals.
        say: is told what is being done.

    Raises:
        UsageError: there is only one flavour.
        EngineError: a flavour does not run.
    """
    present = [flavour for flavour in ORDER if flavour in bundle.manifest.models]
    if len(present) < 2:
        raise UsageError(f"{bundle.path}: expected several flavours to compare, got {present}")
    results: list[FlavourResult] = []
    for flavour in present:
        say(f"{flavour} on {dataset.name}")
        with open_flavour(bundle, flavour) as detector:
            evaluation = evaluate(
                detector,
                dataset,
                threshold=bundle.manifest.threshold,
                min_heights=MIN_HEIGHTS,
                resampling=resampling,
            )
        results.append(FlavourResult(flavour, evaluation, _change(results, evaluation)))
    return results


def open_flavour(bundle: Bundle, flavour: Flavour) -> Detector:
    """A detector that runs just this flavour and reports from `least_score` upwards."""
    engine = load_flavour(bundle, flavour, None, optimise=flavour != "int8_tensorrt")
    return Detector(bundle, engine, threshold=least_score(bundle.manifest.head.calibration))


def _change(results: list[FlavourResult], evaluation: Evaluation) -> tuple[Estimate, ...]:
    if not results:
        return ()
    heights = range(len(evaluation.results))
    return tuple(gain_in_ap50(results[0].evaluation, evaluation, height) for height in heights)
