"""The precision-recall curves of an evaluation as a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.evaluation.measurement import Evaluation, HeightResult
from training.evaluation.report import height_label
from training.figure import as_png, new_figure


def precision_recall_plot(evaluation: Evaluation) -> bytes:
    """A PNG with one curve a height; a dot marks the threshold.

    Raises:
        MissingLibraryError: matplotlib is not installed.
    """
    figure = new_figure(7, 6)
    axes = figure.add_subplot(
        xlabel="recall: share of people found",
        ylabel="precision: share of detections that are people",
        xlim=(0, 1),
        ylim=(0, 1.01),
    )
    axes.set_title(f"{evaluation.dataset.name}\ndots: threshold {evaluation.threshold:g}", size=10)
    axes.grid(alpha=0.3)
    for result in evaluation.results:
        if result.people == 0:
            continue
        recall, precision = curve(result)
        label = f"{height_label(result)}: {result.people} people, AP50 {result.ap50.value:.3f}"
        (line,) = axes.plot(recall, precision, label=label)
        if result.recall.value is not None and result.precision.value is not None:
            axes.plot([result.recall.value], [result.precision.value], "o", color=line.get_color())
    if axes.lines:
        axes.legend(loc="best", fontsize=9)
    return as_png(figure)


def curve(result: HeightResult) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Recall and precision as the threshold falls past each detection that counts, (D,) each."""
    hits = np.cumsum(result.ranking.hits)
    return hits / max(result.people, 1), hits / np.arange(1, len(hits) + 1)
