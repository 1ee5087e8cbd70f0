"""Ultralytics' small detectors, from their own package in their own environment.

Their code is AGPL: it is never imported here, never shipped, and only writes ONNX files in a
process of its own. Their weights cannot be had offline, so the networks get random ones: that is
right for latency and for nothing else, and it is said so wherever a figure stands.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from belisha.bundle import Bundle
from belisha.errors import EngineError
from export.adopt import Request, adopt

MODELS = ("yolov8n", "yolo11n", "yolo26n")
PACKAGES = ("torch==2.13.0", "torchvision==0.28.0", "ultralytics", "onnx", "onnxslim")
ENVIRONMENT = "ultralytics"
NOTE = "random weights: latency only; nothing is found, so suppression costs it nothing"
_TIMEOUT_S = 900

_EXPORT = """
import sys
from pathlib import Path
import torch
from ultralytics import YOLO
torch.manual_seed(0)
torch.set_num_threads(1)
name, width, height, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
model = YOLO(f"{name}.yaml")
options = dict(format="onnx", imgsz=(height, width), opset=17, simplify=True, verbose=False)
if hasattr(model.model.model[-1], "one2one_cv2"):
    options["end2end"] = False
try:
    made = model.export(**options)
except SyntaxError:
    options.pop("end2end", None)
    model.model.model[-1].end2end = False
    made = model.export(**options)
Path(made).replace(folder / f"{name}.onnx")
"""
"""Runs over there."""


def ultralytics_bundle(python: Path, name: str, size: tuple[int, int], folder: Path) -> Bundle:
    """Export a network with random weights over there, adopt it here.

    Args:
        python: interpreter of an environment with `PACKAGES`.
        name: one of `MODELS`.
        size: width and height of the input.
        folder: where to.

    Raises:
        EngineError: the export failed; the message has its last line.
        UsageError: the file is not what is known of Ultralytics.
    """
    width, height = size
    try:
        done = subprocess.run(  # noqa: S603  # an interpreter that the user chose, no shell
            [str(python), "-c", _EXPORT, name, str(width), str(height), str(folder)],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
            cwd=folder,
        )
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"{name}: no export within {_TIMEOUT_S} s") from error
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).rpartition("\n")[2]
        raise EngineError(f"{name}: Ultralytics' export failed: {last}")
    request = Request(
        model=folder / f"{name}.onnx",
        head="yolov8",
        person="0",  # a network from a YAML file numbers its classes as COCO does
        name=f"{name} {width}x{height}",
        licence="AGPL-3.0; random weights",
    )
    return adopt(request, folder / f"{name}-{width}x{height}.bundle").bundle
