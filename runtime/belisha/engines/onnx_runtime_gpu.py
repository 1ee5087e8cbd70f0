"""ONNX Runtime on a desktop's NVIDIA GPU, by its providers for CUDA and for TensorRT."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from belisha.bundle import Bundle
from belisha.engines import EngineBuild
from belisha.engines.nvidia.builder import DEFAULT_OPTIONS
from belisha.engines.nvidia.cache import default_folder
from belisha.engines.nvidia.driver import Driver
from belisha.engines.nvidia.fingerprint import fingerprint, read_machine
from belisha.engines.onnx_runtime import OnnxRuntimeEngine, library_version, open_on_provider
from belisha.errors import EngineError, EngineNotBuiltError
from belisha.manifest import Flavour

CUDA, TENSORRT = "CUDAExecutionProvider", "TensorrtExecutionProvider"


def load_cuda(bundle: Bundle, threads: int | None) -> OnnxRuntimeEngine:
    """The float model on CUDA: its kernels gain nothing from INT8 pairs.

    Raises:
        EngineAbsentError: no NVIDIA GPU.
        MissingLibraryError: ONNX Runtime is absent, or was built without CUDA.
        EngineError: the bundle has no float model, or it cannot be loaded.
    """
    device = Driver().device()
    flavour = _flavour(bundle, "float")
    return open_on_provider(
        bundle, flavour, [(CUDA, {})], threads, "onnxruntime-cuda", f"{device.name}, CUDA"
    )


def load_tensorrt(bundle: Bundle, threads: int | None) -> OnnxRuntimeEngine:
    """The model for TensorRT, if ONNX Runtime has built its engine before on this machine.

    Raises:
        EngineAbsentError: no NVIDIA GPU.
        EngineNotBuiltError: it has not; that takes minutes.
        MissingLibraryError: ONNX Runtime is absent, or was built without TensorRT.
        EngineError: the bundle has no such model, or it cannot be loaded.
    """
    folder = _engine_folder(bundle)
    if not any(folder.glob("*.engine")):
        raise EngineNotBuiltError(f"ONNX Runtime has no TensorRT engine in {folder}")
    return _open_tensorrt(bundle, threads, folder)


class _SessionBuild:
    """A session's making is the build; it cannot be stopped half way, and tells nothing."""

    progress = ""

    def __init__(self, bundle: Bundle, threads: int | None) -> None:
        self._bundle, self._threads = bundle, threads
        self._folder = _engine_folder(bundle)

    def run(self) -> OnnxRuntimeEngine:
        """Build, keep the engine for the next time, load."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return _open_tensorrt(self._bundle, self._threads, self._folder)

    def stop(self) -> None:
        """Nothing to do: the engine is closed when it is there."""


def build_tensorrt(bundle: Bundle, threads: int | None) -> EngineBuild:
    """Make ready to build the engine that `load_tensorrt` misses."""
    return _SessionBuild(bundle, threads)


def _open_tensorrt(bundle: Bundle, threads: int | None, folder: Path) -> OnnxRuntimeEngine:
    device = Driver().device()
    options: dict[str, Any] = {
        "trt_engine_cache_enable": True,
        "trt_engine_cache_path": str(folder),
        "trt_fp16_enable": True,
        "trt_int8_enable": True,
        "trt_timing_cache_enable": True,
        "trt_timing_cache_path": str(folder),
    }
    return open_on_provider(
        bundle,
        _flavour(bundle, "int8_tensorrt"),
        [(TENSORRT, options), (CUDA, {})],
        threads,
        "onnxruntime-tensorrt",
        f"{device.name}, TensorRT within ONNX Runtime",
    )


def _engine_folder(bundle: Bundle) -> Path:
    """One for each model and machine: ONNX Runtime's own names do not tell versions apart."""
    device = Driver().device()
    manifest = bundle.manifest
    record = manifest.files[manifest.models[_flavour(bundle, "int8_tensorrt")]]
    machine = read_machine(device, library_version(TENSORRT))
    name = fingerprint(record.sha256, machine, DEFAULT_OPTIONS).digest
    return default_folder() / f"onnxruntime-{name}"


def _flavour(bundle: Bundle, flavour: Flavour) -> Flavour:
    if flavour not in bundle.manifest.models:
        raise EngineError(
            f"{bundle.path}: expected a model of flavour {flavour}, got "
            f"{', '.join(bundle.manifest.models)}: export the bundle with it"
        )
    return flavour
