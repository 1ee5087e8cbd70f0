"""Building: a checkpoint becomes a bundle with all flavours.

checkpoint -> fold -> float ONNX -> calibrate on training frames -> plan -> both INT8 flavours
    -> golden frames -> bundle, tried before it is put in place
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx

from belisha.bundle import Bundle
from belisha.decode import SCORES
from belisha.detector import Detector
from belisha.errors import EngineError, UsageError
from belisha.frames import Image, Preprocessing
from belisha.golden import GoldenVerdict
from belisha.manifest import FORMAT, Flavour, Golden, Manifest
from export.calibration_inputs import calibration_inputs
from export.emit_cpu import emit_cpu
from export.emit_tensorrt import emit_tensorrt
from export.float_model import export_float
from export.golden import Picture
from export.plan import Plan
from export.planning import make_plan
from export.proof import prove
from training.checkpoint import Checkpoint, read_checkpoint

FLOAT, CPU, TENSORRT = "models/float.onnx", "models/int8_cpu.onnx", "models/int8_tensorrt.onnx"
PLAN, CARD, EVALUATION = "plan.json", "model_card.md", "evaluation.json"
INT8_MIN_IOU, INT8_MAX_SCORE_DIFFERENCE = 0.75, 0.15
"""How far INT8 may be from the float model on a golden frame; the parity gate is to be stricter."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to build, and how.

    Attributes:
        checkpoint: of `python -m training train`.
        name: of the model in the bundle.
        licence: of the weights.
        threshold: least score to report.
        size: width and height of the input; the checkpoint's, if absent.
        frames: number of training frames for calibration.
        golden: pictures for the golden check.
        without: flavours to leave out of the bundle.
        card: text of the model card.
    """

    checkpoint: Path
    name: str
    licence: str
    threshold: float
    size: tuple[int, int] | None
    frames: int
    golden: tuple[Picture, ...]
    card: str
    without: tuple[Flavour, ...] = ()


@dataclass(frozen=True)
class Built:
    """What came of it: the bundle, its plan, and the golden check with the CPU's INT8 flavour."""

    bundle: Bundle
    plan: Plan
    verdicts: tuple[GoldenVerdict, ...]


def build(request: Request, out: Path, say: Callable[[str], None]) -> Built:
    """Make a bundle of a checkpoint and write it to `out`.

    Args:
        request: what to build.
        out: where to.
        say: is told what is being done.

    Raises:
        UsageError: the checkpoint or an argument cannot be used.
        DatasetError: the training data, needed for calibration, cannot be read.
        EngineError: a flavour does not run, or finds something else than the float model.
    """
    checkpoint = read_checkpoint(request.checkpoint)
    preprocessing = _preprocessing(checkpoint, request.size)
    inputs = calibration_inputs(checkpoint, preprocessing, request.frames)
    say("folding, exporting to ONNX")
    model = export_float(checkpoint.network().folded(), preprocessing)
    tuning = checkpoint.metadata.config.tuning
    tuned = tuning.scales if tuning else None
    plan = make_plan(model, inputs, checkpoint.metadata.layout, preprocessing, say, tuned)
    say("emitting both INT8 flavours")
    files = {
        FLOAT: _bytes(model),
        CPU: _bytes(emit_cpu(model, plan)),
        TENSORRT: _bytes(emit_tensorrt(model, plan)),
        PLAN: plan.to_json(),
        CARD: request.card.encode(),
        EVALUATION: json.dumps(_record(checkpoint), indent=1).encode(),
    }
    say("proving it on golden frames")
    manifest = _manifest(request, checkpoint, preprocessing)
    proven = prove(manifest, files, request.golden, _check_alive, request.without)
    return Built(proven.write(out), plan, proven.verdicts)


def _preprocessing(checkpoint: Checkpoint, size: tuple[int, int] | None) -> Preprocessing:
    """The checkpoint's, at another size if one was asked for: the network is convolutional."""
    trained = checkpoint.metadata.preprocessing
    if size is None:
        return trained
    if any(side < 32 or side % 32 for side in size):
        raise UsageError(f"expected --size in multiples of 32, got {size[0]}x{size[1]}")
    return replace(trained, width=size[0], height=size[1])


def _manifest(request: Request, checkpoint: Checkpoint, preprocessing: Preprocessing) -> Manifest:
    """The manifest, still without golden frames."""
    metadata = checkpoint.metadata
    digest = hashlib.sha256(request.checkpoint.read_bytes()).hexdigest()
    return Manifest(
        format=FORMAT,
        name=request.name,
        origin=(
            f"trained by Belisha at commit {metadata.commit or 'unknown'}: {metadata.config.size}, "
            f"{metadata.progress.examples} examples; checkpoint sha256 {digest}"
        ),
        licence=request.licence,
        preprocessing=preprocessing,
        preprocessing_digest=preprocessing.digest,
        head=metadata.layout,
        threshold=request.threshold,
        models={"float": FLOAT, "int8_cpu": CPU, "int8_tensorrt": TENSORRT},
        golden=Golden(
            threshold=request.threshold,
            min_iou=INT8_MIN_IOU,
            max_score_difference=INT8_MAX_SCORE_DIFFERENCE,
            frames=(),
        ),
        files={},
        model_card=CARD,
        evaluation=EVALUATION,
        data_fingerprints=dict(metadata.fingerprints),
    )


def _record(checkpoint: Checkpoint) -> dict[str, object]:
    """What the training run measured of the float network."""
    return {
        "measured": "AP50 of the float network during training, at the training input's size",
        "ap50": checkpoint.metadata.figures,
    }


def _check_alive(detector: Detector, network_input: Image) -> None:
    """Another input must give another output, or the flavour is a constant."""
    first = detector.infer(network_input)[SCORES].copy()
    second = detector.infer(255 - network_input)[SCORES]
    if np.array_equal(first, second):
        raise EngineError("the INT8 flavour gives the same output for different pictures")


def _bytes(model: onnx.ModelProto) -> bytes:
    """Equal models give equal bytes."""
    return bytes(model.SerializeToString(deterministic=True))
