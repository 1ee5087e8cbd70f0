"""What `evaluate` measures on: a folder, or a split of a version, the sealed one for a reason."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from belisha.cli.options import open_detector
from belisha.detector import Detector, DetectorInfo
from belisha.errors import DatasetError, UsageError
from training.data.coco import Dataset, read_coco
from training.data.seal import Opening, Permit, Seal
from training.data.split import TEST, VALIDATION
from training.data.store import Store
from training.evaluation.evaluate import least_score
from training.evaluation.measurement import Evaluation
from training.evaluation.report import height_label

_LOGGED = ("ap50", "miss_rate", "precision", "recall")


@dataclass(frozen=True, eq=False)
class EvaluationData:
    """Images to measure on, and the permit to look at them if they are sealed.

    Attributes:
        dataset: its name says if the test split is spent.
        seal, permit: of the test split; nothing for other data.
    """

    dataset: Dataset
    seal: Seal | None = None
    permit: Permit | None = None

    def log(self, evaluation: Evaluation) -> dict[str, Any] | None:
        """Write the figures of a sealed split into its log; call it before anybody sees them.

        Returns:
            What the evaluation's document says of the seal; nothing for other data.
        """
        if self.seal is None or self.permit is None:
            return None
        figures = {
            f"{height_label(result)}: {name}": getattr(result, name).value
            for result in evaluation.results
            for name in _LOGGED
        }
        state = self.seal.measured(self.permit, figures)
        opening = self.permit.entry.opening
        return {**asdict(state), "opening": opening, "spent": opening > self.permit.entry.limit}


def open_for_evaluation(arguments: argparse.Namespace) -> Detector:
    """The detector of `add_detector_options`, reporting far below its threshold: average precision
    needs the whole curve.
    """
    detector = open_detector(argparse.Namespace(**{**vars(arguments), "threshold": None}))
    detector.threshold = least_score(detector.bundle.manifest.head.calibration)
    return detector


def check_folder(out: Path) -> None:
    """Refuse what would only fail after the long part.

    Raises:
        UsageError: `--out` is no folder, nor can become one.
    """
    existing = next(path for path in (out, *out.parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise UsageError(f"--out: expected a folder that can be written, got {existing}")


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """`--version`, `--split`, `--who`, `--reason`, `--openings`."""
    group = parser.add_argument_group("a store")
    group.add_argument(
        "--version", default="", metavar="NAME", help="of the data (default: the latest)"
    )
    group.add_argument(
        "--split", metavar="NAME", help=f"(default: {VALIDATION}); {TEST} is sealed: see below"
    )
    group.add_argument("--who", default="", metavar="NAME", help="who looks at the test split")
    group.add_argument("--reason", default="", metavar="TEXT", help="and why")
    group.add_argument(
        "--openings",
        type=int,
        metavar="N",
        help="looks after which the test split is spent, from now on (default: as before, or 20)",
    )


def open_data(arguments: argparse.Namespace, detector: DetectorInfo) -> EvaluationData:
    """Read what the options name; for the test split the look is logged first.

    Raises:
        UsageError: options of a store without one, or the test split without a name and a reason.
        DatasetError: the data cannot be read, or the seal is broken.
    """
    if not Store.is_store(arguments.dataset):
        if arguments.version or arguments.split:
            raise UsageError(
                f"{arguments.dataset}: expected a store, for only stores have versions and splits: "
                "make one with 'python -m training data ingest'"
            )
        return EvaluationData(read_coco(arguments.dataset).select(arguments.where))
    split = arguments.split or VALIDATION
    with Store.open(arguments.dataset) as store:
        version = store.version(arguments.version)
        if split != TEST:
            return EvaluationData(version.dataset(split, arguments.where))
        # What may be wrong is found before the look is counted.
        if not version.count([f"split={TEST}", *arguments.where]).images:
            raise DatasetError(
                f"version {version.name} has no image in {TEST} that meets {arguments.where}: "
                "the seal was not opened"
            )
        seal = Seal(store.path, arguments.openings)
        permit = seal.open(
            Opening(
                who=arguments.who,
                reason=arguments.reason,
                model=detector.name,
                model_digest=detector.digest,
                version=version.name,
                fingerprint=version.fingerprint,
            )
        )
        dataset = version.dataset(split, arguments.where, permit)
    entry = permit.entry
    spent = "SPENT, " if entry.opening > entry.limit else ""
    name = f"{dataset.name} ({spent}look {entry.opening} of {entry.limit})"
    return EvaluationData(replace(dataset, name=name), seal, permit)
