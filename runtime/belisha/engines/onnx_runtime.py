"""ONNX Runtime on the CPU: the engine that runs anywhere. The only importer of onnxruntime."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import cv2

from belisha.boxes import FloatArray
from belisha.bundle import Bundle
from belisha.engines import EngineInfo
from belisha.errors import EngineAbsentError, EngineError, MissingLibraryError
from belisha.frames import Image
from belisha.manifest import Flavour

PREFERENCE: tuple[Flavour, ...] = ("int8_cpu", "float")
"""Flavours that this engine runs, the preferred first."""
_AVX_512VNNI = 21
"""OpenCV's number of this feature of a processor; its Python module has no name for it."""


class OnnxRuntimeEngine:
    """A session of ONNX Runtime; see `belisha.engines.Engine`."""

    def __init__(self, session: Any, info: EngineInfo, outputs: tuple[str, ...]) -> None:
        self._session = session
        self._input = session.get_inputs()[0].name
        self._outputs = outputs
        self._info = info

    @property
    def info(self) -> EngineInfo:
        """See `Engine.info`."""
        return self._info

    def run(self, network_input: Image) -> Mapping[str, FloatArray]:
        """See `Engine.run`."""
        if self._session is None:
            raise RuntimeError("run() after close()")
        try:
            arrays = self._session.run(self._outputs, {self._input: network_input})
        except Exception as error:  # onnxruntime has no common base class of its errors
            raise EngineError(f"ONNX Runtime failed: {error}") from error
        return dict(zip(self._outputs, arrays, strict=True))

    def close(self) -> None:
        """See `Engine.close`."""
        self._session = None


def load(bundle: Bundle, threads: int | None) -> OnnxRuntimeEngine:
    """Load the bundle's preferred flavour on the CPU.

    Raises:
        MissingLibraryError: onnxruntime is not installed.
        BundleError: the file on disk is no longer what was opened.
        EngineError: the model cannot be loaded, or is not what the manifest says.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingLibraryError(
            "ONNX Runtime is not installed: pip install 'belisha[cpu]'"
        ) from error
    manifest = bundle.manifest
    flavour = next((flavour for flavour in PREFERENCE if flavour in manifest.models), None)
    if flavour is None:
        raise EngineError(
            f"{bundle.path}: expected a model of flavour {' or '.join(PREFERENCE)} for a CPU, "
            f"got {', '.join(manifest.models)}: export the bundle with one of them"
        )
    options = session_options(threads)
    model = bundle.model(flavour)
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has no common base class of its errors
        raise EngineError(f"{bundle.path}: ONNX Runtime cannot load it: {error}") from error
    _check_signature(session, bundle)
    info = EngineInfo(
        name="onnxruntime",
        library=f"onnxruntime {onnxruntime.__version__}",
        device="CPU",
        flavour=flavour,
        threads=options.intra_op_num_threads,
    )
    return OnnxRuntimeEngine(session, info, manifest.head.outputs)


def session_options(threads: int | None) -> Any:
    """ONNX Runtime's options as every session of this kit has them."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or _cores()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # A spinning thread pool gains little here and starves the rest of a small machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if not cv2.checkHardwareSupport(_AVX_512VNNI):
        # Without VNNI, products of uint8 and int8 are added with saturation. With this entry ONNX
        # Runtime turns int8 weights to uint8: slower, but the same numbers. It does so with VNNI
        # too, where it is not needed. OpenCV asks the processor, /proc/cpuinfo the emulator's host.
        options.add_session_config_entry("session.x64quantprecision", "1")
    return options


def _check_signature(session: Any, bundle: Bundle) -> None:
    """The model takes and gives what the manifest promises."""
    preprocessing = bundle.manifest.preprocessing
    expected = [1, preprocessing.height, preprocessing.width, 3]
    inputs = [(entry.shape, entry.type) for entry in session.get_inputs()]
    if inputs != [(expected, "tensor(uint8)")]:
        raise EngineError(
            f"{bundle.path}: expected a model with one uint8 input of shape {expected}, "
            f"got {inputs}: export the bundle again"
        )
    outputs = [entry.name for entry in session.get_outputs()]
    absent = [name for name in bundle.manifest.head.outputs if name not in outputs]
    if absent:
        raise EngineError(f"{bundle.path}: the model lacks the outputs {absent}, it has {outputs}")


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def library_version(provider: str) -> str:
    """ONNX Runtime's name and version, if it has the provider.

    Raises:
        MissingLibraryError: it is not installed.
        EngineAbsentError: it was built without the provider.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingLibraryError(
            "ONNX Runtime is not installed: pip install onnxruntime-gpu"
        ) from error
    available = onnxruntime.get_available_providers()
    if provider not in available:
        raise EngineAbsentError(
            f"this ONNX Runtime has no {provider}, it has {', '.join(available)}: "
            "pip uninstall onnxruntime && pip install onnxruntime-gpu"
        )
    return f"onnxruntime {onnxruntime.__version__}"


def open_on_provider(
    bundle: Bundle,
    flavour: Flavour,
    providers: list[tuple[str, dict[str, Any]]],
    threads: int | None,
    name: str,
    device: str,
) -> OnnxRuntimeEngine:
    """Load a flavour on another provider than the CPU's, the first of `providers`.

    Raises:
        MissingLibraryError, EngineAbsentError: as `library_version`.
        EngineError: the model cannot be loaded, or the provider did not start.
    """
    library = library_version(providers[0][0])
    import onnxruntime

    options = session_options(threads)
    model = bundle.model(flavour)
    try:
        session = onnxruntime.InferenceSession(model, options, providers=providers)
    except Exception as error:  # onnxruntime has no common base class of its errors
        raise EngineError(f"{bundle.path}: ONNX Runtime cannot load it: {error}") from error
    if providers[0][0] not in session.get_providers():  # it falls back to the CPU without an error
        raise EngineError(
            f"ONNX Runtime could not start {providers[0][0]}: its CUDA libraries are not "
            "those that this onnxruntime-gpu was built for"
        )
    _check_signature(session, bundle)
    info = EngineInfo(name, library, device, flavour, options.intra_op_num_threads)
    return OnnxRuntimeEngine(session, info, bundle.manifest.head.outputs)
