"""Layers against peaks: the work is that of the graph, the time that of the machine."""

from __future__ import annotations

import pytest

from belisha.bench.result import Peaks
from belisha.bundle import Bundle
from benchmarks.machine_peaks import BLOCKS, bandwidth_gbs, measure_peaks
from benchmarks.onnx_sessions import Kernel, kernels_of
from benchmarks.roofline import cost, measure_roofline
from export.emit_cpu import emit_cpu
from export.layer_work import LayerWork, layer_work
from tests.export.trained import float_model, plan
from tests.toy import HEIGHT, STRIDE, WIDTH, toy_model

PEAKS = Peaks(
    fp32_gmacs=100.0, int8_gmacs=400.0, copy_gbs={"1000": 200.0, "1000000": 50.0}, threads=1
)


def kernel(name: str, dtype: str = "float", moved: int = 1000, ms: float = 1.0) -> Kernel:
    return Kernel(name, "Conv", dtype, (1, 8, 4, 4), moved, ms)


def test_a_convolution_is_outputs_times_the_products_of_one() -> None:
    work = layer_work(toy_model())
    cells = (WIDTH // STRIDE) * (HEIGHT // STRIDE)
    assert work == {"map": LayerWork(cells * 3 * STRIDE * STRIDE, 4 * 3 * STRIDE * STRIDE + 4)}


def test_both_flavours_are_the_same_work_but_for_the_stems_fill() -> None:
    """Also behind operators of which ONNX itself knows no shapes."""
    plain = layer_work(float_model().SerializeToString())
    quantised = layer_work(emit_cpu(float_model(), plan()).SerializeToString())
    layers = [node for node in float_model().graph.node if node.op_type == "Conv"]
    assert sum(plain[node.output[0]].macs for node in layers) > 1e6
    stem = plain[layers[0].output[0]].macs
    expected = {one.macs for one in plain.values()} - {stem} | {stem * 16 // 15}  # channels
    assert {one.macs for one in quantised.values()} == expected


def test_the_higher_of_both_roofs_decides() -> None:
    work = {"busy": LayerWork(10**8, 0), "idle": LayerWork(10**3, 0)}
    busy = cost(kernel("busy"), work, PEAKS)
    assert (busy.bound_by, busy.least_ms, busy.wasted_ms) == ("arithmetic", 1.0, 0.0)
    assert cost(kernel("busy", "uint8"), work, PEAKS).least_ms == 0.25
    idle = cost(kernel("idle", moved=10**6), work, PEAKS)
    assert idle.bound_by == "memory"
    assert idle.least_ms == pytest.approx(10**6 / 50 / 1e6)


@pytest.mark.parametrize("name", ["layer", "layer_nchwc", "layer_token_31", "layer_token_3_nchwc"])
def test_a_layer_is_known_under_what_the_engine_calls_it(name: str) -> None:
    assert cost(kernel(name), {"layer": LayerWork(500, 20)}, PEAKS).macs == 500


def test_what_does_not_multiply_is_credited_with_nothing() -> None:
    relu = Kernel("layer", "Relu", "float", (1,), 100, 1.0)
    assert cost(relu, {"layer": LayerWork(500, 20)}, PEAKS).macs == 0


def test_small_blocks_have_the_bandwidth_of_their_cache() -> None:
    assert bandwidth_gbs(PEAKS, 2000) == 200
    assert bandwidth_gbs(PEAKS, 2001) == 50
    assert bandwidth_gbs(PEAKS, 10**9) == 50


def test_a_trace_gives_the_median_of_each_node() -> None:
    def event(name: str, spent: int) -> dict[str, object]:
        shapes = {"input_type_shape": [{"uint8": [1, 2]}], "output_type_shape": [{"float": [3]}]}
        sizes = {"activation_size": "2", "parameter_size": "5", "output_size": "12"}
        return {
            "cat": "Node",
            "name": f"{name}_kernel_time",
            "dur": spent,
            "args": {"op_name": "Cast", **shapes, **sizes},
        }

    events = [event("a", 10), event("a", 30), event("a", 12), {"cat": "Session", "name": "run"}]
    assert kernels_of(events) == [Kernel("a", "Cast", "uint8", (3,), 19, 0.012)]


def test_a_model_is_measured_layer_by_layer(toy: Bundle) -> None:
    roofline = measure_roofline(toy, "float", PEAKS, seconds=0.1)
    convolution = next(layer for layer in roofline.layers if layer.macs)
    assert convolution.macs == layer_work(toy_model())["map"].macs
    assert convolution.least_ms > 0
    assert roofline.network_ms > 0
    assert roofline.ratio > 1


def test_peaks_are_measured_for_each_kind_of_memory() -> None:
    """How high they are is the machine's business, and that of its other guests."""
    peaks = measure_peaks(1, seconds=0.1)
    assert peaks.fp32_gmacs > 0
    assert peaks.int8_gmacs > 0
    assert [*peaks.copy_gbs] == [str(size) for size in BLOCKS]
    assert min(peaks.copy_gbs.values()) > 0
