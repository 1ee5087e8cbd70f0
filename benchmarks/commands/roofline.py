"""Hold every layer of a model against the measured peaks of this machine.

Examples:
  python -m benchmarks roofline --bundle my.bundle
  python -m benchmarks roofline --bundle my.bundle --flavour float --threads 2 --out report/
  python -m benchmarks roofline --bundle my.bundle --top 40 --json

Measures what the machine does at best (multiply-adds in float and INT8, bytes copied from each
cache), then the model layer by layer, and lists the layers that waste most: time above what the
peaks allow. Nothing is said of a machine that this does not run on.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from belisha import champion
from belisha.bench.environment import read_environment
from belisha.bench.page import write_page
from belisha.bench.result import FORMAT, LayerCost, Peaks, Result, Roofline, Subject, write_result
from belisha.bench.words import as_text
from belisha.bundle import Bundle
from belisha.cli.dispatch import Outcome
from belisha.engines.onnx_runtime import PREFERENCE
from belisha.errors import UsageError
from belisha.manifest import Flavour
from benchmarks.machine_peaks import measure_peaks
from benchmarks.roofline import measure_roofline
from benchmarks.roofline_page import COLUMNS, layer_rows, peak_facts, roofline_report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--bundle", type=Path, metavar="FILE", help="the detector (default: the shipped champion)"
    )
    parser.add_argument(
        "--flavour", choices=PREFERENCE, help="of its models (default: all that a CPU runs)"
    )
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="(default: 1)")
    parser.add_argument("--top", type=int, default=12, metavar="N", help="layers (default: 12)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="write roofline.json and .html")


def run(arguments: argparse.Namespace) -> Outcome:
    """Measure, print, write."""
    if arguments.threads < 1 or arguments.top < 1:
        raise UsageError("expected --threads and --top of at least 1")
    bundle = Bundle.open(arguments.bundle or champion.BUNDLE)
    flavours = _flavours(bundle, arguments.flavour)
    environment = read_environment()
    print("measuring the machine's peaks", file=sys.stderr)
    peaks = measure_peaks(arguments.threads)
    rooflines = []
    for flavour in flavours:
        print(f"measuring {flavour}", file=sys.stderr)
        rooflines.append(measure_roofline(bundle, flavour, peaks))
    shape = bundle.manifest.preprocessing
    size = f"{shape.width}x{shape.height}"
    subject = Subject(name=bundle.manifest.name, input=size, digest=bundle.digest)
    result = Result(
        format=FORMAT,
        kind="roofline",
        environment=environment,
        settings={"threads": str(arguments.threads)},
        subjects=(subject,),
        rooflines=tuple(rooflines),
    )
    _print(result, peaks, arguments.top)
    if arguments.out:
        write_result(arguments.out / "roofline.json", result)
        write_page(arguments.out / "roofline.html", roofline_report(result))
        print(f"written: {arguments.out / 'roofline.html'}")
    return Outcome(result.to_document())


def _flavours(bundle: Bundle, asked: Flavour | None) -> list[Flavour]:
    known = [flavour for flavour in PREFERENCE if flavour in bundle.manifest.models]
    if asked and asked not in known:
        raise UsageError(f"{bundle.path}: expected a flavour of {', '.join(known)}, got {asked}")
    return [asked] if asked else known


def _print(result: Result, peaks: Peaks, top: int) -> None:
    print(result.environment.summary)
    for label, value in peak_facts(peaks).items():
        print(f"  {label:22} {value}")
    for roofline in result.rooflines:
        print(f"\n{summary(roofline)}")
        print(as_text(COLUMNS, layer_rows(worst(roofline, top))))


def summary(roofline: Roofline) -> str:
    """One flavour in a sentence."""
    macs = sum(layer.macs for layer in roofline.layers)
    return (
        f"{roofline.flavour}: {roofline.network_ms:.2f} ms, {roofline.ratio:.2f} times what the "
        f"peaks allow; {macs / 1e6:.0f} million multiply-adds in {len(roofline.layers)} kernels"
    )


def worst(roofline: Roofline, top: int) -> list[LayerCost]:
    """The layers that waste most."""
    return sorted(roofline.layers, key=lambda layer: -layer.wasted_ms)[:top]
