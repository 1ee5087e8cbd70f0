"""Make a bundle of a checkpoint: float, INT8 for CPUs, INT8 for TensorRT, if they are as good.

Examples:
  python -m export build runs/small/last.pt --out small.bundle
  python -m export build runs/small/last.pt --size 480x360 --out small.bundle
  python -m export build runs/small/last.pt --false-positives-per-image 0.5 --out small.bundle
  python -m export build runs/small/last.pt --golden street1.jpg street2.jpg --out small.bundle
  python -m export build runs/small/last.pt --data data/street --where split=val --out small.bundle
  python -m export build runs/small/last.pt --plan plan.json --rules mine.yaml --out small.bundle
  python -m export build runs/small/last.pt --force --who Ada --reason 'bench only' --out x.bundle

Calibrates on frames of the data that the checkpoint was trained on, which must lie where its
configuration says, and makes one plan for both INT8 flavours, which travels in the bundle as
plan.json; --plan gives one back. Both are checked against the rules of their engines, and NVIDIA's
compiler judges the one for TensorRT, where it is installed.

On the checkpoint's validation frames (or --data) the trained network's scores are calibrated, so
that of detections scored .7 seven in ten are people, and the threshold is chosen: the lowest that
costs no more than one false positive per image, or another rate, or just --threshold. What each
flavour finds and falsely reports from there on stands in the bundle, with intervals.

Then the parity gate compares every flavour with the trained network on the same frames: the same
detections, as good against the truth, over all frames, for each size of people and each condition.
If it fails there is no bundle: the table and pictures of what changed are in the report, and the
exit code is 3. --force makes the bundle all the same, with a name and a reason that stay in it for
ever.

The flavour for TensorRT is compared as ONNX Runtime computes it, without optimisations; on the
device it is compiled, and belisha check repeats the golden frames there.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from belisha.cli.dispatch import Outcome
from belisha.errors import EXIT_OK, EXIT_REFUSED, UsageError
from belisha.report import write_report
from export.build import Built, Forced, Request, build
from export.build_page import build_report
from export.commands.size_option import parse_size
from export.golden import drawn_pictures, read_pictures
from export.inspection import Oracle
from export.parity.rules import read_rules
from export.parity.tables import MOST_SHOWN, as_lines, sentence
from export.score_words import score_rows
from export.scores import DEFAULT_RATE
from training.commands.data.store_option import add_where_option
from training.data.coco import Dataset, read_coco
from training.evaluation.operating_table import check_rate


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("checkpoint", type=Path, help="of 'python -m training train'")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the bundle")
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help="HTML (default: beside the bundle)"
    )
    parser.add_argument("--name", help="of the model (default: the checkpoint's folder)")
    parser.add_argument(
        "--licence",
        default="research only, as are some of the data",
        help="of the weights (default: research only)",
    )
    point = parser.add_mutually_exclusive_group()
    point.add_argument(
        "--false-positives-per-image",
        type=float,
        metavar="R",
        help=f"choose the threshold for at most so many (default: {DEFAULT_RATE:g})",
    )
    point.add_argument(
        "--threshold", type=float, metavar="T", help="least score to report, after calibration"
    )
    parser.add_argument(
        "--size", type=parse_size, metavar="WxH", help="of the input (default: as trained)"
    )
    parser.add_argument("--frames", type=int, default=96, help="to calibrate on (default: 96)")
    parser.add_argument(
        "--plan", type=Path, metavar="FILE", help="of 'export plan' (default: a new one is made)"
    )
    parser.add_argument("--no-oracle", action="store_true", help="do not ask NVIDIA's compiler")
    parser.add_argument(
        "--oracle-python", type=Path, metavar="FILE", help="Python that has tensorrt_rtx"
    )
    parser.add_argument(
        "--golden", nargs="+", type=Path, default=[], metavar="PICTURE", help="to travel along"
    )
    parser.add_argument(
        "--without",
        nargs="+",
        default=[],
        choices=["float", "int8_tensorrt"],
        help="flavours to leave out, to save space",
    )
    parser.add_argument("--card", type=Path, metavar="FILE", help="model card, Markdown")
    _add_gate_options(parser)


def _add_gate_options(parser: argparse.ArgumentParser) -> None:
    gate = parser.add_argument_group("parity gate")
    gate.add_argument(
        "--data",
        type=Path,
        metavar="DATASET",
        help="to compare on (default: what the checkpoint was validated on)",
    )
    add_where_option(parser)
    gate.add_argument(
        "--compare-frames", type=int, metavar="N", help="no more frames than this (default: all)"
    )
    gate.add_argument(
        "--rules", type=Path, metavar="FILE", help="what is allowed (default: strict rules)"
    )
    gate.add_argument("--force", action="store_true", help="make the bundle if the gate refuses it")
    gate.add_argument("--who", default="", metavar="NAME", help="with --force: who answers for it")
    gate.add_argument("--reason", default="", metavar="TEXT", help="with --force: why")


def run(arguments: argparse.Namespace) -> Outcome:
    """Build, report, summarise."""
    request = _request(arguments)
    built = build(request, arguments.out, lambda text: print(text, file=sys.stderr))
    report = arguments.report or arguments.out.with_suffix(".html")
    try:
        write_report(report, build_report(built))
    except OSError as error:
        raise UsageError(f"--report {report}: cannot be written: {error.strerror}") from error
    print(as_lines(built.draft.checked.parity, failed_only=True))
    print()
    _print_summary(built, report)
    document = _document(built, report)
    return Outcome(document, EXIT_OK if built.bundle else EXIT_REFUSED)


def _request(arguments: argparse.Namespace) -> Request:
    if arguments.threshold is not None and not 0 < arguments.threshold < 1:
        raise UsageError(f"expected a threshold between 0 and 1, got {arguments.threshold}")
    if (rate := arguments.false_positives_per_image) is not None:
        check_rate(rate)
    if (arguments.who or arguments.reason) and not arguments.force:
        raise UsageError("--who and --reason belong to --force: add it, or leave them out")
    return Request(
        checkpoint=arguments.checkpoint,
        name=arguments.name or arguments.checkpoint.resolve().parent.name,
        licence=arguments.licence,
        threshold=arguments.threshold,
        rate=arguments.false_positives_per_image,
        size=arguments.size,
        frames=arguments.frames,
        golden=read_pictures(arguments.golden) or drawn_pictures(),
        card=_card(arguments.card),
        rules=read_rules(arguments.rules),
        plan=arguments.plan,
        oracle=Oracle(not arguments.no_oracle, arguments.oracle_python),
        compare_on=_data(arguments),
        compare_frames=arguments.compare_frames,
        forced=Forced(arguments.who, arguments.reason) if arguments.force else None,
        without=tuple(arguments.without),
    )


def _data(arguments: argparse.Namespace) -> Dataset | None:
    if arguments.data is None:
        if arguments.where:
            raise UsageError("--where chooses among the images of --data: name a data set")
        return None
    return read_coco(arguments.data).select(arguments.where)


def _card(path: Path | None) -> str:
    if path is None:
        return "# Model card\n\nNone was given. Not a safety device.\n"
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error


def _print_summary(built: Built, report: Path) -> None:
    draft = built.draft
    parity = draft.checked.parity
    layers = Counter(layer.precision for layer in draft.plan.layers.values())
    frame = draft.manifest.preprocessing
    print(f"input      {frame.width}x{frame.height}")
    for flavour, path in draft.manifest.models.items():
        print(f"{flavour:14} {len(draft.files[path]) / 1e6:.2f} MB")
    print(f"plan       {layers['int8']} convolutions in INT8, {layers['float']} in float")
    print(f"compiler   {draft.manifest.compiler}")
    for label, words in score_rows(draft.settled, draft.manifest):
        print(f"{label:10} {words}")
    print(f"parity     {sentence(parity)}")
    for failure in parity.failures[:MOST_SHOWN]:
        print(f"           {failure}")
    if (more := len(parity.failures) - MOST_SHOWN) > 0:
        print(f"           and {more} more reasons: see the report")
    print(f"report     {report}")
    if built.bundle is None:
        print("refused    no bundle was written; see the report for what changed")
        return
    if not parity.passed:
        print("FORCED     the bundle says so for ever")
    passed = sum(verdict.passed for verdict in built.verdicts)
    print(f"golden     {passed} of {len(built.verdicts)} frames agree with the float model")
    size = built.bundle.path.stat().st_size
    print(f"written    {built.bundle.path}, {size / 1e6:.2f} MB")
    print(f"next       belisha check {built.bundle.path}")


def _document(built: Built, report: Path) -> dict[str, Any]:
    draft = built.draft
    layers = Counter(layer.precision for layer in draft.plan.layers.values())
    return {
        "bundle": str(built.bundle.path) if built.bundle else None,
        "digest": built.bundle.digest if built.bundle else None,
        "bytes": built.bundle.path.stat().st_size if built.bundle else None,
        "report": str(report),
        "layers": dict(layers),
        "golden_passed": bool(built.bundle) and all(one.passed for one in built.verdicts),
        "oracle": draft.oracle.json(),
        "calibration": asdict(draft.settled.calibration),
        "threshold": draft.settled.threshold,
        "at_threshold": asdict(record) if (record := draft.manifest.at_threshold) else None,
        "parity": draft.checked.parity.json(),
        "forced": bool(built.bundle) and not draft.checked.parity.passed,
    }
