"""A graph as lint rules look at it: who makes a tensor, who reads it, what a constant holds."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper


class LintGraph:
    """An ONNX graph, indexed."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model

    @cached_property
    def constants(self) -> dict[str, NDArray[Any]]:
        """Name -> value of what the file holds."""
        return {entry.name: numpy_helper.to_array(entry) for entry in self.model.graph.initializer}

    @cached_property
    def maker(self) -> dict[str, Any]:
        """Tensor -> the node that makes it."""
        return {name: node for node in self.model.graph.node for name in node.output}

    @cached_property
    def readers(self) -> dict[str, list[Any]]:
        """Tensor -> the nodes that read it."""
        readers: dict[str, list[Any]] = {}
        for node in self.model.graph.node:
            for name in node.input:
                readers.setdefault(name, []).append(node)
        return readers

    def of_type(self, *kinds: str) -> Iterator[Any]:
        """The nodes of these operators, in order."""
        return (node for node in self.model.graph.node if node.op_type in kinds)

    def made_by(self, tensor: str) -> str:
        """The operator that makes a tensor; `input` or `constant` if none does."""
        if tensor in self.maker:
            return str(self.maker[tensor].op_type)
        return "constant" if tensor in self.constants else "input"

    def constant(self, node: Any, place: int) -> NDArray[Any] | None:
        """The value of an input of a node, if the file holds it."""
        return self.constants.get(node.input[place]) if len(node.input) > place else None

    def is_int8_zero(self, node: Any) -> bool:
        """Whether the zero point of a quantising node is int8 and 0 throughout."""
        zero = self.constant(node, 2)
        return zero is not None and zero.dtype == np.int8 and not zero.any()


def planned_convolutions(model: bytes) -> tuple[str, ...]:
    """Names of the convolutions of a TensorRT flavour whose weights are int8: what was planned."""
    graph = LintGraph(onnx.load_model_from_string(model))
    return tuple(
        node.name
        for node in graph.of_type("Conv")
        if graph.made_by(node.input[1]) == "DequantizeLinear"
    )
