"""The detector's network: one class, no anchors, plain convolutions, born for INT8.

    frames -> normalise -> stem /5 -> /10 -> /20 -> /40    backbone
                                      |      |      |
                                      p3 <-  p4 <-  p5     top-down path, by addition
                                      |      |      |
                                     head   head   head    one score, four distances a cell

The input is the camera's own 640x480 pixels: to resize them took a sixth of a frame's time, and
what a resize loses is lost. The stem reads five neighbouring pixels of a row as one cell of fifteen
channels, which moves no byte, and goes to stride 5 at once: on a CPU two 3x3 convolutions from
three channels took as long as a third of the whole network, for a tenth of its multiplications.
It sees 15 pixels across and 5 down, so it reads each row once. Two rows more cost a twentieth of
the time for no accuracy that could be seen; that time went into a third layer at stride 10.
Stride 5 is what the time allows: at 6 small people are lost, and at 4 the channels have to be so
few that more is lost than won (training/README.md has the figures).

While it learns, a 3x3 convolution is the sum of a 3x3, a 1x1 and an identity branch, as in RepVGG
(Ding et al. 2021). The branches are added as kernels, before the convolution, and share one
normalisation (as in OREPA, Hu et al. 2022): so a training step costs no more than plain
convolutions would, and the folded kernels have no outlying channels for INT8 to stumble over.
`Network.folded` makes the form for inference: nothing but convolutions, ReLU, two additions.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from belisha.decode import HeadLayout

STRIDES = (10, 20, 40)
LAYOUT = HeadLayout(boxes="distances", scores="logit", strides=STRIDES, nms_iou=0.5)
"""What the outputs of every network of this file mean."""

GROUP = 5
"""Stride of the stem in pixels, and how many of a row it reads as one; divides an input's width."""
LEAST_SIDE = STRIDES[-1]
"""Pixels; every side of an input is a multiple of `GROUP` from here on, see `fits`."""
PRIOR = 0.01
"""The score of every cell before training: people are rare."""
_NORM_MOMENTUM = 0.03
_PRIOR_DISTANCES = (0.54, 1.85, 0.54, 1.85)
"""softplus gives 1, 2, 1, 2 strides: a standing person before training."""

ModuleT = TypeVar("ModuleT", bound=nn.Module)
Sides = tuple[int, int]
"""Height and width."""


@dataclass(frozen=True)
class Shape:
    """Widths and depths of a network; all widths are multiples of 16.

    Attributes:
        widths: channels at the strides 5, 10, 20, 40.
        depths: 3x3 convolutions after the one that reaches the stride, at 5, 10, 20, 40.
        neck: channels of the top-down path and the heads.
    """

    widths: tuple[int, int, int, int]
    depths: tuple[int, int, int, int]
    neck: int

    def __post_init__(self) -> None:
        odd = [width for width in (*self.widths, self.neck) if width % 16 or width < 16]
        if odd:
            raise ValueError(f"expected widths in multiples of 16, got {odd}: INT8 kernels need it")


SIZES = {
    "tiny": Shape((16, 32, 64, 96), (0, 1, 2, 1), 32),
    "small": Shape((32, 64, 96, 128), (1, 3, 2, 2), 64),
    "medium": Shape((48, 96, 144, 192), (2, 3, 3, 2), 96),
}


