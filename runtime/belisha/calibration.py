"""What a score says: from a network's raw numbers to the chance that there is a person.

A network ranks well, but its own scores promise too little or too much. Two numbers, fitted on
data that it did not learn from (Platt 1999; Guo et al. 2017), make them mean what they say. They
change no order, so no average precision either.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from belisha.boxes import FloatArray

ScoreKind = Literal["probability", "logit"]
"""What a model's `scores` are."""
_SURE = np.float32(1e-7)
"""Nearest that a probability of float32 comes to 0 and 1 where its logit is asked for."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A score is `sigmoid((logit - offset) / temperature)`; by default what the network says.

    Attributes:
        temperature: below 1 the scores spread out, above 1 they draw together around a half.
        offset: the network's logit at which a detection is right every other time.
    """

    temperature: float = 1.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        if not 0.01 <= self.temperature <= 100:
            raise ValueError(f"expected a temperature from 0.01 to 100, got {self.temperature}")
        if not -100 <= self.offset <= 100:
            raise ValueError(f"expected an offset from -100 to 100, got {self.offset}")

    @property
    def is_identity(self) -> bool:
        """Whether scores are the network's own."""
        return self == OWN

    def scores(self, raw: FloatArray, kind: ScoreKind) -> FloatArray:
        """(K,) float32 of a model's `scores` -> (K,) float32 in [0, 1], in the same order."""
        if kind == "probability":
            if self.is_identity:
                return raw
            raw = _logit(raw)
        return _sigmoid((raw - np.float32(self.offset)) * np.float32(1 / self.temperature))

    def own(self, scores: FloatArray) -> FloatArray:
        """(K,) float32 scores -> (K,) float32, what they were before: the network's own."""
        if self.is_identity:
            return scores
        logits = _logit(scores) * np.float32(self.temperature) + np.float32(self.offset)
        return _sigmoid(logits)

    def raw_threshold(self, threshold: float, kind: ScoreKind) -> float:
        """The number from which the model's `scores` reach a threshold, a score.

        A comparison with it is all that calibration costs in a cell that is not reported.
        """
        if not 0 < threshold < 1:
            bound = math.inf if threshold >= 1 else -math.inf
            return bound if kind == "logit" else float(threshold >= 1)
        if kind == "probability" and self.is_identity:
            return threshold
        logit = self.temperature * math.log(threshold / (1 - threshold)) + self.offset
        return logit if kind == "logit" else 1 / (1 + math.exp(-logit))

    def score_of(self, own: float) -> float:
        """What a score of the network's own, above 0 and below 1, becomes."""
        if self.is_identity:
            return own
        logit = (math.log(own / (1 - own)) - self.offset) / self.temperature
        return 1 / (1 + math.exp(-logit))


OWN = Calibration()
"""Scores are the network's own."""


def _sigmoid(x: FloatArray) -> FloatArray:
    # In float64, as exponentials of float32 differ in their last bit between processors.
    small = np.exp(-np.abs(x.astype(np.float64)))  # never overflows, nor loses digits
    probability: FloatArray = (np.where(x < 0, small, 1.0) / (1 + small)).astype(np.float32)
    return probability


def _logit(probability: FloatArray) -> FloatArray:
    inside = np.clip(probability, _SURE, 1 - _SURE).astype(np.float64)
    logits: FloatArray = (np.log(inside) - np.log1p(-inside)).astype(np.float32)
    return logits
