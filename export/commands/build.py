"""Make a bundle of a checkpoint: float, INT8 for CPUs, INT8 for TensorRT.

Examples:
  python -m export build runs/small/last.pt --out small.bundle
  python -m export build runs/small/last.pt --size 416x320 --threshold 0.35 --out small.bundle
  python -m export build runs/small/last.pt --golden street1.jpg street2.jpg --out small.bundle

Calibrates on frames of the data that the checkpoint was trained on, which must lie where its
configuration says. The INT8 flavours are post-training quantisation by one plan, which travels in
the bundle as plan.json. The flavour for TensorRT is emitted, not compiled: that is the device's
work, and it has not been tried there.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from belisha.cli.dispatch import Outcome
from belisha.errors import UsageError
from export.build import Built, Request, build
from export.commands.size_option import parse_size
from export.golden import drawn_pictures, read_pictures


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("checkpoint", type=Path, help="of 'python -m training train'")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the bundle")
    parser.add_argument("--name", help="of the model (default: the checkpoint's folder)")
    parser.add_argument(
        "--licence",
        default="research only, as are some of the data",
        help="of the weights (default: research only)",
    )
    parser.add_argument("--threshold", type=float, default=0.4, help="least score to report")
    parser.add_argument(
        "--size", type=parse_size, metavar="WxH", help="of the input (default: as trained)"
    )
    parser.add_argument("--frames", type=int, default=96, help="to calibrate on (default: 96)")
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


def run(arguments: argparse.Namespace) -> Outcome:
    """Build, summarise."""
    if not 0 < arguments.threshold < 1:
        raise UsageError(f"expected a threshold between 0 and 1, got {arguments.threshold}")
    request = Request(
        checkpoint=arguments.checkpoint,
        name=arguments.name or arguments.checkpoint.resolve().parent.name,
        licence=arguments.licence,
        threshold=arguments.threshold,
        size=arguments.size,
        frames=arguments.frames,
        golden=read_pictures(arguments.golden) or drawn_pictures(),
        card=_card(arguments.card),
        without=tuple(arguments.without),
    )
    built = build(request, arguments.out, lambda text: print(text, file=sys.stderr))
    _print_summary(built)
    return Outcome(_document(built))


def _card(path: Path | None) -> str:
    if path is None:
        return "# Model card\n\nNone was given. Not a safety device.\n"
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error


def _print_summary(built: Built) -> None:
    manifest = built.bundle.manifest
    layers = Counter(layer.precision for layer in built.plan.layers.values())
    passed = sum(verdict.passed for verdict in built.verdicts)
    print(f"written    {built.bundle.path}")
    print(f"input      {manifest.preprocessing.width}x{manifest.preprocessing.height}")
    for flavour, path in manifest.models.items():
        print(f"{flavour:14} {manifest.files[path].bytes / 1e6:.2f} MB")
    print(f"plan       {layers['int8']} convolutions in INT8, {layers['float']} in float")
    print(f"golden     {passed} of {len(built.verdicts)} frames agree with the float model")
    print(f"next       belisha check {built.bundle.path}")


def _document(built: Built) -> dict[str, object]:
    layers = Counter(layer.precision for layer in built.plan.layers.values())
    return {
        "bundle": str(built.bundle.path),
        "digest": built.bundle.digest,
        "layers": dict(layers),
        "golden_passed": all(verdict.passed for verdict in built.verdicts),
    }
