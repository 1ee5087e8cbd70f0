"""The rule by which the champion changes: better beyond noise, nowhere worse, proven, fast."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from belisha.bench.result import Subject
from belisha.bench.words import doubts
from belisha.documents import read_yaml
from belisha.errors import ConfigError
from belisha.manifest import Manifest
from export.parity.verdicts import Limit, judge
from export.release.comparison import Comparison, Row, View
from training.evaluation.bootstrap import Resampling
from training.evaluation.cells import WHOLE

DEFAULT = Path(__file__).with_name("rules.yaml")


@dataclass(frozen=True, kw_only=True)
class PromotionRules:
    """The whole file; `rules.yaml` says what each entry means."""

    most_ap50_loss: float
    most_miss_rate_rise: float
    latency_budget_ms: float
    least_people: int
    heights: tuple[float, ...]
    conditions: tuple[str, ...]
    resamples: int = 2000
    seed: int = 0
    group: str | None = None

    @property
    def view(self) -> View:
        """How to cut the data."""
        return View(
            heights=self.heights,
            conditions=self.conditions,
            resampling=Resampling(self.resamples, self.seed, self.group),
        )


@dataclass(frozen=True)
class Condition:
    """One condition of a promotion.

    Attributes:
        name: in a word.
        met: whether; nothing where it could not be decided.
        words: what was asked, what came.
    """

    name: str
    met: bool | None
    words: str


def read_promotion_rules(path: Path | None = None) -> PromotionRules:
    """Read rules; those that come with the kit if no path is given.

    Raises:
        ConfigError: the file cannot be read, breaks the schema, or has values without sense.
    """
    path = path or DEFAULT
    rules = read_yaml(path, PromotionRules)
    shares = (rules.most_ap50_loss, rules.most_miss_rate_rise)
    if not all(0 <= share <= 1 for share in shares) or rules.latency_budget_ms <= 0:
        raise ConfigError(
            f"{path}: expected losses from 0 to 1 and a latency budget above 0, got {shares} and "
            f"{rules.latency_budget_ms:g}"
        )
    if rules.resamples < 100 or rules.least_people < 1:
        raise ConfigError(f"{path}: expected at least 100 resamples and least_people of 1")
    return rules


def parity_condition(manifest: Manifest) -> Condition:
    """A forced bundle never becomes champion."""
    parity = manifest.parity
    words = str(parity) if parity else "the bundle never passed a parity gate"
    return Condition("parity", bool(parity and parity.passed), words)


def latency_condition(subject: Subject, rules: PromotionRules) -> Condition:
    """Whether the 99th percentile, as belisha bench takes it, is within the budget."""
    closed = subject.closed
    p99 = closed.stages["total"].p99 if closed else None
    if p99 is None:
        return Condition("latency", None, "too few frames for a 99th percentile: measure longer")
    words = f"p99 {p99.value:.2f} ms, allowed {rules.latency_budget_ms:g} ms"
    if reasons := doubts(subject):
        return Condition("latency", None, f"{words}; the machine was not steady: {reasons[0]}")
    return Condition("latency", p99.value <= rules.latency_budget_ms, words)


def accuracy_conditions(comparison: Comparison, rules: PromotionRules) -> tuple[Condition, ...]:
    """Better over all frames beyond noise; in no part worse beyond the bound."""
    whole, *parts = comparison.rows
    worse = [words for row in (whole, *parts) for words in _worse(row, rules)]
    bound = f"AP50 by {rules.most_ap50_loss:g}, MR-2 by {rules.most_miss_rate_rise:g}"
    return (
        _better(whole, rules),
        Condition(
            "nowhere worse",
            not worse,
            "; ".join(worse) or f"in none of {len(parts)} parts beyond the bound ({bound})",
        ),
    )


def _better(whole: Row, rules: PromotionRules) -> Condition:
    change = whole.change["ap50"]
    if change.value is None or change.low is None or change.high is None:
        return Condition("better", None, f"AP50: {change.reason}")
    words = f"AP50 {change.value:+.4f} [{change.low:+.4f}, {change.high:+.4f}]"
    if whole.people < rules.least_people:
        return Condition("better", None, f"{words}, but only {whole.people} people")
    return Condition("better", change.low > 0, words)


def _worse(row: Row, rules: PromotionRules) -> list[str]:
    """Figures of a cell that are worse than allowed."""
    limits = {
        "ap50": Limit(-rules.most_ap50_loss, 0.0, more_is_worse=False),
        "miss_rate": Limit(rules.most_miss_rate_rise, 0.0, more_is_worse=True),
    }
    enough, whole = row.people >= rules.least_people, row.cell == WHOLE
    judged = {
        name: judge(row.change[name], limit, enough=enough, whole=whole)
        for name, limit in limits.items()
    }
    return [
        f"{row.cell}: {name.replace('_', ' ')} {figure.estimate.value:+.4f}"
        for name, figure in judged.items()
        if figure.verdict == "failed" and figure.estimate.value is not None
    ]
