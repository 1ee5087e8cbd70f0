"""The gate is able to fail: every fault that exports are known for is planted here, and caught.

A small network was really trained on coloured streets. What is compared is the runtime's own path
with one thing wrong in it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest

from belisha.boxes import Boxes
from belisha.bundle import Bundle, write_bundle
from belisha.decode import HeadLayout
from belisha.detector import Detector
from belisha.frames import FrameTransform, Image, Preprocessing
from belisha.manifest import FORMAT, Flavour, Golden, Manifest
from export.calibrate import calibrate
from export.calibration_inputs import calibration_inputs
from export.emit_cpu import emit_cpu
from export.emit_tensorrt import emit_tensorrt
from export.flavours import open_flavour
from export.float_model import export_float
from export.parity.check import REFERENCE, judge_sightings
from export.parity.gate import Parity
from export.parity.rules import read_rules
from export.parity.sightings import Detect, Sightings, sight
from export.plan import Plan, TensorPlan
from export.planning import quick_plan
from training.checkpoint import Checkpoint, read_checkpoint
from training.data.coco import Dataset, read_coco
from training.evaluation.evaluate import LEAST_SCORE
from training.torch_detector import TorchDetector

pytestmark = pytest.mark.xdist_group("exporter")  # it is slow to start: once is enough

THRESHOLD = 0.4
INT8: tuple[Flavour, ...] = ("int8_cpu", "int8_tensorrt")


@dataclass(frozen=True, eq=False)
class Bench:
    """A trained network, its frames, and what it finds on them in torch."""

    folder: Path
    checkpoint: Checkpoint
    model: onnx.ModelProto
    frames: list[Image]
    plan: Plan
    data: Dataset
    reference: Sightings

    @property
    def preprocessing(self) -> Preprocessing:
        return self.checkpoint.metadata.preprocessing

    def open(self, flavour: Flavour, plan: Plan | None = None, **changes: object) -> Detector:
        """A flavour by the runtime's own path; changes of the preprocessing may be wrong."""
        preprocessing = replace(self.preprocessing, **changes)
        bundle = self.bundle(flavour, plan or self.plan, preprocessing)
        return open_flavour(bundle, flavour)

    def bundle(self, flavour: Flavour, plan: Plan, preprocessing: Preprocessing) -> Bundle:
        emitted = {
            "float": lambda: self.model,
            "int8_cpu": lambda: emit_cpu(self.model, plan),
            "int8_tensorrt": lambda: emit_tensorrt(self.model, plan),
        }[flavour]()
        manifest = _manifest(flavour, preprocessing, self.checkpoint.metadata.layout)
        path = self.folder / f"{flavour}.bundle"
        return write_bundle(path, manifest, {"model.onnx": emitted.SerializeToString()})

    def gate(self, detectors: dict[Flavour, Detect]) -> Parity:
        """What the strict rules say, on the validation frames."""
        seen = sight(dict(detectors), self.data.samples)
        both = Sightings({**self.reference.detections, **seen.detections}, seen.conditions)
        rules = replace(read_rules(), resamples=200)
        return judge_sightings(both, list(detectors), self.data, THRESHOLD, rules).parity


def _manifest(flavour: Flavour, preprocessing: Preprocessing, head: HeadLayout) -> Manifest:
    golden = Golden(threshold=THRESHOLD, min_iou=0.5, max_score_difference=0.5, frames=())
    return Manifest(
        format=FORMAT,
        name="coloured",
        origin="trained by the tests",
        licence="none",
        preprocessing=preprocessing,
        preprocessing_digest=preprocessing.digest,
        head=head,
        threshold=THRESHOLD,
        models={flavour: "model.onnx"},
        golden=golden,
        files={},
    )


