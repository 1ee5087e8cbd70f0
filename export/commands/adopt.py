"""Make a bundle of a foreign detector's ONNX file.

Examples:
  python -m export adopt nanodet_m.onnx --head nanodet --out nanodet.bundle
  python -m export adopt yolo11n.onnx --head yolov8 --out yolo11n.bundle --licence AGPL-3.0
  python -m export adopt citypersons.onnx --head yolov8 --person pedestrian --out city.bundle
  python -m export adopt dynamic.onnx --head yolov8 --size 416x320 --out dynamic.bundle
  python -m export adopt nanodet_m.onnx --head nanodet --out nanodet.bundle --golden street.jpg

Heads:
  nanodet     NanoDet, first generation: scores and binned sides at strides 8, 16, 32
  picodet     PicoDet without its suppression: the same, and stride 64
  yolov8      Ultralytics YOLOv8, 11 and others of one output (1, 4 + classes, N)
  fastestdet  FastestDet: one output (1, 5 + classes, rows, columns)

The weights stay as they are. The graph gets another input, the camera's bytes, with the detector's
own normalisation behind it, and other outputs, scores and boxes of the person class alone. Golden
frames travel in the bundle so that a device can prove that it finds the same: give two or three
photographs of people that you may pass on.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from belisha.cli.dispatch import Outcome
from export.adopt import Adoption, Request, adopt
from export.commands.size_option import parse_size
from export.heads import NAMES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("model", type=Path, metavar="MODEL.onnx", help="the foreign detector")
    parser.add_argument("--head", required=True, choices=NAMES, help="the family that it is of")
    parser.add_argument("--out", required=True, type=Path, metavar="X.bundle", help="write this")
    parser.add_argument(
        "--person",
        default="person",
        metavar="NAME|INDEX",
        help="the class to keep (default: person)",
    )
    parser.add_argument(
        "--classes",
        type=Path,
        metavar="FILE",
        help="class names, one a line (default: as the ONNX file says, else COCO's 80)",
    )
    parser.add_argument("--name", help="name of the model (default: the file's)")
    parser.add_argument(
        "--licence", help="licence of the weights (default: as the ONNX file says, else unknown)"
    )
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help="least score that the bundle reports (default: what suits the head)",
    )
    parser.add_argument(
        "--golden",
        nargs="+",
        type=Path,
        default=[],
        metavar="IMAGE",
        help="pictures for the golden check (default: drawn ones, which prove less)",
    )
    parser.add_argument(
        "--size",
        type=parse_size,
        metavar="WxH",
        help="size of the input in pixels, for a file that leaves it open",
    )


def run(arguments: argparse.Namespace) -> Outcome:
    """Adopt, summarise."""
    request = Request(
        model=arguments.model,
        head=arguments.head,
        person=arguments.person,
        classes=arguments.classes,
        name=arguments.name,
        licence=arguments.licence,
        threshold=arguments.threshold,
        golden=tuple(arguments.golden),
        size=arguments.size,
    )
    adoption = adopt(request, arguments.out)
    for label, value in _rows(adoption):
        print(f"{label:10} {value}")
    if not request.golden:
        print(
            "warning: the golden frames are drawings without people, so the check proves little: "
            "give photographs of people with --golden",
            file=sys.stderr,
        )
    if not any(verdict.expected for verdict in adoption.verdicts):
        print(
            "warning: the model finds nothing on the golden frames, so there is nothing to "
            "compare: give photographs of people with --golden",
            file=sys.stderr,
        )
    return Outcome(_document(adoption))


def _rows(adoption: Adoption) -> list[tuple[str, str]]:
    """What people want to know."""
    manifest, person = adoption.bundle.manifest, adoption.person
    frame, golden = manifest.preprocessing, manifest.golden
    fit = frame.fit if frame.fit == "stretch" else f"{frame.fit} {frame.align}, pad {frame.pad}"
    boxes = sum(verdict.expected for verdict in adoption.verdicts)
    return [
        ("written", str(adoption.bundle.path)),
        ("name", manifest.name),
        ("input", f"uint8 (1, {frame.height}, {frame.width}, 3), {frame.colour}, {fit}"),
        ("outputs", ", ".join(map(str, adoption.outputs))),
        ("classes", f"{person.classes}; their names: {person.source}"),
        ("person", f"class {person.index}" + (f", {person.name!r}" if person.name else "")),
        ("threshold", f"{manifest.threshold:g}"),
        ("licence", manifest.licence),
        ("golden", f"{len(golden.frames)} frames, {boxes} boxes from {golden.threshold:g}, passed"),
        ("next", f"belisha check {adoption.bundle.path}"),
    ]


def _document(adoption: Adoption) -> dict[str, object]:
    """What programs want to know."""
    manifest, person = adoption.bundle.manifest, adoption.person
    return {
        "path": str(adoption.bundle.path),
        "digest": adoption.bundle.digest,
        "name": manifest.name,
        "licence": manifest.licence,
        "input": [1, manifest.preprocessing.height, manifest.preprocessing.width, 3],
        "outputs": {output.name: list(output.shape) for output in adoption.outputs},
        "person": {
            "index": person.index,
            "name": person.name,
            "classes": person.classes,
            "source": person.source,
        },
        "threshold": manifest.threshold,
        "golden": {
            "threshold": manifest.golden.threshold,
            "frames": [
                {"origin": verdict.origin, "boxes": verdict.expected, "passed": verdict.passed}
                for verdict in adoption.verdicts
            ],
        },
    }
