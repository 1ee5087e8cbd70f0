"""Several recipes, one budget: what is each change worth?

plan -> a configuration for each variant -> train (resumable) -> evaluate -> gains over the first
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from belisha.documents import convert, read_yaml
from belisha.errors import ConfigError, TrainingError
from training.checkpoint import read_checkpoint
from training.config import Config, checked, read_sources
from training.evaluation.bootstrap import Resampling
from training.evaluation.evaluate import LEAST_SCORE, evaluate
from training.evaluation.measurement import Estimate, Evaluation
from training.evaluation.paired import gain_in_ap50
from training.ranks import Ranks
from training.torch_detector import TorchDetector
from training.train import LAST, Summary, train

HEIGHTS = (0.0, 20.0, 50.0)
"""Of the people in the results, in pixels; 0 is everybody."""
_THRESHOLD = 0.3


@dataclass(frozen=True)
class Plan:
    """An ablation, as it stands in a YAML file.

    Attributes:
        base: the configuration that all start from, relative to the plan.
        variants: name -> what it changes of the base, in the form of the base; the first variant
            is what the others are compared with.
        change: what all of them change, the budget for example.
    """

    base: str
    variants: dict[str, dict[str, Any]]
    change: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What became of a variant.

    Attributes:
        name: of the variant.
        summary: of its training; nothing if that failed.
        evaluations: of its averaged network on each validation set.
        gains: of AP50 over the first variant, by validation set and height.
        failure: why there is no result; empty if there is one.
    """

    name: str
    summary: Summary | None
    evaluations: tuple[Evaluation, ...] = ()
    gains: tuple[tuple[Estimate, ...], ...] = ()
    failure: str = ""


def read_plan(path: Path) -> dict[str, Config]:
    """The configuration of every variant.

    Raises:
        ConfigError: plan, base or a variant breaks its schema; the message names which.
    """
    plan = read_yaml(path, Plan)
    if not plan.variants:
        raise ConfigError(f"{path}: expected at least one variant")
    base = cast(dict[str, Any], read_yaml(path.parent / plan.base, cast(Any, dict[str, Any])))
    configs = {}
    for name, change in plan.variants.items():
        if not folder_name(name):
            raise ConfigError(f"{path}: expected a name with letters or digits, got {name!r}")
        place = f"{path}: variant {name!r}"
        settings = _merged(_merged(base, plan.change), change)
        configs[name] = checked(convert(settings, Config, place), place)
    return configs


def ablate(
    configs: Mapping[str, Config], out: Path, say: Callable[[str], None] = lambda text: None
) -> list[Outcome]:
    """Train and evaluate every variant; what was done before is not done again.

    A variant whose training fails is reported as such, the others go on.

    Args:
        configs: by name of the variant; the first is what the others are compared with.
        out: a folder for each variant comes into being below it.
        say: is told what is being done.

    Raises:
        DatasetError: the data cannot be used.
        KeyboardInterrupt: after the running variant's checkpoint was written.
    """
    outcomes: list[Outcome] = []
    for number, (name, config) in enumerate(configs.items(), 1):
        say(f"variant {number} of {len(configs)}: {name}")
        folder = out / folder_name(name)
        try:
            summary = train(config, folder, Ranks())
        except TrainingError as error:
            outcomes.append(Outcome(name, None, failure=str(error)))
            continue
        evaluations = _evaluated(config, folder / LAST)
        base = next((one for one in outcomes if one.summary), None)
        gains = _gains(base.evaluations, evaluations) if base else ()
        outcomes.append(Outcome(name, summary, evaluations, gains))
    return outcomes


def folder_name(variant: str) -> str:
    """A variant's name as a folder's."""
    return re.sub(r"[^a-z0-9]+", "-", variant.lower()).strip("-")


def outcome_document(outcome: Outcome) -> dict[str, Any]:
    """An outcome as plain data."""
    results = [
        {
            "dataset": evaluation.dataset.name,
            "min_height": result.min_height,
            "people": result.people,
            "ap50": asdict(result.ap50),
            "miss_rate": asdict(result.miss_rate),
            "gain": asdict(outcome.gains[place][height]) if outcome.gains else None,
        }
        for place, evaluation in enumerate(outcome.evaluations)
        for height, result in enumerate(evaluation.results)
    ]
    return {
        "name": outcome.name,
        "failure": outcome.failure,
        "training": asdict(outcome.summary) if outcome.summary else None,
        "results": results,
    }


def _evaluated(config: Config, path: Path) -> tuple[Evaluation, ...]:
    """The averaged network of a checkpoint on every validation set."""
    network = read_checkpoint(path).network()
    detector = TorchDetector(network, config.preprocessing, LEAST_SCORE)
    return tuple(
        evaluate(
            detector,
            dataset,
            threshold=_THRESHOLD,
            min_heights=HEIGHTS,
            resampling=Resampling(),
        )
        for dataset, _ in read_sources(config.validation, config.data)
    )


def _gains(
    base: tuple[Evaluation, ...], evaluations: tuple[Evaluation, ...]
) -> tuple[tuple[Estimate, ...], ...]:
    return tuple(
        tuple(gain_in_ap50(before, after, height) for height in range(len(HEIGHTS)))
        for before, after in zip(base, evaluations, strict=True)
    )


def _merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """The base with the change's values; mappings are merged, everything else is replaced.

    A budget replaces the other kind of budget.
    """
    merged = dict(base)
    if {"minutes", "steps"} & set(change):
        merged = {key: value for key, value in merged.items() if key not in ("minutes", "steps")}
    for key, value in change.items():
        known = merged.get(key)
        both = isinstance(value, Mapping) and isinstance(known, Mapping)
        merged[key] = _merged(cast(Any, known), value) if both else value
    return merged
