"""The quantisation plan: what every tensor's integers mean, and which layers stay in float.

Both INT8 flavours are emitted from the one plan, neither from the other. Quantisation is symmetric:
real = scale * integer, with integers of -127 to 127 for TensorRT. The CPU flavour keeps the scales
and shifts the integers to uint8.

The plan is a file that people read, and may edit and give back: a line a tensor with its scale and
how that was chosen, a line a layer with its precision, the reason, and what INT8 costs there.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from belisha.documents import MAX_BYTES, parse_json, read_bounded
from belisha.errors import UsageError
from export.layout import Layout
from training.integers import INPUT_SCALE

FORMAT = 1

Observer = Literal["exact", "min-max", "percentile", "entropy", "mse", "given"]
Precision = Literal["int8", "float"]


@dataclass(frozen=True)
class Cost:
    """What quantising something does to the network's outputs on the calibration frames.

    Attributes:
        score: root mean square change of the scores, as a share of the scores' own.
        overlap: overlap (IoU) that boxes lose, weighted by the square of their score.
        detections: of the float network.
        lost, new: detections that vanish, and that appear.
    """

    score: float
    overlap: float
    detections: int
    lost: int
    new: int

    @property
    def total(self) -> float:
        """One number to choose by: the share of a detection that is lost in score and place."""
        return self.score + self.overlap


@dataclass(frozen=True)
class TensorPlan:
    """What a tensor's integers mean.

    Attributes:
        scale: real value of one step.
        observer: what chose it.
        reason: why that one, in words.
    """

    scale: float
    observer: Observer
    reason: str


@dataclass(frozen=True)
class LayerPlan:
    """What becomes of a convolution, and why.

    Attributes:
        precision: of its multiplications.
        reason: in words.
        cost: what INT8 of this layer alone costs; `None` if it was not measured.
    """

    precision: Precision
    reason: str
    cost: Cost | None = None


@dataclass(frozen=True)
class Calibration:
    """What the plan was made from: number and digest of the network inputs."""

    frames: int
    digest: str


@dataclass(frozen=True)
class Equalisation:
    """Channels that are brought to like ranges before quantisation: divided here, multiplied there.

    Attributes:
        reason: what it gained, or why it was left out.
        factors: tensor -> what each of its channels is divided by; empty if it was left out.
    """

    reason: str
    factors: dict[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Trial:
    """A way to choose all scales, and what the whole network then costs."""

    name: str
    cost: Cost


@dataclass(frozen=True)
class Plan:
    """A plan for one graph.

    Attributes:
        calibration: what it was made from.
        tensors: by the name in the float graph; every input of an INT8 layer is here.
        layers: by the convolution's name.
        equalisation: done to the float graph first.
        trials: what was tried for the network as a whole; the first is this plan.
        format: of the file.
    """

    calibration: Calibration
    tensors: dict[str, TensorPlan]
    layers: dict[str, LayerPlan]
    equalisation: Equalisation = Equalisation("not tried")
    trials: tuple[Trial, ...] = ()
    format: int = FORMAT

    @property
    def scales(self) -> dict[str, float]:
        """Tensor -> real value of one step."""
        return {name: tensor.scale for name, tensor in self.tensors.items()}

    @property
    def planned(self) -> tuple[str, ...]:
        """Names of the layers that become INT8."""
        return tuple(name for name, layer in self.layers.items() if layer.precision == "int8")

    def only(self, tensors: Collection[str], layers: Collection[str]) -> Plan:
        """The plan with just these tensors and layers quantised: to see what they cost."""
        return replace(
            self,
            tensors={name: self.tensors[name] for name in self.tensors if name in tensors},
            layers={
                name: replace(layer, precision="int8" if name in layers else "float")
                for name, layer in self.layers.items()
            },
        )

    def with_scales(self, scales: Mapping[str, float], observer: Observer, reason: str) -> Plan:
        """The plan with other scales for some tensors."""
        changed = {
            name: TensorPlan(round_scale(scale), observer, reason) for name, scale in scales.items()
        }
        return replace(self, tensors={**self.tensors, **changed})

    def to_json(self) -> bytes:
        """For people and for the bundle: a line an entry; `parse_plan` reads it back."""
        return _in_lines(asdict(self)).encode()


def parse_plan(data: bytes, name: str) -> Plan:
    """Read a plan back; `name` stands for the file in messages.

    Raises:
        ConfigError: not a plan, or of another format; the message says what is wrong.
        UsageError: a scale is not a positive number, or the format is a newer one.
    """
    plan = parse_json(data, Plan, name)
    if plan.format != FORMAT:
        raise UsageError(f"{name}: expected a plan of format {FORMAT}, got {plan.format}")
    numbers = {**plan.scales}
    for tensor, factors in plan.equalisation.factors.items():
        numbers |= {f"{tensor}[{channel}]": factor for channel, factor in enumerate(factors)}
    wrong = [place for place, value in numbers.items() if not (value > 0 and math.isfinite(value))]
    if wrong:
        raise UsageError(f"{name}: expected numbers above 0, got {numbers[wrong[0]]} at {wrong[0]}")
    return plan


def read_plan(path: Path) -> Plan:
    """Read a plan's file.

    Raises:
        ConfigError, UsageError: as `parse_plan`, or the file cannot be read.
    """
    return parse_plan(read_bounded(path, MAX_BYTES), str(path))


def check_plan(plan: Plan, layout: Layout, name: str) -> None:
    """A plan from elsewhere has to be for this graph.

    Raises:
        UsageError: it is for another one, or leaves the input's scale or a tensor out.
    """
    for kind, wanted, given in (
        ("tensors", set(layout.tensors), set(plan.tensors)),
        ("layers", set(layout.layers), set(plan.layers)),
    ):
        if wanted != given:
            raise UsageError(
                f"{name}: expected a plan for this network; its {kind} "
                f"lack {sorted(wanted - given)[:3]} and have {sorted(given - wanted)[:3]}: "
                "it was made for another one; make a new plan"
            )
    if plan.tensors[layout.pixels].scale != INPUT_SCALE:
        raise UsageError(
            f"{name}: expected the scale {INPUT_SCALE} for {layout.pixels}, got "
            f"{plan.tensors[layout.pixels].scale}: the camera's bytes are the integers"
        )


def plain_plan(layout: Layout, calibration: Calibration, scales: Mapping[str, float]) -> Plan:
    """A plan with these scales, before anything is searched.

    Args:
        layout: of the float graph.
        calibration: what the scales come from.
        scales: tensor -> real value of one step, of all tensors but the pixels.
    """
    pixels = TensorPlan(INPUT_SCALE, "exact", "the camera's byte minus 128 is the integer")
    tensors = {
        name: TensorPlan(round_scale(scales[name]), "mse", "least squared error of the tensor")
        for name in layout.tensors
        if name != layout.pixels
    }
    layers = {name: _plan_layer(name, layout) for name in layout.layers}
    return Plan(calibration, {layout.pixels: pixels, **tensors}, layers)


def round_scale(scale: float) -> float:
    """To six digits: enough for eight bits, and legible."""
    return float(f"{scale:.6g}")


def _plan_layer(name: str, layout: Layout) -> LayerPlan:
    if layout.outputs[name] in layout.activated:
        return LayerPlan("int8", "convolution with ReLU")
    return LayerPlan("int8", "last of a head: its sums leave in float")


def _in_lines(document: dict[str, Any]) -> str:
    """JSON with a line for each entry of each part."""
    parts = []
    for key, value in document.items():
        if isinstance(value, dict) and any(isinstance(item, dict) for item in value.values()):
            lines = [f"  {json.dumps(name)}: {json.dumps(item)}" for name, item in value.items()]
            parts.append(f"{json.dumps(key)}: {{\n" + ",\n".join(lines) + "\n }")
        elif isinstance(value, list | tuple) and value:
            lines = [f"  {json.dumps(item)}" for item in value]
            parts.append(f"{json.dumps(key)}: [\n" + ",\n".join(lines) + "\n ]")
        else:
            parts.append(f"{json.dumps(key)}: {json.dumps(value)}")
    return "{\n " + ",\n ".join(parts) + "\n}\n"
