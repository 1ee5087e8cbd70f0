"""The real runner on real pycuda, over a driver on the processor's memory and an engine that
computes with ONNX Runtime: every buffer, copy, wait and error is the one that a GPU would see.
"""

from __future__ import annotations

import gc
import threading

import numpy as np
import onnxruntime
import pytest

from belisha import champion
from belisha.bundle import Bundle
from belisha.engines.nvidia.driver import Driver
from belisha.engines.nvidia.runner import TensorRtEngine
from belisha.errors import EngineAbsentError, EngineError
from tests.accelerator.fake_driver import (
    count,
    current_context,
    foreign_context,
    held,
    switched,
)
from tests.toy import scene, toy_model

pytestmark = pytest.mark.accelerator


def open_runner(bundle: Bundle, serialised: bytes | None = None) -> TensorRtEngine:
    """The bundle's model for TensorRT on the stand-in."""
    import tensorrt

    manifest = bundle.manifest
    model = bundle.model("int8_tensorrt") if serialised is None else serialised
    return TensorRtEngine(tensorrt, Driver(), model, manifest.preprocessing, manifest.head)


def reference(model: bytes, network_input: np.ndarray) -> dict[str, np.ndarray]:
    """What ONNX Runtime computes on its own."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_outputs()]
    feed = {session.get_inputs()[0].name: network_input}
    return dict(zip(names, session.run(names, feed), strict=True))


@pytest.mark.parametrize("integrated", [0, 1], ids=["copies", "zero copy"])
@pytest.mark.parametrize("refuse_capture", [0, 1], ids=["graph", "no graph"])
def test_the_champion_is_bit_equal_to_onnx_runtime_on_every_path(
    integrated: int, refuse_capture: int
) -> None:
    bundle = Bundle.open(champion.BUNDLE)
    how = bundle.manifest.preprocessing
    frames = np.random.default_rng(3).integers(0, 256, (3, 1, how.height, how.width, 3), np.uint8)
    with switched(integrated=integrated, refuse_capture=refuse_capture):
        engine = open_runner(bundle)
        for frame in frames:
            outputs = engine.run(frame)
            expected = reference(bundle.model("int8_tensorrt"), frame)
            for name in bundle.manifest.head.outputs:
                assert np.array_equal(outputs[name], expected[name])
        del outputs
        engine.close()


@pytest.mark.parametrize(
    ("integrated", "copies"), [(0, 3), (1, 0)], ids=["one in, two out", "zero copy"]
)
def test_a_frame_is_one_graph_launch_with_its_copies_inside(
    both: Bundle, integrated: int, copies: int
) -> None:
    with switched(integrated=integrated):
        engine = open_runner(both)
        before = [count(name) for name in ("graph_launches", "copies", "kernels")]
        for _ in range(10):
            engine.run(scene((2, 1))[None])
        after = [count(name) for name in ("graph_launches", "copies", "kernels")]
        engine.close()
    assert [b - a for a, b in zip(before, after, strict=True)] == [10, 10 * copies, 10]


def test_a_refused_capture_is_told_and_costs_nothing_else(both: Bundle) -> None:
    with switched(refuse_capture=1):
        engine = open_runner(both)
        launches = count("graph_launches")
        assert np.flatnonzero(engine.run(scene((2, 1))[None])["scores"] > 0).tolist() == [10]
        assert count("graph_launches") == launches
        assert "no CUDA graph: kernels are launched one by one" in engine.info.device
        engine.close()


def test_an_engine_says_where_it_runs(both: Bundle) -> None:
    with switched(integrated=1):
        engine = open_runner(both)
        info = engine.info
        engine.close()
    assert (info.name, info.library, info.flavour) == (
        "tensorrt",
        "TensorRT 10.3.0",
        "int8_tensorrt",
    )
    assert info.device == "Imaginary, compute 8.7, CUDA 12.6, zero copy, CUDA graph"


def test_nothing_is_allocated_for_a_frame(both: Bundle) -> None:
    engine = open_runner(both)
    frame = scene((2, 1))[None]
    first = engine.run(frame)
    places = {name: array.ctypes.data for name, array in first.items()}
    allocations, kept = count("allocations"), held()
    for _ in range(50):
        outputs = engine.run(frame)
    assert (count("allocations"), held()) == (allocations, kept)
    assert {name: array.ctypes.data for name, array in outputs.items()} == places
    del first, outputs
    engine.close()


def test_outputs_of_a_later_frame_are_new(both: Bundle) -> None:
    engine = open_runner(both)
    for cell in ((2, 1), (7, 5), (0, 0)):
        scores = engine.run(scene(cell)[None])["scores"]
        assert np.flatnonzero(scores > 0).tolist() == [cell[1] * 8 + cell[0]]
    del scores
    engine.close()


@pytest.mark.parametrize(
    "network_input",
    [
        np.zeros((1, 48, 65, 3), np.uint8),
        np.zeros((48, 64, 3), np.uint8),
        np.zeros((1, 48, 64, 3), np.float32),
    ],
    ids=["too wide", "no batch", "floats"],
)
def test_an_input_of_another_kind_is_refused_and_the_next_is_fine(
    both: Bundle, network_input: np.ndarray
) -> None:
    engine = open_runner(both)
    with pytest.raises(EngineError, match=r"expected uint8 of shape \(1, 48, 64, 3\), got "):
        engine.run(network_input)
    assert engine.run(scene((2, 1))[None])["scores"].max() > 0
    engine.close()


@pytest.mark.parametrize(
    ("serialised", "message"),
    [
        (b"no engine", "cannot load the engine: Serialization assertion magicTagRead failed"),
        (toy_model(width=32), r"one uint8 input of shape \(1, 48, 64, 3\), got .*\(1, 48, 32, 3\)"),
    ],
    ids=["foreign bytes", "another size"],
)
def test_what_is_no_engine_of_this_model_is_refused(
    both: Bundle, serialised: bytes, message: str
) -> None:
    with pytest.raises(EngineError, match=message):
        open_runner(both, serialised)


def test_too_little_memory_is_an_error_and_all_is_given_back(both: Bundle) -> None:
    with switched(memory=1000), pytest.raises(EngineError, match=r"out of memory.*stop what else"):
        open_runner(both)
    gc.collect()
    engine = open_runner(both)  # and with more memory it works
    engine.close()


def test_no_memory_for_the_context_is_an_error(
    both: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as environment:
        environment.setenv("STAND_IN", "no_context")
        with pytest.raises(EngineError, match="TensorRT has no memory to run the engine"):
            open_runner(both)


def test_a_machine_without_a_device_is_no_fault() -> None:
    with switched(devices=0), pytest.raises(EngineAbsentError, match="sees no device"):
        Driver()


def test_a_device_lost_in_the_middle_is_an_error_for_good(both: Bundle) -> None:
    engine = open_runner(both)
    frame = scene((2, 1))[None]
    engine.run(frame)
    with switched(lose_after=1):
        engine.run(frame)
        with pytest.raises(EngineError, match=r"run the engine: .*launch failure.*restart"):
            engine.run(frame)
        with pytest.raises(EngineError, match="failed before and stays off"):
            engine.run(frame)
        engine.close()
    gc.collect()


def test_another_librarys_context_is_current_again_after_every_call(both: Bundle) -> None:
    with foreign_context() as foreign:
        engine = open_runner(both)
        assert current_context() == foreign.value
        assert engine.run(scene((2, 1))[None])["scores"].max() > 0
        assert current_context() == foreign.value
        engine.close()
        assert current_context() == foreign.value
    assert current_context() is None


def test_an_engine_may_be_made_in_one_thread_and_run_in_another(both: Bundle) -> None:
    made: list[TensorRtEngine] = []
    thread = threading.Thread(target=lambda: made.append(open_runner(both)))
    thread.start()
    thread.join()
    assert made[0].run(scene((2, 1))[None])["scores"].max() > 0
    made[0].close()


def test_two_threads_at_once_are_a_bug(both: Bundle) -> None:
    engine = open_runner(both)
    caught: list[BaseException] = []

    def run() -> None:
        try:
            engine.run(scene((2, 1))[None])
        except RuntimeError as error:
            caught.append(error)

    with engine._cuda.current("hold it"):
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    assert "two threads at once" in str(caught[0])
    engine.close()


def test_closing_twice_is_fine_and_running_afterwards_a_bug(both: Bundle) -> None:
    engine = open_runner(both)
    engine.close()
    engine.close()
    with pytest.raises(RuntimeError, match=r"run\(\) after close\(\)"):
        engine.run(scene()[None])


def test_a_context_of_pycudas_own_is_current_again_after_closing(both: Bundle) -> None:
    import pycuda.driver as cuda

    cuda.init()
    own = cuda.Device(0).make_context()
    before = current_context()
    engine = open_runner(both)
    engine.run(scene()[None])
    engine.close()
    assert current_context() == before
    own.detach()
    assert current_context() is None


def test_the_fake_driver_catches_what_it_is_there_to_catch(both: Bundle) -> None:
    """A copy from memory that is not page-locked, and a read before the wait, do show."""
    import pycuda.driver as cuda

    engine = open_runner(both)
    with engine._cuda.current("try"):
        stream = cuda.Stream()
        device = cuda.mem_alloc(16)
        with pytest.raises(cuda.LogicError):
            cuda.memcpy_htod_async(device, np.zeros(4, np.float32), stream)
        locked = cuda.pagelocked_empty(4, np.float32)
        locked[:] = 7
        back = cuda.pagelocked_empty(4, np.float32)
        cuda.memcpy_htod_async(device, locked, stream)
        cuda.memcpy_dtoh_async(back, device, stream)
        assert not (back == 7).any()
        stream.synchronize()
        assert (back == 7).all()
        del stream, device, locked, back
    engine.close()
