"""What the gate allows, from a YAML file."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from belisha.documents import read_yaml
from belisha.errors import ConfigError
from belisha.manifest import Flavour
from training.evaluation.bootstrap import Resampling

DEFAULT = Path(__file__).with_name("rules.yaml")


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How far a flavour may be from the reference, in any cell.

    Attributes:
        least_recall: share of the reference's detections that the flavour finds.
        least_precision: share of the flavour's detections that the reference finds.
        least_iou: mean overlap of the two boxes of a person.
        most_shift: mean difference of the two scores of a person, before calibration.
        most_ap50_loss, most_miss_rate_rise: against the truth, in shares of 1.
    """

    least_recall: float
    least_precision: float
    least_iou: float
    most_shift: float
    most_ap50_loss: float
    most_miss_rate_rise: float


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The whole file; `rules.yaml` says what each entry means."""

    min_iou: float
    hysteresis: float
    least_detections: int
    least_people: int
    heights: tuple[float, ...]
    conditions: tuple[str, ...]
    float: Bounds
    int8: Bounds
    resamples: int = 1000
    seed: int = 0
    group: str | None = None

    def bounds(self, flavour: Flavour) -> Bounds:
        """Of a flavour."""
        return self.float if flavour == "float" else self.int8

    @property
    def resampling(self) -> Resampling:
        """For the intervals."""
        return Resampling(self.resamples, self.seed, self.group)


def read_rules(path: Path | None = None) -> Rules:
    """Read rules; the strict ones that come with the kit if no path is given.

    Raises:
        ConfigError: the file cannot be read, breaks the schema, or has values without sense.
    """
    path = path or DEFAULT
    rules = read_yaml(path, Rules)
    for problem in _problems(rules):
        raise ConfigError(f"{path}: {problem}")
    return rules


def _problems(rules: Rules) -> list[str]:
    """What is wrong, in words."""
    problems = [
        f"expected {kind}.{field.name} from 0 to 1, got {getattr(bounds, field.name):g}"
        for kind, bounds in (("float", rules.float), ("int8", rules.int8))
        for field in fields(bounds)
        if not 0 <= getattr(bounds, field.name) <= 1
    ]
    if not 0 < rules.min_iou <= 1:
        problems.append(f"expected min_iou above 0, at most 1; got {rules.min_iou:g}")
    if not 0 <= rules.hysteresis <= 0.2:
        problems.append(
            f"expected a hysteresis from 0 to 0.2, got {rules.hysteresis:g}: more would let "
            "people pass who are lost"
        )
    if min(rules.least_detections, rules.least_people) < 1:
        problems.append("expected least_detections and least_people of at least 1")
    if list(rules.heights) != sorted(set(rules.heights)) or any(h <= 0 for h in rules.heights):
        problems.append(f"expected heights above 0 that rise, got {list(rules.heights)}")
    if rules.resamples < 100:
        problems.append(f"expected at least 100 resamples, got {rules.resamples}")
    return problems
