"""Heads: how families of foreign detectors are brought to the runtime's one output form.

One file a family. A head knows how its detector wants the frames, checks that the file at hand has
the outputs that it knows, and rewrites them to `scores` and `boxes` as `belisha.decode` describes.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Literal, Protocol

from belisha.decode import HeadLayout
from belisha.errors import UsageError
from belisha.frames import Preprocessing
from export.onnx_graph import Graph

_MODULES = {
    "fastestdet": "export.heads.fastestdet",
    "nanodet": "export.heads.nanodet",
    "picodet": "export.heads.picodet",
    "yolov8": "export.heads.yolov8",
}

NAMES = tuple(_MODULES)
"""What `--head` may be."""


@dataclass(frozen=True, kw_only=True)
class Conventions:
    """What the authors of a detector do around its network.

    Attributes:
        colour, fit, align, pad: see `belisha.frames.Preprocessing`.
        mean, std: the network takes (x - mean) / std of each channel, in the order of `colour`;
            x is a byte.
        threshold: score from which a box is reported unless the user says otherwise.
    """

    colour: Literal["bgr", "rgb"]
    fit: Literal["letterbox", "stretch"]
    align: Literal["centre", "top_left"] = "centre"
    pad: int = 128
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (255.0, 255.0, 255.0)
    threshold: float

    def preprocessing(self, width: int, height: int) -> Preprocessing:
        """How a frame becomes an input of `width` x `height` pixels."""
        return Preprocessing(
            width=width,
            height=height,
            colour=self.colour,
            fit=self.fit,
            align=self.align,
            pad=self.pad,
        )


class Head(Protocol):
    """A family of foreign detectors whose outputs look alike.

    The graph that it gets has one float input (1, 3, H, W), and all its shapes are known.
    """

    @property
    def conventions(self) -> Conventions:
        """How the detector is fed."""
        ...

    def classes(self, graph: Graph) -> int:
        """Check the graph's outputs.

        Returns:
            How many classes they tell apart.

        Raises:
            UsageError: they are not of this family; the message shows what was expected.
        """
        ...

    def rewrite(self, graph: Graph, person: int) -> HeadLayout:
        """Replace the outputs, which `classes` has checked, by `scores` and `boxes`.

        Args:
            graph: changed in place.
            person: index of the class to keep.
        """
        ...


def open_head(name: str) -> Head:
    """The head of a name.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in _MODULES:
        raise UsageError(f"expected a head of {', '.join(NAMES)}; got {name!r}")
    head: Head = import_module(_MODULES[name]).HEAD
    return head


def misfit(head: str, graph: Graph, expected: str, advice: str) -> UsageError:
    """The error for a file whose outputs are not what a head knows."""
    height, width = graph.inputs[0].shape[2:]
    return UsageError(
        f"{graph.name}: --head {head} expected {expected} for an input of {width}x{height}, "
        f"got {graph.describe_outputs()}: {advice}"
    )
