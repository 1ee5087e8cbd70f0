"""A trained network as ONNX in floating point: the graph that all flavours are made from."""

from __future__ import annotations

import logging
import warnings

import onnx
import torch

from belisha.decode import BOXES, SCORES
from belisha.frames import Preprocessing
from training.integers import PIXELS
from training.model import Network

OPSET, IR_VERSION = 17, 8
"""What TensorRT 10.3 (JetPack 6.1) reads."""
FRAME = "frame"
"""Name of the model's input."""
_NEWER_ATTRIBUTES = {"antialias", "axes", "keep_aspect_ratio_policy"}
"""Torch writes them with their defaults, which are what Resize did before it had them."""


def export_float(network: Network, preprocessing: Preprocessing) -> onnx.ModelProto:
    """Export a network in its folded form.

    Args:
        network: `Network.folded()`.
        preprocessing: gives the size of the input.

    Returns:
        A model that takes uint8 (1, H, W, 3) and gives what `belisha.decode` reads. It consists of
        Cast, Sub, Div, Reshape, Transpose, then Conv, Relu, Add, Resize, and the heads' Transpose,
        Reshape, Concat and Slice. Convolutions and their tensors have the names of the network's
        modules, as `_name_by_module` says.
    """
    frame = torch.zeros(1, preprocessing.height, preprocessing.width, 3, dtype=torch.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch's exporter about its own internals
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            network.eval(),
            (frame,),
            input_names=[FRAME],
            output_names=[SCORES, BOXES],
            dynamo=True,
            verbose=False,
        )
        assert program is not None  # noqa: S101  dynamo=True always gives one
    model = program.model_proto
    _name_by_module(model.graph)
    return _as_old_opset(model)


def _name_by_module(graph: onnx.GraphProto) -> None:
    """Give layers and tensors names that mean something, and stay when the exporter changes.

    A convolution is called by its module, `stages.1.0` say, and so is what leaves its ReLU; before
    the ReLU it is `stages.1.0.conv`. A sum is called by its reader, `merges.0.input`; the first
    convolution reads `pixels`. All the emitters, the plan and fine-tuning rely on these names.
    """
    activated = {node.input[0]: node.output[0] for node in graph.node if node.op_type == "Relu"}
    sums = {node.output[0] for node in graph.node if node.op_type == "Add"}
    names: dict[str, str] = {}
    for node in graph.node:
        if node.op_type != "Conv":
            continue
        module = node.input[1].removesuffix(".weight")
        if node.output[0] in activated:
            module = module.removesuffix(".0")  # a folded convolution comes before its ReLU
            names |= {node.output[0]: f"{module}.conv", activated[node.output[0]]: module}
        else:
            names[node.output[0]] = module
        names |= {node.input[1]: f"{module}.weight", **_of_sum(node.input[0], sums, module)}
        names |= dict.fromkeys(node.input[2:], f"{module}.bias")
        names.setdefault(node.input[0], PIXELS)
        node.name = module
    for node in graph.node:
        for place in (node.input, node.output):
            place[:] = [names.get(name, name) for name in place]
    for entry in graph.initializer:
        entry.name = names.get(entry.name, entry.name)


def _of_sum(tensor: str, sums: set[str], module: str) -> dict[str, str]:
    return {tensor: f"{module}.input"} if tensor in sums else {}


def _as_old_opset(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph in `OPSET`: of its operators only Resize has since got new attributes."""
    del model.opset_import[:]
    model.opset_import.append(onnx.helper.make_opsetid("", OPSET))
    model.ir_version = IR_VERSION
    del model.graph.value_info[:]
    for node in model.graph.node:
        del node.metadata_props[:]
        kept = [entry for entry in node.attribute if entry.name not in _NEWER_ATTRIBUTES]
        del node.attribute[:]
        node.attribute.extend(kept)
    del model.metadata_props[:]
    onnx.checker.check_model(model, full_check=True)
    return model