@pytest.fixture(scope="module")
def bench(coloured: Path, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    checkpoint = read_checkpoint(coloured)
    preprocessing = checkpoint.metadata.preprocessing
    network = checkpoint.network()
    model = export_float(network.folded(), preprocessing)
    frames = calibration_inputs(checkpoint, preprocessing, 24)
    data = read_coco(coloured.parents[1] / "validation")
    reference = TorchDetector(network, preprocessing, LEAST_SCORE)
    return Bench(
        folder=tmp_path_factory.mktemp("planted"),
        checkpoint=checkpoint,
        model=model,
        frames=frames,
        plan=quick_plan(model, calibrate(model, frames)),
        data=data,
        reference=sight({REFERENCE: reference}, data.samples),
    )


def reasons(parity: Parity, flavour: Flavour) -> list[str]:
    return [sentence for sentence in parity.failures if sentence.startswith(f"{flavour}, all")]


def test_without_a_fault_every_flavour_passes(bench: Bench) -> None:
    parity = bench.gate({name: bench.open(name) for name in ("float", *INT8)})
    assert parity.failures == ()
    assert [row.cell for row in parity.rows].count("light=night") == 3
    assert all(row.detections > 100 for row in parity.rows if row.cell == "all")


def test_a_wrong_colour_order_is_caught(bench: Bench) -> None:
    parity = bench.gate({name: bench.open(name, colour="rgb") for name in ("float", "int8_cpu")})
    assert reasons(parity, "float")
    assert reasons(parity, "int8_cpu")


class OtherPixels:
    """A detector whose frames are prepared by somebody else; its boxes are led back as ever."""

    def __init__(self, detector: Detector, prepare: Callable[[Image, FrameTransform], Image]):
        self._detector, self._prepare = detector, prepare

    def __call__(self, image_bgr: Image) -> Boxes:
        right, transform = self._detector.prepare(image_bgr)
        wrong = self._prepare(image_bgr, transform)
        assert wrong.shape == right.shape
        return self._detector.decode(self._detector.infer(wrong), transform)


def test_a_picture_at_the_wrong_side_of_the_letterbox_is_caught(bench: Bench) -> None:
    aside = replace(bench.preprocessing, align="top_left")

    def prepare(image: Image, transform: FrameTransform) -> Image:
        return aside.for_frame(transform.width, transform.height).apply(image)

    parity = bench.gate(
        {name: OtherPixels(bench.open(name), prepare) for name in ("float", "int8_cpu")}
    )
    assert reasons(parity, "float")
    assert reasons(parity, "int8_cpu")


@pytest.mark.parametrize(
    "how", [cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_AREA]
)
def test_a_wrong_interpolation_is_caught(bench: Bench, how: int) -> None:
    """Even one that harms nobody: in float there is no excuse for other pixels."""

    def prepare(image: Image, transform: FrameTransform) -> Image:
        right = transform.apply(image)
        picture = np.flatnonzero((right[0] != bench.preprocessing.pad).any(axis=(1, 2)))
        top, bottom = picture[0], picture[-1] + 1
        wrong = right.copy()
        size = right.shape[2], int(bottom - top)
        wrong[0, top:bottom] = cv2.resize(image, size, interpolation=how)
        return wrong

    assert reasons(bench.gate({"float": OtherPixels(bench.open("float"), prepare)}), "float")


def test_swapped_scales_are_caught(bench: Bench) -> None:
    first, second, *_ = bench.plan.tensors
    scales = bench.plan.scales
    swapped = replace(
        bench.plan,
        tensors={
            **bench.plan.tensors,
            first: TensorPlan(scales[second], "given", "swapped"),
            second: TensorPlan(scales[first], "given", "swapped"),
        },
    )
    parity = bench.gate({name: bench.open(name, swapped) for name in INT8})
    assert all(reasons(parity, name) for name in INT8)


@pytest.mark.parametrize("kept", [0.25, 0.1])
def test_a_clipped_range_is_caught(bench: Bench, kept: float) -> None:
    last = list(bench.plan.tensors)[-1]
    clipped = bench.plan.with_scales({last: bench.plan.scales[last] * kept}, "given", "clipped")
    parity = bench.gate({name: bench.open(name, clipped) for name in INT8})
    assert all(reasons(parity, name) for name in INT8)


def test_a_stale_calibration_set_is_caught(bench: Bench) -> None:
    """Frames of a foggy week, when the network meets clear days."""
    fog = [(200 + (frame.astype(np.float32) - 128) / 8).astype(np.uint8) for frame in bench.frames]
    stale = quick_plan(bench.model, calibrate(bench.model, fog))
    parity = bench.gate({name: bench.open(name, stale) for name in INT8})
    assert all(reasons(parity, name) for name in INT8)


def test_who_finds_nobody_is_caught(bench: Bench) -> None:
    parity = bench.gate({"int8_cpu": lambda image: Boxes.empty()})
    assert "int8_cpu, all: recall 0.0000, allowed 0.97" in parity.failures
