"""Engines: the model of a bundle runs, or the reason why not is one of the error tree."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, numpy_helper

from belisha.bundle import Bundle, write_bundle
from belisha.engines import ORDER
from belisha.engines.choice import open_engine
from belisha.errors import EXIT_REFUSED, EXIT_USAGE, BundleError, EngineError, UsageError
from tests.interpreter import run_python
from tests.toy import HEIGHT, WIDTH, scene, toy_files, toy_manifest, toy_model

Edit = Callable[[onnx.ModelProto], object]


def bundle_with(path: Path, model: bytes) -> Bundle:
    """The toy with another model."""
    return write_bundle(path, toy_manifest(), {**toy_files(), "models/float.onnx": model})


def edited(edit: Edit) -> bytes:
    """The toy's model after an edit of its graph."""
    model = onnx.load_model_from_string(toy_model())
    edit(model)
    return model.SerializeToString()


def test_the_toy_runs(toy: Bundle) -> None:
    opened = open_engine(toy)
    outputs = opened.engine.run(scene((2, 1))[None])
    assert opened.passed_over == ()
    assert outputs["scores"].shape == (1, 48, 1)
    assert np.flatnonzero(outputs["scores"] > 0).tolist() == [1 * 8 + 2]
    assert outputs["boxes"].shape == (1, 48, 4)


def test_an_engine_says_what_it_is(toy: Bundle) -> None:
    info = open_engine(toy, threads=2).engine.info
    assert info.name in ORDER
    assert info.library.startswith("onnxruntime 1.")
    assert (info.device, info.flavour, info.threads) == ("CPU", "float", 2)


def test_all_allowed_cores_are_used_unless_told_otherwise(toy: Bundle) -> None:
    assert open_engine(toy).engine.info.threads == len(os.sched_getaffinity(0))


def brighten(model: onnx.ModelProto) -> None:
    """Make the toy surer: its bias rises from -20 to -10."""
    for tensor in model.graph.initializer:
        if tensor.name == "bias":
            tensor.CopyFrom(numpy_helper.from_array(np.array([-10], np.float32), "bias"))


def test_the_int8_model_is_preferred_to_the_float_one(tmp_path: Path) -> None:
    models = {"float": "models/float.onnx", "int8_cpu": "models/int8.onnx"}
    files = {**toy_files(), "models/int8.onnx": edited(brighten)}
    bundle = write_bundle(tmp_path / "two.bundle", toy_manifest(models=models), files)
    engine = open_engine(bundle).engine
    assert engine.info.flavour == "int8_cpu"
    white = engine.run(scene((0, 0))[None])["scores"][0, 0, 0]
    assert white == pytest.approx(25.5 - 10, abs=1e-3)


def test_a_flavour_for_another_library_is_passed_over(tmp_path: Path) -> None:
    models = {"float": "models/float.onnx", "int8_tensorrt": "models/float.onnx"}
    bundle = write_bundle(tmp_path / "two.bundle", toy_manifest(models=models), toy_files())
    assert open_engine(bundle).engine.info.flavour == "float"


def test_a_bundle_without_a_flavour_for_this_machine_says_what_is_missing(tmp_path: Path) -> None:
    only = toy_manifest(models={"int8_tensorrt": "models/float.onnx"})
    bundle = write_bundle(tmp_path / "gpu.bundle", only, toy_files())
    with pytest.raises(EngineError, match="int8_cpu or float for a CPU, got int8_tensorrt"):
        open_engine(bundle)


@pytest.mark.parametrize("name", ["tensorrt3", "", "ONNXRUNTIME", "../onnx_runtime"])
def test_an_unknown_engine_is_wrong_usage(toy: Bundle, name: str) -> None:
    with pytest.raises(
        UsageError, match=rf"expected an engine of {', '.join(ORDER)}; got '{name}'"
    ):
        open_engine(toy, name)


def test_an_engine_can_be_named(toy: Bundle) -> None:
    assert open_engine(toy, "onnxruntime").engine.info.name == "onnxruntime"


