"""Surgery on foreign ONNX graphs; what an adoption needs of onnx is here alone.

A foreign graph is opened, given another input and other outputs, and written as one file. All its
own tensors and nodes get the prefix `adopted/`, so the names that the runtime asks for are free.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from belisha.bundle import MAX_BUNDLE_BYTES
from belisha.errors import MissingLibraryError, UsageError
from belisha.manifest import digest

MIN_OPSET = 11
"""Older operators have other signatures: Clip and Pad take attributes, Resize has no modes."""
PREFIX = "adopted/"
FLOATS = ("float32", "float16", "float64")


@dataclass(frozen=True)
class Tensor:
    """An input or output of a graph.

    Attributes:
        name: in the graph.
        dtype: as numpy calls it, such as `float32`.
        shape: `None` stands for a side that the file leaves open.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]

    def __str__(self) -> str:
        sides = ", ".join("?" if side is None else str(side) for side in self.shape)
        return f"{self.name.removeprefix(PREFIX)} {self.dtype} ({sides})"


class Graph:
    """An ONNX model open for surgery.

    Attributes:
        name: of the file, for messages.
        digest: sha256 of the file.
    """

    def __init__(self, model: Any, name: str, digest: str) -> None:
        self.name = name
        self.digest = digest
        self._model = model
        self._leading = 0
        self._made = 0

    @staticmethod
    def read(path: Path) -> Graph:
        """Open an ONNX file, its external weights included.

        Raises:
            UsageError: absent, truncated, not ONNX, invalid, too large, or of too old an opset.
            MissingLibraryError: onnx is not installed.
        """
        onnx = _onnx()
        data = _read_bytes(path)
        model = _parse(onnx, data, path)
        opset = max((entry.version for entry in model.opset_import if not entry.domain), default=0)
        if opset < MIN_OPSET:
            raise UsageError(
                f"{path}: expected opset {MIN_OPSET} or later, got {opset}: export the detector "
                f"again with opset {MIN_OPSET} or convert it with onnx.version_converter"
            )
        _free_initialisers(model)
        onnx.compose.add_prefix(model, PREFIX, inplace=True)
        return Graph(model, str(path), digest(data))

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """What the graph takes."""
        return tuple(map(_tensor, self._model.graph.input))

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """What the graph gives."""
        return tuple(map(_tensor, self._model.graph.output))

    @property
    def metadata(self) -> dict[str, str]:
        """Notes that the exporter left in the file."""
        return {entry.key: entry.value for entry in self._model.metadata_props}

    def fix_input(self, shape: tuple[int, ...]) -> None:
        """Give the one input its final shape; the outputs' shapes follow.

        Raises:
            UsageError: the graph cannot take this shape, or an output's shape cannot be told.
        """
        graph = self._model.graph
        if self.inputs[0].shape != shape:
            _set_shape(graph.input[0], shape)
            # What the file says about shapes is of another size.
            del graph.value_info[:]
            for output in graph.output:
                output.type.tensor_type.ClearField("shape")
        self._infer_shapes(strict=False)
        if all(output.shape and None not in output.shape for output in self.outputs):
            return
        self._infer_shapes(strict=True)
        raise UsageError(
            f"{self.name}: the shapes of its outputs do not follow from an input of {shape}, "
            f"got {self.describe_outputs()}: export the detector with a fixed input size and "
            "without its suppression"
        )

    def _infer_shapes(self, strict: bool) -> None:
        """Fill in the outputs' shapes; `strict` raises the reason where that fails."""
        inference = _onnx().shape_inference
        try:
            found = inference.infer_shapes(self._model, strict_mode=strict, data_prop=True)
        except (inference.InferenceError, ValueError) as error:
            sides = self.inputs[0].shape
            raise UsageError(
                f"{self.name}: the graph cannot take an input of {sides}: {_one_line(error)}: "
                "most detectors want sides that are multiples of 32"
            ) from error
        for output, inferred in zip(self._model.graph.output, found.graph.output, strict=True):
            output.CopyFrom(inferred)

    def constant(self, array: NDArray[Any]) -> str:
        """Add a constant; returns its name."""
        name = self._fresh("constant")
        tensor = _onnx().numpy_helper.from_array(np.ascontiguousarray(array), name)
        self._model.graph.initializer.append(tensor)
        return name

    def node(self, operation: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add a node behind all others; returns the name of its output."""
        node = self._node(operation, inputs, output, attributes)
        self._model.graph.node.append(node)
        return str(node.output[0])

    def leading_node(
        self, operation: str, *inputs: str, output: str = "", **attributes: Any
    ) -> str:
        """Add a node before those of the file, behind earlier leading ones; returns its output."""
        node = self._node(operation, inputs, output, attributes)
        self._model.graph.node.insert(self._leading, node)
        self._leading += 1
        return str(node.output[0])

    def slice(self, tensor: str, axis: int, begin: int, end: int) -> str:
        """Add a node that keeps [begin, end) of an axis; returns the name of its output."""
        limits = (self.constant(np.array([value], np.int64)) for value in (begin, end, axis))
        return self.node("Slice", tensor, *limits)

    def as_float(self, tensor: Tensor) -> str:
        """The name of a tensor with the same values in float32."""
        if tensor.dtype == "float32":
            return tensor.name
        return self.node("Cast", tensor.name, to=_element_type("float32"))

    def replace_input(self, tensor: Tensor) -> None:
        """Let the graph take `tensor`; leading nodes have to lead from it to the old input."""
        del self._model.graph.input[:]
        self._model.graph.input.append(_value_info(tensor))

    def replace_outputs(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Let the graph give these float32 tensors, name -> shape, and nothing else."""
        del self._model.graph.output[:]
        for name, shape in shapes.items():
            self._model.graph.output.append(_value_info(Tensor(name, "float32", shape)))

    def cast(self, name: str, dtype: str, output: str = "") -> str:
        """Add a leading node that converts a tensor; returns the name of its output."""
        return self.leading_node("Cast", name, output=output, to=_element_type(dtype))

    def describe_outputs(self) -> str:
        """The outputs in words, for messages."""
        return ", ".join(map(str, self.outputs)) or "none"

    def serialise(self) -> bytes:
        """The model as the bytes of one ONNX file; equal graphs give equal bytes.

        Raises:
            UsageError: it is larger than a bundle may be.
        """
        onnx = _onnx()
        del self._model.graph.value_info[:]
        if self._model.ByteSize() > MAX_BUNDLE_BYTES:
            raise UsageError(
                f"{self.name}: expected a model of at most {MAX_BUNDLE_BYTES} bytes, got "
                f"{self._model.ByteSize()}"
            )
        onnx.checker.check_model(self._model)
        return bytes(self._model.SerializeToString(deterministic=True))

    def _node(
        self, operation: str, inputs: tuple[str, ...], output: str, attributes: dict[str, Any]
    ) -> Any:
        name = self._fresh(operation)
        helper = _onnx().helper
        return helper.make_node(operation, inputs, [output or name], name=name, **attributes)

    def _fresh(self, kind: str) -> str:
        """A name that no tensor or node has yet."""
        self._made += 1
        return f"belisha/{kind}_{self._made}"


def _onnx() -> Any:
    """The library, with the parts that are used here."""
    try:
        import onnx
        import onnx.compose
        import onnx.external_data_helper
        import onnx.shape_inference
    except ImportError as error:
        raise MissingLibraryError(
            "onnx is not installed: in the checkout, pip install -e '.[export]'"
        ) from error
    return onnx


def _read_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BUNDLE_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > MAX_BUNDLE_BYTES:
        raise UsageError(f"{path}: expected at most {MAX_BUNDLE_BYTES} bytes: not a small detector")
    return data


def _parse(onnx: Any, data: bytes, path: Path) -> Any:
    """The model of a file, valid and complete."""
    # protobuf and onnx have no common base class of their errors
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:
        raise _not_whole(path, data, error) from error
    try:
        onnx.external_data_helper.load_external_data_for_model(model, str(path.parent))
    except Exception as error:
        raise UsageError(
            f"{path}: a part of its weights lies in another file, which cannot be read: "
            f"{_one_line(error)}: put it beside the ONNX file, or export into one file"
        ) from error
    try:
        onnx.checker.check_model(model)
    except Exception as error:
        raise _not_whole(path, data, error) from error
    return model


def _not_whole(path: Path, data: bytes, error: Exception) -> UsageError:
    return UsageError(
        f"{path}: expected an ONNX file, got {len(data)} bytes that are not a whole one "
        f"({_one_line(error)}): it is truncated, damaged or of another kind; "
        "copy or export it again"
    )


def _free_initialisers(model: Any) -> None:
    """Take the weights off the list of inputs: only then may an engine fold them."""
    weights = {weight.name for weight in model.graph.initializer}
    inputs = [entry for entry in model.graph.input if entry.name not in weights]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    model.ir_version = max(model.ir_version, 4)  # before 4, weights had to be inputs


def _tensor(value: Any) -> Tensor:
    """`Tensor` of a value info."""
    kind = value.type.tensor_type
    shape = tuple(side.dim_value if side.HasField("dim_value") else None for side in kind.shape.dim)
    helper = _onnx().helper
    dtype = helper.tensor_dtype_to_np_dtype(kind.elem_type).name if kind.elem_type else "untyped"
    return Tensor(value.name, dtype, shape)


def _value_info(tensor: Tensor) -> Any:
    """Value info of a `Tensor`."""
    kind = _element_type(tensor.dtype)
    return _onnx().helper.make_tensor_value_info(tensor.name, kind, tensor.shape)


def _set_shape(value: Any, shape: tuple[int, ...]) -> None:
    fixed = _value_info(Tensor(value.name, _tensor(value).dtype, shape))
    value.CopyFrom(fixed)


def _element_type(dtype: str) -> int:
    """ONNX's number of a numpy type."""
    return int(_onnx().helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def _one_line(error: Exception) -> str:
    """The beginning of a message that may be pages long."""
    return " ".join(str(error).split())[:300] or type(error).__name__
