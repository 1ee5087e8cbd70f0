"""A network that computes with a plan's integers while it learns, and feels what they cost.

Every convolution uses the kernel, the bias and the activations that the emitted INT8 flavours use:
rounded to the plan's steps, cut off at its clips. Gradients pass the rounding as if it were not
there, and stop where a value is cut off. The parameters are those of the float network, under the
same names: so a checkpoint of such a run is a checkpoint like any other.

Tensors have the names of the plan: a convolution's output is called by its module (`stages.1.0`), a
sum by the convolution that reads it (`merges.0.input`), the normalised input is `pixels`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from belisha.errors import UsageError
from training.integers import INPUT_SCALE, MOST_BIAS, PIXELS, TOP, TOPS
from training.model import BranchedConv, Head, Network, in_rows, replace_modules

Flavour = Literal["int8", "uint8"]


@dataclass(frozen=True)
class Steps:
    """What the integers around a convolution mean.

    Attributes:
        entry: real value of one step of its input.
        exit: of its output.
        sums: whether its input is a sum that nobody has rounded yet.
        top: largest integer of an activation.
    """

    entry: float
    exit: float
    sums: bool
    top: int

    def rounded(self, x: Tensor, scale: float) -> Tensor:
        """Activations, none of them negative, in whole steps and cut off at the top."""
        return torch.fake_quantize_per_tensor_affine(x, scale, 0, 0, self.top)


class QuantisedConv(BranchedConv):
    """A `BranchedConv` in the plan's integers; its normalisation is frozen and folded."""

    def __init__(self, source: BranchedConv, steps: Steps) -> None:
        outputs, inputs = source.main.shape[:2]
        super().__init__(inputs, outputs, source.size, source.stride)
        self.steps = steps
        self.load_state_dict(source.state_dict())

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H / stride, W / stride)."""
        return _convolved(x, *rounded_kernel(*self.fused(), self.steps.entry), self)

    def folded(self) -> nn.Module:
        """The same function with its kernel rounded once: still in integers."""
        return _RoundedConv(self)


class _RoundedConv(nn.Module):
    """A `QuantisedConv` that learns no more."""

    def __init__(self, source: QuantisedConv) -> None:
        super().__init__()
        self._source = [source]  # in a list, so that it is no part of this module's state
        with torch.no_grad():
            kernel, bias = rounded_kernel(*source.fused(), source.steps.entry)
        self.register_buffer("kernel", kernel)
        self.register_buffer("bias", bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H / stride, W / stride)."""
        return _convolved(x, self.get_buffer("kernel"), self.get_buffer("bias"), self._source[0])


def _convolved(x: Tensor, kernel: Tensor, bias: Tensor, conv: QuantisedConv) -> Tensor:
    steps = conv.steps
    if steps.sums:
        x = steps.rounded(x, steps.entry)
    sums = functional.conv2d(x, kernel, bias, conv.stride, conv.padding)
    return steps.rounded(functional.relu(sums), steps.exit)


class QuantisedHead(Head):
    """A `Head` whose kernel is in whole steps; its sums leave as they are."""

    def __init__(self, source: Head, entry: float) -> None:
        super().__init__(source.cells.in_channels)
        self.entry = entry
        self.load_state_dict(source.state_dict())

    def forward(self, x: Tensor) -> Tensor:
        """See `Head.forward`; the input is in whole steps already."""
        weight, bias = self.cells.weight, self.cells.get_parameter("bias")
        return in_rows(functional.conv2d(x, *rounded_kernel(weight, bias, self.entry)))


def rounded_kernel(weight: Tensor, bias: Tensor, entry: float) -> tuple[Tensor, Tensor]:
    """Kernel and bias in whole steps, as `export.kernel.quantise_kernel` makes them.

    Args:
        weight: (outputs, inputs, h, w).
        bias: (outputs,).
        entry: real value of one step of the input.
    """
    with torch.no_grad():
        largest = weight.abs().amax((1, 2, 3)).clamp(min=1e-8) / TOP
        scales = torch.maximum(largest, bias.abs() / (entry * MOST_BIAS))
        steps = entry * scales.double()
        whole = torch.round(bias.double() / steps) * steps
    zeros = torch.zeros_like(scales, dtype=torch.int32)
    kernel = torch.fake_quantize_per_channel_affine(weight, scales, zeros, 0, -TOP, TOP)
    return kernel, bias + (whole.float() - bias).detach()


