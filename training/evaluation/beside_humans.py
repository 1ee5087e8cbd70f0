"""A detector beside people: its miss rate at the false positives per image that people make.

People give no scores, so they are a point where a detector is a curve. The detector's threshold is
moved until it makes no more false positives than they do; then both have one miss rate each.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from belisha.errors import DatasetError
from training.data.human_line import HumanLine, Rate
from training.evaluation.bootstrap import draw, interval
from training.evaluation.measurement import Evaluation
from training.evaluation.miss_rate import miss_rates
from training.evaluation.ranking import tally


@dataclass(frozen=True, kw_only=True)
class BesideHumans:
    """A detector and people on the same images.

    Attributes:
        origin: who the people were.
        images, people: that both were measured on; the detector against the panel's truth.
        false_positives_per_image: that people make, and the detector may.
        humans: their miss rate, each against the others.
        detector: its miss rate.
        threshold: score at which it makes so few false positives; nothing if at none.
    """

    origin: str
    images: int
    people: int
    false_positives_per_image: float
    humans: Rate
    detector: Rate
    threshold: float | None

    def __str__(self) -> str:
        at = "" if self.threshold is None else f" (threshold {self.threshold:.2f})"
        return (
            f"people: miss rate {_words(self.humans)} at {self.false_positives_per_image:.3f} "
            f"false positives per image; the detector there: {_words(self.detector)}{at}; "
            f"{self.images} images, {self.people} people; {self.origin}"
        )


def beside_humans(evaluation: Evaluation, line: HumanLine) -> BesideHumans:
    """Put an evaluation beside the human line, on the images that both know.

    Raises:
        DatasetError: they have no image in common, or the line has no figures.
    """
    names = set(line.names)
    shared = np.array([sample.name in names for sample in evaluation.dataset.samples])
    limit = line.all.false_positives_per_image.value
    if not shared.any() or limit is None:
        raise DatasetError(
            f"expected a human line of images of {evaluation.dataset.name}, got one of others, "
            f"such as {next(iter(line.names), 'none')}: evaluate on the panel's own data set"
        )
    ranking = evaluation.results[0].ranking
    weights = np.zeros((1, len(shared)), np.int64)
    weights[0, shared] = 1
    counts = tally(ranking, weights)
    rates = [
        miss_rates(tally(ranking, _on(shared, portion)), (limit,))[:, 0]
        for portion in draw(np.arange(int(shared.sum())), evaluation.resampling, rows=100)
    ]
    alarms = np.cumsum(shared[ranking.images] & ~ranking.hits)
    affordable = np.flatnonzero(alarms <= limit * shared.sum())
    exact = float(miss_rates(counts, (limit,))[0, 0])
    return BesideHumans(
        origin=line.origin,
        images=int(shared.sum()),
        people=int(counts.people[0]),
        false_positives_per_image=limit,
        humans=line.all.miss_rate,
        detector=Rate(None if np.isnan(exact) else exact, *_ends(np.concatenate(rates))),
        threshold=float(ranking.scores[affordable[-1]]) if len(affordable) else None,
    )


def _on(shared: np.ndarray, portion: np.ndarray) -> np.ndarray:
    """Weights of the shared images -> (R, N) weights of all."""
    weights = np.zeros((len(portion), len(shared)), np.int64)
    weights[:, shared] = portion
    return weights


def _ends(drawn: np.ndarray) -> tuple[float | None, float | None]:
    return interval(drawn) or (None, None)


def _words(rate: Rate) -> str:
    if rate.value is None:
        return "none"
    ends = "" if rate.low is None or rate.high is None else f" [{rate.low:.2f}, {rate.high:.2f}]"
    return f"{rate.value:.3f}{ends}"
