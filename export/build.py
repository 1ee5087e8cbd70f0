"""Building: a checkpoint becomes a bundle with all flavours, or a reason why not.

checkpoint -> fold -> float ONNX -> plan on training frames -> both INT8 flavours -> lint, oracle
    -> scores and threshold on validation frames -> parity gate -> golden frames -> bundle, tried
    before it is put in place
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from belisha.bundle import Bundle
from belisha.calibration import OWN, Calibration
from belisha.decode import SCORES
from belisha.detector import Detector
from belisha.errors import EngineError, UsageError
from belisha.frames import Image, Preprocessing
from belisha.golden import GoldenVerdict
from belisha.manifest import FORMAT, Flavour, Golden, Manifest, ThresholdRecord
from belisha.manifest import Parity as ParityRecord
from export.calibration_inputs import calibration_inputs
from export.emit_cpu import emit_cpu
from export.emit_tensorrt import emit_tensorrt
from export.evaluation import evaluation_record
from export.float_model import export_float
from export.golden import Picture
from export.inspection import Oracle, inspect, oracle_sentence
from export.layout import read_layout
from export.lineage import lineage
from export.oracle import OracleRecord
from export.parity.check import Checked, check_flavours
from export.parity.rules import Rules
from export.parity.sightings import gathered
from export.parity.tables import sentence
from export.plan import Plan, check_plan, read_plan
from export.planning import make_plan
from export.proof import prove
from export.score_words import card_section
from export.scores import Settled, settle, threshold_record, unmeasured
from training.checkpoint import Checkpoint, read_checkpoint
from training.config import read_sources
from training.data.coco import Dataset
from training.evaluation.evaluate import detect, least_score
from training.model import GROUP, LEAST_SIDE, Network, fits
from training.torch_detector import TorchDetector

FLOAT, CPU, TENSORRT = "models/float.onnx", "models/int8_cpu.onnx", "models/int8_tensorrt.onnx"
PLAN, CARD, EVALUATION, LINEAGE = "plan.json", "model_card.md", "evaluation.json", "lineage.json"
PARITY, ORACLE = "parity.json", "oracle.json"
INT8_MIN_IOU, INT8_MAX_SCORE_DIFFERENCE = 0.75, 0.15
"""How far a device may be from the float model on a golden frame: it finds a broken engine there,
after the parity gate has found here what INT8 costs."""
MOST_FAILURES = 10
"""That the manifest repeats; parity.json has all."""


@dataclass(frozen=True)
class Forced:
    """Who wants a bundle that the parity gate refuses, and why.

    Raises:
        UsageError: nobody's name, or no reason.
    """

    who: str
    reason: str

    def __post_init__(self) -> None:
        for option in ("who", "reason"):
            text = getattr(self, option)
            if not (text.strip() and text.isprintable()):
                raise UsageError(
                    f"--force: expected --{option} as one line of text, got {text!r}: it stays in "
                    "the bundle and is shown wherever the bundle is"
                )


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to build, and how.

    Attributes:
        checkpoint: of `python -m training train`.
        name: of the model in the bundle.
        licence: of the weights.
        threshold: least score to report; chosen for a rate of false positives, if absent.
        rate: false positives per image to choose it for; the default one, if absent.
        size: width and height of the input; the checkpoint's, if absent.
        frames: number of training frames for calibration.
        plan: file with the plan to use; a new one is made, if absent.
        oracle: whether and how to ask NVIDIA's compiler.
        golden: pictures for the golden check.
        card: text of the model card.
        rules: of the parity gate.
        compare_on: frames for the gate; the checkpoint's validation data, if absent.
        compare_frames: no more of them than this; all, if absent.
        forced: who answers for a bundle that the gate refuses; nobody, if absent.
        without: flavours to leave out of the bundle.
    """

    checkpoint: Path
    name: str
    licence: str
    size: tuple[int, int] | None
    frames: int
    golden: tuple[Picture, ...]
    card: str
    rules: Rules
    threshold: float | None = None
    rate: float | None = None
    plan: Path | None = None
    oracle: Oracle = field(default_factory=Oracle)
    compare_on: Dataset | None = None
    compare_frames: int | None = None
    forced: Forced | None = None
    without: tuple[Flavour, ...] = ()


