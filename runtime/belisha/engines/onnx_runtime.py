"""ONNX Runtime on the CPU: the engine that runs anywhere. The only importer of onnxruntime."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from belisha.boxes import FloatArray
from belisha.bundle import Bundle
from belisha.engines import EngineInfo
from belisha.engines.self_test import agree, trial_inputs
from belisha.errors import EngineAbsentError, EngineError, MissingLibraryError
from belisha.frames import Image
from belisha.manifest import Flavour

PREFERENCE: tuple[Flavour, ...] = ("int8_cpu", "float")
"""Flavours that this engine runs, the preferred first."""
_X86 = frozenset({"x86_64", "AMD64", "i686", "x86"})
"""Machines that may add products of int8 with saturation."""
Providers = list[tuple[str, dict[str, Any]]]
"""Names of ONNX Runtime's providers with their options, the preferred first."""
FAST, EXACT = "uint8 x int8", "uint8 x uint8"
"""What is multiplied in the int8 flavour."""


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

    def described(self, arithmetic: str, notice: str = "") -> OnnxRuntimeEngine:
        """The same engine, its info telling what it multiplies."""
        self._info = replace(self._info, arithmetic=arithmetic, notice=notice)
        return self

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
    manifest = bundle.manifest
    flavour = next((flavour for flavour in PREFERENCE if flavour in manifest.models), None)
    if flavour is None:
        raise EngineError(
            f"{bundle.path}: expected a model of flavour {' or '.join(PREFERENCE)} for a CPU, "
            f"got {', '.join(manifest.models)}: export the bundle with one of them"
        )
    return load_flavour(bundle, flavour, threads)


def load_flavour(
    bundle: Bundle, flavour: Flavour, threads: int | None, *, optimise: bool = True
) -> OnnxRuntimeEngine:
    """Load one flavour; see `load`.

    The int8 flavour is tried on the golden frames first, fast and exact. Where the two give other
    bits the exact form is used, and the engine's notice says so.

    Args:
        bundle: the verified bundle.
        flavour: one that it has.
        threads: CPU threads; as many as there are if absent.
        optimise: false to have the graph computed node by node as it stands.
    """
    fast = _open(bundle, flavour, session_options(threads, optimise=optimise))
    if flavour != "int8_cpu" or platform.machine() not in _X86:
        return fast
    try:
        exact = _open(bundle, flavour, session_options(threads, optimise=optimise, exact=True))
    except EngineError:  # ONNX Runtime cannot turn every foreign graph to uint8
        return fast.described(
            f"{FAST}, not tried",
            "ONNX Runtime has no exact form of this model: whether this processor cuts off sums "
            "of int8 products is not known",
        )
    inputs = trial_inputs(bundle)
    if agree(fast.run, exact.run, inputs):
        exact.close()
        return fast.described(f"{FAST}, tried on {len(inputs)} frames")
    fast.close()
    return exact.described(
        f"{EXACT}, tried on {len(inputs)} frames",
        "this processor cuts off sums of int8 products, so uint8 is used instead: the same "
        "numbers as elsewhere, up to three times slower",
    )


def session_options(threads: int | None, *, optimise: bool = True, exact: bool = False) -> Any:
    """ONNX Runtime's options as every session of this kit has them.

    Args:
        threads: as many as there are cores if absent.
        optimise: false to have the graph computed node by node as it stands.
        exact: turn int8 weights to uint8 at load, which no processor adds with saturation: slower
            where int8 would have done, but the same numbers everywhere.
    """
    onnxruntime = _library()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or _cores()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # A spinning thread pool gains little here and starves the rest of a small machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if not optimise:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    if exact:
        options.add_session_config_entry("session.x64quantprecision", "1")
    return options


def _open(bundle: Bundle, flavour: Flavour, options: Any) -> OnnxRuntimeEngine:
    """An engine for one flavour with these options."""
    session = _session(bundle, flavour, options, [("CPUExecutionProvider", {})])
    info = EngineInfo(
        name="onnxruntime",
        library=f"onnxruntime {_library().__version__}",
        device="CPU",
        flavour=flavour,
        threads=options.intra_op_num_threads,
    )
    return OnnxRuntimeEngine(session, info, bundle.manifest.head.outputs)


def _session(bundle: Bundle, flavour: Flavour, options: Any, providers: Providers) -> Any:
    """A session for one flavour, which takes and gives what the manifest says."""
    model = bundle.model(flavour)
    try:
        session = _library().InferenceSession(model, options, providers=providers)
    except Exception as error:  # onnxruntime has no common base class of its errors
        raise EngineError(f"{bundle.path}: ONNX Runtime cannot load it: {error}") from error
    _check_signature(session, bundle)
    return session


def _library() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingLibraryError(
            "ONNX Runtime is not installed: pip install 'belisha[cpu]'"
        ) from error
    return onnxruntime


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
    onnxruntime = _library()
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
    providers: Providers,
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
    options = session_options(threads)
    session = _session(bundle, flavour, options, providers)
    if providers[0][0] not in session.get_providers():  # it falls back to the CPU without an error
        raise EngineError(
            f"ONNX Runtime could not start {providers[0][0]}: its CUDA libraries are not "
            "those that this onnxruntime-gpu was built for"
        )
    info = EngineInfo(name, library, device, flavour, options.intra_op_num_threads)
    return OnnxRuntimeEngine(session, info, bundle.manifest.head.outputs)
