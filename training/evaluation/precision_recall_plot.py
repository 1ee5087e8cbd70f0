"""The precision-recall curves of an evaluation as a picture. The evaluation's matplotlib."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from belisha.errors import MissingLibraryError
from training.evaluation.measurement import Evaluation, HeightResult
from training.evaluation.report import height_label


def precision_recall_plot(evaluation: Evaluation) -> bytes:
    """A PNG with one curve a height; a dot marks the threshold.

    Raises:
        MissingLibraryError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingLibraryError(
            f"expected matplotlib ({error}): install it with pip install -e '.[train]'"
        ) from error
    figure = Figure(figsize=(7, 6), layout="constrained")
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
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=120)
    return png.getvalue()


def curve(result: HeightResult) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Recall and precision as the threshold falls past each detection that counts, (D,) each."""
    hits = np.cumsum(result.ranking.hits)
    return hits / max(result.people, 1), hits / np.arange(1, len(hits) + 1)