@dataclass(frozen=True, eq=False)
class Draft:
    """All that a bundle needs but golden frames, and what was found out on the way.

    Attributes:
        manifest, files: of the bundle; every flavour is among the files.
        plan: of quantisation.
        oracle: what NVIDIA's compiler says.
        settled: what scores say, and the threshold.
        checked: what the parity gate says.
        dataset: the frames of both; nothing where there are none.
    """

    manifest: Manifest
    files: dict[str, bytes]
    plan: Plan
    oracle: OracleRecord
    settled: Settled
    checked: Checked
    dataset: Dataset | None


@dataclass(frozen=True, eq=False)
class Built:
    """What came of it.

    Attributes:
        draft: as it went into the gate.
        bundle: as it lies on disk; nothing if the parity gate refused it.
        verdicts: of the golden check with the CPU's INT8 flavour; none without a bundle.
    """

    draft: Draft
    bundle: Bundle | None = None
    verdicts: tuple[GoldenVerdict, ...] = ()


def build(request: Request, out: Path, say: Callable[[str], None]) -> Built:
    """Make a bundle of a checkpoint and write it to `out`, unless the parity gate refuses it.

    Args:
        request: what to build.
        out: where to.
        say: is told what is being done.

    Raises:
        UsageError: the checkpoint or an argument cannot be used, or `out` cannot be written.
        DatasetError: data for calibration or comparison cannot be read.
        EngineError: a flavour does not run, or finds something else on the golden frames.
    """
    _check_place(request, out)
    draft = make_draft(request, say)
    if not draft.checked.parity.passed and request.forced is None:
        return Built(draft)
    say("proving it on golden frames")
    proven = prove(draft.manifest, draft.files, request.golden, _check_alive, request.without)
    return Built(draft, proven.write(out), proven.verdicts)


def _check_place(request: Request, out: Path) -> None:
    """Refuse what would only fail after the long part."""
    if out.resolve() == request.checkpoint.resolve():
        raise UsageError(f"--out {out} is the checkpoint: name another file")
    existing = next(path for path in out.absolute().parents if path.exists())
    if out.is_dir() or not existing.is_dir() or not os.access(existing, os.W_OK):
        raise UsageError(f"--out {out}: expected a file in a folder that can be written")


def make_draft(request: Request, say: Callable[[str], None]) -> Draft:
    """Everything up to the verdict of the parity gate; see `build`."""
    checkpoint = read_checkpoint(request.checkpoint)
    network = checkpoint.network()
    preprocessing = _preprocessing(checkpoint, request.size)
    dataset = comparison_data(checkpoint, request.compare_on, request.compare_frames)
    say("folding, exporting to ONNX")
    model = export_float(network.folded(), preprocessing)
    plan = _plan(request, checkpoint, model, preprocessing, say)
    say("emitting both INT8 flavours")
    cpu, tensorrt = emit_cpu(model, plan), emit_tensorrt(model, plan)
    oracle = inspect(cpu, tensorrt, plan, request.oracle, say)
    detector = Trained(network, preprocessing)
    settled = _settle(request, detector, dataset, say)
    manifest = _manifest(request, checkpoint, preprocessing, settled)
    files = {FLOAT: _bytes(model), CPU: _bytes(cpu), TENSORRT: _bytes(tensorrt)}
    documents = {
        PLAN: plan.to_json(),
        CARD: b"",
        EVALUATION: b"{}",
        LINEAGE: _json(lineage(checkpoint, _digest(request.checkpoint))),
        ORACLE: _json(oracle.json()),
    }
    say(f"comparing with the trained network on {len(dataset or ())} frames")
    reference = detector.calibrated(settled.calibration)
    checked = check_flavours(reference, manifest, {**files, **documents}, dataset, request.rules)
    record = _threshold_record(settled, checked, dataset, request.rules)
    manifest = replace(
        manifest,
        parity=_parity_record(checked, request.forced),
        compiler=oracle_sentence(oracle),
        at_threshold=record,
    )
    figures = checkpoint.metadata.figures
    documents |= {
        PARITY: _json(checked.parity.json()),
        EVALUATION: _json(evaluation_record(checked, dataset, figures, settled)),
        CARD: (request.card.rstrip() + "\n\n" + card_section(settled, manifest)).encode(),
    }
    return Draft(manifest, {**files, **documents}, plan, oracle, settled, checked, dataset)


@dataclass(frozen=True, eq=False)
class Trained:
    """The network as it was trained, as a detector."""

    network: Network
    preprocessing: Preprocessing

    def calibrated(self, calibration: Calibration) -> TorchDetector:
        """Reporting whatever an evaluation asks for."""
        least = least_score(calibration)
        return TorchDetector(self.network, self.preprocessing, least, calibration)


