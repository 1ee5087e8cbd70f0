"""The float graph is the network, in the operators that the emitters know."""

from __future__ import annotations

from collections import Counter

import numpy as np
import onnxruntime
import pytest
import torch

from tests.export.trained import float_model, frame, network

pytestmark = pytest.mark.xdist_group("exporter")  # it is slow to start: once is enough


def test_the_graph_gives_what_torch_gives() -> None:
    session = onnxruntime.InferenceSession(float_model().SerializeToString())
    scores, boxes = session.run(["scores", "boxes"], {"frame": frame(99)})
    with torch.inference_mode():
        wanted = network()(torch.from_numpy(frame(99)))
    np.testing.assert_allclose(scores, wanted[0].numpy(), atol=1e-4)
    np.testing.assert_allclose(boxes, wanted[1].numpy(), atol=1e-4)


def test_it_is_of_an_opset_that_tensorrt_10_3_reads() -> None:
    assert [(entry.domain, entry.version) for entry in float_model().opset_import] == [("", 17)]
    assert float_model().ir_version == 8


def test_it_casts_and_normalises_before_it_moves_anything() -> None:
    """TensorRT refuses to move bytes, and makes one kernel of it all only in this order."""
    first = [node.op_type for node in float_model().graph.node[:5]]
    assert first == ["Cast", "Sub", "Div", "Reshape", "Transpose"]


def test_convolutions_are_called_by_their_modules() -> None:
    modules = {name for name, module in network().named_modules() if "conv" in str(module).lower()}
    names = [node.name for node in float_model().graph.node if node.op_type == "Conv"]
    assert len(set(names)) == len(names)
    assert set(names) <= modules
    weights = {entry.name for entry in float_model().graph.initializer}
    assert {f"{name}.weight" for name in names} <= weights


def test_it_is_free_of_branches_and_of_constant_arithmetic() -> None:
    counts = Counter(node.op_type for node in float_model().graph.node)
    assert counts["Add"] == counts["Resize"] == 2
    assert not {"Shape", "Gather", "Constant", "BatchNormalization", "Mul"} & set(counts)