@pytest.mark.parametrize("threads", [0, -1, 100_000])
def test_a_sensible_number_of_threads_is_needed(toy: Bundle, threads: int) -> None:
    with pytest.raises(UsageError, match=f"expected 1 to 1024 threads, got {threads}"):
        open_engine(toy, threads=threads)


@pytest.mark.parametrize(
    "model",
    [b"", b"not an ONNX file", toy_model()[:-40], toy_model()[40:], bytes(5000)],
    ids=["empty", "text", "its end lost", "its head lost", "zeros"],
)
def test_a_model_that_is_no_onnx_is_an_engine_error(tmp_path: Path, model: bytes) -> None:
    bundle = bundle_with(tmp_path / "corrupt.bundle", model)
    with pytest.raises(EngineError, match=r"corrupt.bundle: ") as caught:
        open_engine(bundle)
    assert caught.value.exit_code == EXIT_REFUSED


def rename_output(model: onnx.ModelProto) -> None:
    model.graph.output[0].name = "planes_8"
    model.graph.node[3].output[0] = "planes_8"


def take_floats(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT


def take_any_batch(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"


def unknown_operator(model: onnx.ModelProto) -> None:
    model.graph.node[4].op_type = "Sorcery"


@pytest.mark.parametrize(
    ("model", "message"),
    [
        pytest.param(
            toy_model(width=32), r"uint8 input of shape \[1, 48, 64, 3\], got .*\[1, 48, 32, 3\]",
            id="another size",
        ),
        pytest.param(edited(take_floats), r"got .*tensor\(float\).*: export the bundle again"),
        pytest.param(edited(take_any_batch), r"got .*'batch'"),
        pytest.param(
            edited(rename_output), r"lacks the outputs \['scores'\], it has \['planes_8', 'boxes'\]"
        ),
        pytest.param(edited(unknown_operator), "ONNX Runtime cannot load it: .*Sorcery"),
    ],
)  # fmt: skip
def test_a_model_that_is_not_what_the_manifest_says_is_an_engine_error(
    tmp_path: Path, model: bytes, message: str
) -> None:
    bundle = bundle_with(tmp_path / "other.bundle", model)
    with pytest.raises(EngineError, match=rf"other.bundle: .*{message}"):
        open_engine(bundle)


@pytest.mark.parametrize(
    "network_input",
    [
        np.zeros((1, HEIGHT, WIDTH + 1, 3), np.uint8),
        np.zeros((HEIGHT, WIDTH, 3), np.uint8),
        np.zeros((1, HEIGHT, WIDTH, 3), np.float32),
    ],
    ids=["too wide", "no batch", "floats"],
)
def test_an_input_of_another_kind_is_an_engine_error(
    toy: Bundle, network_input: np.ndarray, capfd: pytest.CaptureFixture[str]
) -> None:
    engine = open_engine(toy).engine
    with pytest.raises(EngineError, match="ONNX Runtime failed: "):
        engine.run(network_input)


def test_running_a_closed_engine_is_a_bug(toy: Bundle) -> None:
    engine = open_engine(toy).engine
    engine.close()
    engine.close()  # twice is fine
    with pytest.raises(RuntimeError, match=r"run\(\) after close\(\)"):
        engine.run(scene()[None])


def test_a_model_changed_on_disk_is_refused(tmp_path: Path) -> None:
    bundle = bundle_with(tmp_path / "a.bundle", toy_model())
    bundle_with(bundle.path, edited(brighten))
    with pytest.raises(BundleError, match="is not what the manifest says"):
        open_engine(bundle)


WITHOUT_ONNX_RUNTIME = """
import sys
sys.modules["onnxruntime"] = None  # as if it were not installed
from belisha.cli import main
sys.exit(main())
"""


def test_without_onnx_runtime_the_message_says_what_to_install(toy: Bundle) -> None:
    done = run_python(WITHOUT_ONNX_RUNTIME, "check", str(toy.path))
    assert done.returncode == EXIT_USAGE
    assert "ONNX Runtime is not installed: pip install 'belisha[cpu]'" in done.stderr
    assert "Traceback" not in done.stderr