def _settle(
    request: Request, detector: Trained, dataset: Dataset | None, say: Callable[[str], None]
) -> Settled:
    """What scores say, and the threshold."""
    if dataset is None:
        return unmeasured(request.threshold)
    say(f"fitting what scores say on {len(dataset)} frames")
    found = detect(detector.calibrated(OWN), dataset)
    return settle(
        found,
        dataset,
        request.rules.resampling,
        threshold=request.threshold,
        rate=request.rate,
    )


def _threshold_record(
    settled: Settled, checked: Checked, dataset: Dataset | None, rules: Rules
) -> ThresholdRecord | None:
    if dataset is None:
        return None
    found = {flavour: checked.detections[flavour] for flavour in checked.parity.agreements}
    return threshold_record(settled, found, dataset, rules.resampling)


def _plan(
    request: Request,
    checkpoint: Checkpoint,
    model: onnx.ModelProto,
    preprocessing: Preprocessing,
    say: Callable[[str], None],
) -> Plan:
    """The plan that was given, or a new one."""
    if request.plan:
        plan = read_plan(request.plan)
        check_plan(plan, read_layout(model), str(request.plan))
        return plan
    metadata = checkpoint.metadata
    inputs = calibration_inputs(checkpoint, preprocessing, request.frames)
    tuned = metadata.config.tuning.scales if metadata.config.tuning else None
    return make_plan(model, inputs, metadata.layout, preprocessing, say, tuned)


def comparison_data(
    checkpoint: Checkpoint, chosen: Dataset | None = None, limit: int | None = None
) -> Dataset | None:
    """The frames for the gate: the checkpoint's validation data, or others.

    Args:
        checkpoint: names its validation data.
        chosen: instead of them.
        limit: no more frames than this, evenly from all; every one if absent.

    Returns:
        Nothing where there are none.

    Raises:
        UsageError: the limit is none.
        DatasetError: the data cannot be read.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"expected at least 1 frame to compare on, got {limit}")
    config = checkpoint.metadata.config
    datasets = (
        [chosen]
        if chosen
        else [dataset for dataset, _ in read_sources(config.validation, config.data)]
    )
    return gathered(datasets, limit) if datasets else None


def _parity_record(checked: Checked, forced: Forced | None) -> ParityRecord:
    """What the manifest says of the gate; a bundle that needed no force was not forced."""
    parity = checked.parity
    answer = forced if forced and not parity.passed else None
    return ParityRecord(
        passed=parity.passed,
        compared=sentence(parity),
        failures=parity.failures[:MOST_FAILURES],
        forced_by=answer.who if answer else "",
        forced_because=answer.reason if answer else "",
    )


def _preprocessing(checkpoint: Checkpoint, size: tuple[int, int] | None) -> Preprocessing:
    """The checkpoint's, at another size if one was asked for: the network is convolutional."""
    trained = checkpoint.metadata.preprocessing
    if size is None:
        return trained
    if not fits(*size):
        raise UsageError(
            f"expected --size with sides from {LEAST_SIDE} on, in multiples of {GROUP}, "
            f"got {size[0]}x{size[1]}"
        )
    return replace(trained, width=size[0], height=size[1])


def _manifest(
    request: Request, checkpoint: Checkpoint, preprocessing: Preprocessing, settled: Settled
) -> Manifest:
    """The manifest, still without golden frames and the gate's verdict."""
    metadata = checkpoint.metadata
    digest = _digest(request.checkpoint)
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
        head=replace(metadata.layout, calibration=settled.calibration),
        threshold=settled.threshold,
        models={"float": FLOAT, "int8_cpu": CPU, "int8_tensorrt": TENSORRT},
        golden=Golden(
            threshold=settled.threshold,
            min_iou=INT8_MIN_IOU,
            max_score_difference=INT8_MAX_SCORE_DIFFERENCE,
            frames=(),
        ),
        files={},
        model_card=CARD,
        evaluation=EVALUATION,
        data_fingerprints=dict(metadata.fingerprints),
        lineage=LINEAGE,
    )


def _check_alive(detector: Detector, network_input: Image) -> None:
    """Another input must give another output, or the flavour is a constant."""
    first = detector.infer(network_input)[SCORES].copy()
    second = detector.infer(255 - network_input)[SCORES]
    if np.array_equal(first, second):
        raise EngineError("the INT8 flavour gives the same output for different pictures")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, indent=1, allow_nan=False).encode() + b"\n"


def _bytes(model: onnx.ModelProto) -> bytes:
    """Equal models give equal bytes."""
    return bytes(model.SerializeToString(deterministic=True))