class BranchedConv(nn.Module):
    """Convolution, normalisation, ReLU; the kernel is the sum of its branches.

    Args:
        inputs, outputs: channels.
        size: height and width of the kernel; a square one of 3 gets branches.
        stride: down and across.
    """

    def __init__(
        self, inputs: int, outputs: int, size: Sides = (3, 3), stride: Sides = (1, 1)
    ) -> None:
        super().__init__()
        self.size, self.stride = size, stride
        self.padding = (size[0] - stride[0] + 1) // 2, (size[1] - stride[1] + 1) // 2
        self.main = nn.Parameter(torch.empty(outputs, inputs, *size))
        nn.init.kaiming_normal_(self.main, nonlinearity="relu")
        self.point: nn.Parameter | None = None
        self.identity: nn.Parameter | None = None
        if size == (3, 3):
            self.point = nn.Parameter(torch.empty(outputs, inputs, 1, 1))
            nn.init.normal_(self.point, std=0.5 * (2 / inputs) ** 0.5)
            if inputs == outputs and stride == (1, 1):
                self.identity = nn.Parameter(torch.ones(outputs))
        self.norm = nn.BatchNorm2d(outputs, momentum=_NORM_MOMENTUM)

    def kernel(self) -> Tensor:
        """(outputs, inputs, height, width), the branches added up."""
        if self.point is None:
            return self.main
        centre: Tensor = self.point
        if self.identity is not None:
            centre = centre + torch.diag(self.identity)[:, :, None, None]
        return self.main + functional.pad(centre, (1, 1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, outputs, H / stride, W / stride)."""
        convolved = functional.conv2d(x, self.kernel(), None, self.stride, self.padding)
        return functional.relu(self.norm(convolved), inplace=True)

    def fused(self) -> tuple[Tensor, Tensor]:
        """Kernel and bias of the one convolution that this is in evaluation mode."""
        mean, variance = self.norm.get_buffer("running_mean"), self.norm.get_buffer("running_var")
        scale = self.norm.weight / torch.sqrt(variance + self.norm.eps)
        return self.kernel() * scale[:, None, None, None], self.norm.bias - mean * scale

    def folded(self) -> nn.Module:
        """The same function in evaluation mode, as one convolution with a bias, and a ReLU."""
        outputs, inputs = self.main.shape[:2]
        conv = nn.Conv2d(inputs, outputs, self.size, self.stride, self.padding)
        with torch.no_grad():
            for parameter, value in zip((conv.weight, _bias(conv)), self.fused(), strict=True):
                parameter.copy_(value)
        return nn.Sequential(conv, nn.ReLU(inplace=True))


class Head(nn.Module):
    """One level's score and distances, by one convolution: two would read the level twice."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.cells = nn.Conv2d(channels, 5, 1)
        nn.init.normal_(self.cells.weight, std=0.01)
        with torch.no_grad():
            score = float(torch.logit(torch.tensor(PRIOR)))
            _bias(self.cells).copy_(torch.tensor((score, *_PRIOR_DISTANCES)))

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, H, W) -> (B, H * W, 5), a logit and four raw distances, row by row."""
        return in_rows(self.cells(x))


def in_rows(cells: Tensor) -> Tensor:
    """(B, 5, H, W) -> (B, H * W, 5)."""
    return cells.permute(0, 2, 3, 1).flatten(1, 2)


class Network(nn.Module):
    """Backbone, top-down path and heads; see the head of this file."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.neck = shape.neck
        stem = BranchedConv(3 * GROUP, shape.widths[0], (GROUP, 3), (GROUP, 1))
        halvings = [
            BranchedConv(before, after, stride=(2, 2)) for before, after in pairwise(shape.widths)
        ]
        self.stages = nn.ModuleList(
            nn.Sequential(entry, *(BranchedConv(width, width) for _ in range(depth)))
            for entry, width, depth in zip(
                (stem, *halvings), shape.widths, shape.depths, strict=True
            )
        )
        self.laterals = nn.ModuleList(
            BranchedConv(width, shape.neck, (1, 1)) for width in shape.widths[1:]
        )
        self.merges = nn.ModuleList(BranchedConv(shape.neck, shape.neck) for _ in STRIDES)
        self.heads = nn.ModuleList(Head(shape.neck) for _ in STRIDES)

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """What `belisha.decode` reads.

        Args:
            frames: (B, H, W, 3) uint8, the network's input as `belisha.frames` makes it.

        Returns:
            scores (B, N, 1) float32 logits and boxes (B, N, 4) float32 raw distances.
        """
        return self.answer(self.levels(frames))

    def answer(self, levels: list[Tensor]) -> tuple[Tensor, Tensor]:
        """What `forward` gives, from what `levels` gives."""
        heads = [head(level) for head, level in zip(self.heads, levels, strict=True)]
        cells = torch.cat(heads, 1).float()
        return cells[..., :1], cells[..., 1:]

    def levels(self, frames: Tensor) -> list[Tensor]:
        """(B, H, W, 3) uint8 -> (B, neck, H / stride, W / stride) of each of `STRIDES`."""
        # The cast comes first: TensorRT refuses to move bytes. Arithmetic before movement becomes
        # one kernel there, with the first quantisation in it; the other way round it is two.
        batch, height, width, channels = frames.shape
        pixels = (frames.float() - 128) / 128
        x = pixels.reshape(batch, height, width // GROUP, GROUP * channels).permute(0, 3, 1, 2)
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        p3, p4, p5 = (lateral(x) for lateral, x in zip(self.laterals, features[1:], strict=True))
        p5 = self.merges[2](p5)
        p4 = self.merges[1](p4 + _doubled(p5, p4))
        p3 = self.merges[0](p3 + _doubled(p4, p3))
        return [p3, p4, p5]

    def folded(self) -> Network:
        """A copy for inference, every `BranchedConv` one plain convolution; in evaluation mode."""
        network = copy.deepcopy(self).eval()
        replace_modules(network, BranchedConv, lambda name, module: module.folded())
        return network


def fits(width: int, height: int) -> bool:
    """Whether the network takes an input of that many pixels."""
    return all(side >= LEAST_SIDE and side % GROUP == 0 for side in (width, height))


def build_network(size: str) -> Network:
    """A fresh network of one of `SIZES`, its memory laid out for fast convolutions."""
    network = Network(SIZES[size])
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return network


def _bias(conv: nn.Conv2d) -> Tensor:
    """The bias of a convolution that has one."""
    return conv.get_parameter("bias")


def _doubled(x: Tensor, like: Tensor) -> Tensor:
    """(B, C, h, w) -> (B, C, H, W) of `like`, each value four times.

    Where a side of `like` is odd, 240 / 16 say, the last row or column is left over and cut off.
    """
    doubled = functional.interpolate(x, scale_factor=2.0, mode="nearest")
    if doubled.shape[2:] != like.shape[2:]:
        doubled = doubled[:, :, : like.shape[2], : like.shape[3]]
    return doubled


def replace_modules(
    root: nn.Module,
    kind: type[ModuleT],
    make: Callable[[str, ModuleT], nn.Module],
    prefix: str = "",
) -> None:
    """Put `make(name, module)` in the place of every module of a kind; names are full paths."""
    for name, child in root.named_children():
        if isinstance(child, kind):
            setattr(root, name, make(f"{prefix}{name}", child))
        else:
            replace_modules(child, kind, make, f"{prefix}{name}.")
