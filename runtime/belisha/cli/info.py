"""Say what is in a bundle, and which engines can run it here, and why not the others.

Examples:
  belisha info
  belisha info my.bundle
  belisha info my.bundle --engine onnxruntime
  belisha info my.bundle --json
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from belisha import champion
from belisha.bundle import Bundle
from belisha.cli.dispatch import Outcome
from belisha.cli.options import add_detector_options
from belisha.engines import EngineInfo
from belisha.engines.choice import EngineReport, open_engine, survey
from belisha.manifest import Flavour, Manifest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("path", nargs="?", type=Path, metavar="BUNDLE", help="the bundle")
    add_detector_options(parser)


def run(arguments: argparse.Namespace) -> Outcome:
    """Open, verify, print."""
    bundle = Bundle.open(arguments.path or arguments.bundle or champion.BUNDLE)
    engine = _engine(bundle, arguments.engine, arguments.threads)
    engines = survey(bundle, arguments.threads)
    for label, value in [*_rows(bundle), *_engine_rows(engine), *_survey_rows(engines)]:
        print(f"{label:14} {value}")
    document = {
        "path": str(bundle.path),
        "digest": bundle.digest,
        "manifest": dataclasses.asdict(bundle.manifest),
        "engine": dataclasses.asdict(engine) if engine else None,
        "engines": [dataclasses.asdict(report) for report in engines],
    }
    return Outcome(document)


def _engine(bundle: Bundle, name: str | None, threads: int | None) -> EngineInfo | None:
    """What would run the bundle, if that was asked for."""
    if name is None and threads is None:
        return None
    engine = open_engine(bundle, name, threads).engine
    info = engine.info
    engine.close()
    return info


def _engine_rows(engine: EngineInfo | None) -> list[tuple[str, str]]:
    if engine is None:
        return []
    words = f"{engine.library}, {engine.device}, {engine.flavour}, {engine.threads} threads"
    rows = [("engine", words)]
    if engine.arithmetic:
        rows.append(("arithmetic", engine.arithmetic))
    return [*rows, ("notice", engine.notice)] if engine.notice else rows


def _survey_rows(reports: Sequence[EngineReport]) -> list[tuple[str, str]]:
    """One row an engine, in the order of choice."""
    rows = []
    for place, report in enumerate(reports, 1):
        words = f"usable: {report.info.library}, {report.info.device}" if report.info else ""
        label = "not here" if report.absent else "not usable"
        words = words or f"{label}: {report.reason}"
        rows.append(("engines" if place == 1 else "", f"{place} {report.name}: {words}"))
    return rows


def _rows(bundle: Bundle) -> list[tuple[str, str]]:
    """What people want to know."""
    manifest = bundle.manifest
    frame = manifest.preprocessing
    return [
        ("name", manifest.name),
        ("digest", bundle.digest),
        ("origin", manifest.origin),
        ("licence", manifest.licence),
        ("input", f"{frame.width}x{frame.height} {frame.colour}, {_geometry(manifest)}"),
        ("head", f"{manifest.head.boxes}, {manifest.head.scores}, strides {_strides(manifest)}"),
        ("embedding", f"{manifest.head.embedding} numbers" if manifest.head.embedding else "none"),
        ("scores", _scores(manifest)),
        *_threshold_rows(manifest),
        ("models", ", ".join(_model(bundle, flavour) for flavour in sorted(manifest.models))),
        ("golden frames", "; ".join(frame.origin for frame in manifest.golden.frames) or "none"),
        ("parity", str(manifest.parity or "not compared: no parity gate was asked")),
        ("compiler", manifest.compiler or "NVIDIA's compiler was not asked"),
        ("trained on", ", ".join(sorted(manifest.data_fingerprints)) or "not stated"),
    ]


def _scores(manifest: Manifest) -> str:
    calibration = manifest.head.calibration
    if calibration.is_identity:
        return "the network's own, not calibrated"
    return (
        f"calibrated: temperature {calibration.temperature:.4g}, offset {calibration.offset:+.4g}"
    )


def _threshold_rows(manifest: Manifest) -> list[tuple[str, str]]:
    """The threshold, and what it was seen to give."""
    record = manifest.at_threshold
    if record is None:
        return [("threshold", f"{manifest.threshold:g}")]
    figures = [("", f"{flavour}: {figure}") for flavour, figure in record.flavours.items()]
    return [("threshold", f"{manifest.threshold:g} {record}"), *figures]


def _geometry(manifest: Manifest) -> str:
    """Band, turn and fit in words."""
    frame = manifest.preprocessing
    words = [frame.fit if frame.fit == "stretch" else f"{frame.fit} {frame.align}, pad {frame.pad}"]
    if (frame.band_top, frame.band_bottom) != (0.0, 1.0):
        words.append(f"rows {frame.band_top:.0%} to {frame.band_bottom:.0%}")
    if frame.rotation:
        words.append(f"turned {frame.rotation} degrees")
    return ", ".join([*words, *(["mirrored"] if frame.mirror else [])])


def _strides(manifest: Manifest) -> str:
    return "/".join(map(str, manifest.head.strides)) or "none"


def _model(bundle: Bundle, flavour: Flavour) -> str:
    path = bundle.manifest.models[flavour]
    return f"{flavour} ({bundle.manifest.files[path].bytes / 1e6:.1f} MB)"
