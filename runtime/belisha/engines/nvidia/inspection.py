"""What TensorRT made of a model, from the JSON of its engine inspector.

There are two schemas. TensorRT 10 lists `Bindings` by name and gives a tensor's type within a
sentence under `Format/Datatype`; TensorRT 11 lists `I/O Tensors` and gives the type apart, as
`DataType` or `Datatype`. An engine that was built without details lists mere names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from belisha.documents import load_json
from belisha.errors import ConfigError, EngineError

_TYPES = (
    (re.compile(r"uint8"), "uint8"),
    (re.compile(r"int8"), "int8"),
    (re.compile(r"fp16|half|bf16"), "fp16"),
    (re.compile(r"fp32|float"), "fp32"),
)
_CONVOLUTION = re.compile(r"convolution|correlation|^conv")


@dataclass(frozen=True)
class Inspection:
    """An engine's layers, counted.

    Attributes:
        layers: all of them; fused ones count once.
        convolutions: those that convolve.
        int8: of these, the ones that take int8.
        fp32, fp16: names of the convolutions that do not.
        tensors: inputs and outputs of the engine, by name.
    """

    layers: int
    convolutions: int
    int8: int
    fp32: tuple[str, ...]
    fp16: tuple[str, ...]
    tensors: tuple[str, ...]


def read_inspection(text: str) -> Inspection:
    """Read what `get_engine_information` gives in JSON, of TensorRT 10 or 11.

    Raises:
        EngineError: it is neither schema, or lists names without details.
    """
    try:
        document = load_json(text.encode(), "the engine inspector's report")
    except ConfigError as error:
        raise EngineError(str(error)) from error
    layers = document.get("Layers") if isinstance(document, dict) else None
    if not isinstance(layers, list) or not all(isinstance(layer, dict) for layer in layers):
        raise EngineError(
            "expected the inspector to list layers with details: build the engine with "
            "profiling verbosity DETAILED"
        )
    convolutions = [layer for layer in layers if _CONVOLUTION.search(_kind(layer))]
    types = {_name(layer): _input_type(layer) for layer in convolutions}
    return Inspection(
        layers=len(layers),
        convolutions=len(convolutions),
        int8=sum(kind == "int8" for kind in types.values()),
        fp32=tuple(name for name, kind in types.items() if kind not in ("int8", "fp16")),
        fp16=tuple(name for name, kind in types.items() if kind == "fp16"),
        tensors=_tensors(document),
    )


def _kind(layer: dict[str, Any]) -> str:
    """Its kind in lower case; a fused kernel says in `ParameterType` what it does."""
    return f"{layer.get('LayerType', '')} {layer.get('ParameterType', '')}".lower()


def _name(layer: dict[str, Any]) -> str:
    """The ONNX nodes that it came from, where they are told; else the name that TensorRT gave."""
    nodes = re.findall(r"\[ONNX Layer: ([^\]]*)\]", str(layer.get("Metadata", "")))
    return nodes[0] if nodes else str(layer.get("Name", "?"))


def _input_type(layer: dict[str, Any]) -> str:
    """Type of the first input."""
    inputs = layer.get("Inputs")
    tensor = inputs[0] if isinstance(inputs, list) and inputs else {}
    if not isinstance(tensor, dict):
        return "?"
    keys = ("DataType", "Datatype", "Format/Datatype", "Format/DataType")
    words = next((str(tensor[key]) for key in keys if key in tensor), "").lower()
    return next((name for pattern, name in _TYPES if pattern.search(words)), "?")


def _tensors(document: dict[str, Any]) -> tuple[str, ...]:
    listed = document.get("Bindings") or document.get("I/O Tensors") or []
    return tuple(str(one.get("Name") if isinstance(one, dict) else one) for one in listed)