def quantised(network: Network, scales: Mapping[str, float], flavour: Flavour = "int8") -> Network:
    """A copy of a network that computes with integers on these scales.

    Args:
        network: in its branched form.
        scales: tensor -> real value of one step.
        flavour: whose integers: int8 as TensorRT's, or uint8 as the CPU flavour's.

    Raises:
        UsageError: a tensor has no scale, or the scales are for another network.
    """
    inputs = input_tensors(network)
    _check_scales(scales, {*inputs.values(), *inputs})
    made = copy.deepcopy(network)

    def replaced(name: str, conv: BranchedConv) -> nn.Module:
        entry = inputs[name]
        steps = Steps(
            entry=float(torch.tensor(scales[entry])),
            exit=float(torch.tensor(scales[name])),
            sums=entry == f"{name}.input",
            top=TOPS[flavour],
        )
        return QuantisedConv(conv, steps)

    def replaced_head(name: str, head: Head) -> nn.Module:
        level = name.removeprefix("heads.")
        return QuantisedHead(head, float(torch.tensor(scales[f"merges.{level}"])))

    replace_modules(made, BranchedConv, replaced)
    replace_modules(made, Head, replaced_head)
    return made.train(network.training)


def _check_scales(scales: Mapping[str, float], tensors: set[str]) -> None:
    """Exactly these tensors have one."""
    missing, strange = sorted(tensors - set(scales)), sorted(set(scales) - tensors)
    if missing or strange:
        raise UsageError(
            f"expected a scale for each of {len(tensors)} tensors of the network, none for "
            f"{missing} and got some for {strange}: the plan is for another network; make a new one"
        )
    if scales[PIXELS] != INPUT_SCALE:
        raise UsageError(
            f"expected the scale 1/128 for {PIXELS}, got {scales[PIXELS]}: the camera's bytes are "
            "the integers"
        )


def input_tensors(network: Network) -> dict[str, str]:
    """Convolution -> the tensor that it reads, both by name; in the order of computation."""
    inputs: dict[str, str] = {}
    before, ends = PIXELS, []
    for index, stage in enumerate(network.stages):
        for place, _ in enumerate(stage.children()):
            name = f"stages.{index}.{place}"
            inputs[name], before = before, name
        ends.append(before)
    levels = range(len(network.laterals))
    inputs |= {f"laterals.{level}": ends[level + 1] for level in levels}
    coarsest = levels[-1]
    inputs[f"merges.{coarsest}"] = f"laterals.{coarsest}"
    inputs |= {f"merges.{level}": f"merges.{level}.input" for level in levels[:-1]}
    return inputs


def equalised(network: Network, factors: Mapping[str, Sequence[float]]) -> Network:
    """A copy with the same function, channels divided where they are made, multiplied where read.

    Args:
        network: in its branched form.
        factors: tensor -> what each of its channels is divided by.
    """
    made = copy.deepcopy(network)
    inputs = input_tensors(made)
    modules = dict(made.named_modules())
    with torch.no_grad():
        for name, values in factors.items():
            channels = torch.tensor(values)
            conv = modules[name]
            if not isinstance(conv, BranchedConv):
                raise UsageError(f"expected the factors of a convolution, got some for {name!r}")
            for parameter in (conv.norm.weight, conv.norm.bias):
                parameter.div_(channels)
            for reader, tensor in inputs.items():
                if tensor == name:
                    _multiply_inputs(modules[reader], channels)
            if name.startswith("merges."):
                cells = made.get_parameter(f"heads.{name.removeprefix('merges.')}.cells.weight")
                cells.mul_(channels[None, :, None, None])
    return made


def _multiply_inputs(conv: nn.Module, channels: Tensor) -> None:
    """Multiply what a convolution makes of each of its input channels, in place."""
    for name, parameter in conv.named_parameters(recurse=False):
        parameter.mul_(channels if name == "identity" else channels[None, :, None, None])
