"""The gate as the build asks it: flavours that are still in memory, against the torch network."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from belisha.boxes import Boxes
from belisha.bundle import Bundle, write_bundle
from belisha.calibration import OWN, Calibration
from belisha.manifest import Flavour, Manifest
from export.flavours import ORDER, open_flavour
from export.parity.gate import Parity, compare, nothing_compared
from export.parity.pictures import changes, changes_sheet
from export.parity.rules import Rules
from export.parity.sightings import Detect, Sightings, sight
from export.scratch import scratch
from training.data.coco import Dataset
from training.evaluation.cells import make_cells

REFERENCE = "torch"
MOST_PICTURES = 20
"""Of changed detections, a flavour."""


@dataclass(frozen=True, eq=False)
class Checked:
    """What the gate says, and what it saw.

    Attributes:
        parity: the verdict.
        detections: detector -> boxes by frame; the reference is called `torch`.
    """

    parity: Parity
    detections: Mapping[str, tuple[Boxes, ...]]

    def sheets(self) -> dict[Flavour, bytes]:
        """Flavour -> a JPEG of detections that changed; only of those where some did."""
        sheets = {}
        for flavour, agreement in self.parity.agreements.items():
            pair = self.detections[REFERENCE], self.detections[flavour]
            found = changes(agreement, *pair, MOST_PICTURES)
            if found:
                lost = sum(change.kind == "lost" for change in found)
                title = f"{flavour}: {lost} lost, {len(found) - lost} new are shown"
                sheets[flavour] = changes_sheet(found, self.parity.samples, title)
        return sheets


def check_flavours(
    reference: Detect,
    manifest: Manifest,
    files: Mapping[str, bytes],
    dataset: Dataset | None,
    rules: Rules,
) -> Checked:
    """Compare every flavour with the trained network.

    Args:
        reference: the network in fp32, calibrated as they are, reporting from `least_score` on.
        manifest: of the bundle to be; its golden frames are not needed yet.
        files: path -> content, the models among them.
        dataset: frames with their truth; nothing where there are none.
        rules: what is allowed.

    Raises:
        DatasetError: a picture cannot be read.
        EngineError: a flavour does not run.
        UsageError: there is no room for a draft.
    """
    if dataset is None:
        return Checked(nothing_compared(REFERENCE, manifest.threshold, rules), {})
    with scratch("parity") as folder:
        draft = write_bundle(folder / "draft.bundle", manifest, files)
        return compare_bundle(reference, draft, dataset, rules)


def compare_bundle(reference: Detect, bundle: Bundle, dataset: Dataset, rules: Rules) -> Checked:
    """As `check_flavours`, for a bundle that lies on disk."""
    flavours = [flavour for flavour in ORDER if flavour in bundle.manifest.models]
    with ExitStack() as stack:
        detectors: dict[str, Detect] = {REFERENCE: reference}
        for flavour in flavours:
            detectors[flavour] = stack.enter_context(open_flavour(bundle, flavour))
        seen = sight(detectors, dataset.samples)
    manifest = bundle.manifest
    return judge_sightings(
        seen, flavours, dataset, manifest.threshold, rules, manifest.head.calibration
    )


def judge_sightings(
    seen: Sightings,
    flavours: list[Flavour],
    dataset: Dataset,
    threshold: float,
    rules: Rules,
    calibration: Calibration = OWN,
) -> Checked:
    """The verdict on what was seen."""
    parity = compare(
        seen.detections[REFERENCE],
        {flavour: seen.detections[flavour] for flavour in flavours},
        dataset.samples,
        make_cells(seen.conditions, rules.conditions, rules.heights),
        names=(REFERENCE, dataset.name),
        threshold=threshold,
        rules=rules,
        calibration=calibration,
    )
    return Checked(parity, seen.detections)
