"""What a bundle's scores and threshold are worth, in words: for the terminal and the model card."""

from __future__ import annotations

from belisha.manifest import Manifest
from export.scores import Settled
from training.evaluation.reliability_report import ece_words


def score_rows(settled: Settled, manifest: Manifest) -> list[tuple[str, str]]:
    """Label and words of each line."""
    rows = [("scores", calibration_words(settled)), ("threshold", threshold_words(settled))]
    record = manifest.at_threshold
    if record is None:
        return rows
    return rows + [(flavour, str(figure)) for flavour, figure in record.flavours.items()]


def calibration_words(settled: Settled) -> str:
    """The calibration, and what it was seen to be worth on drives that it was not fitted on."""
    own, calibration = settled.own, settled.calibration
    if own is None:
        return "not calibrated: there are no frames to fit on"
    if calibration.is_identity:
        return f"not calibrated: too few hits or false alarms; ECE {ece_words(own.all)}"
    words = f"temperature {calibration.temperature:.4g}, offset {calibration.offset:+.4g}; ECE "
    if own.all_fitted is None or own.surest_fitted is None:
        return f"{words}{ece_words(own.all)} before, and could not be tried on other drives"
    return (
        f"{words}{ece_words(own.all)} -> {ece_words(own.all_fitted)}, of the surest "
        f"{ece_words(own.surest)} -> {ece_words(own.surest_fitted)}, tried crosswise"
    )


def threshold_words(settled: Settled) -> str:
    """The threshold and why."""
    if settled.rate is None:
        return f"{settled.threshold:.4g}, not chosen here"
    return (
        f"{settled.threshold:.4g}, the lowest with at most {settled.rate:g} false positives per "
        "image"
    )


def card_section(settled: Settled, manifest: Manifest) -> str:
    """The part of the model card that a build writes, in Markdown."""
    lines = [
        "## Scores and threshold",
        "",
        "Written by the build. "
        "A score is meant to be the chance that the box holds a person (IoU .5).",
        "",
        f"- scores: {calibration_words(settled)}",
        f"- threshold: {threshold_words(settled)}",
    ]
    record = manifest.at_threshold
    if record is not None:
        lines += [
            f"- seen {record}, the frames that all this was fitted on; [ ] are 95 % intervals",
            "",
            "| flavour | recall | false positives per image |",
            "|---|---|---|",
        ]
        lines += [
            f"| {flavour} | {one.recall} | {one.false_positives_per_image} |"
            for flavour, one in record.flavours.items()
        ]
    return "\n".join(lines) + "\n"
