"""A trained network as ONNX in floating point: the graph that all flavours are made from."""

from __future__ import annotations

import logging
import warnings

import onnx
import torch

from belisha.decode import BOXES, SCORES
from belisha.frames import Preprocessing
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
        Cast, Transpose, Sub, Div, then Conv, Relu, Add, Resize, and the heads' Transpose, Reshape
        and Concat.
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
    return _as_old_opset(program.model_proto)


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
