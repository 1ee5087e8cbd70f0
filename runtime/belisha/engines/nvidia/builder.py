"""From an ONNX file to a TensorRT engine, by the calls that TensorRT 10.3 to 11 have in common.

INT8 comes from the quantise-dequantise pairs in the file alone: no calibrator, no implicit
quantisation. Where TensorRT still has weak typing it is told that it may use INT8 and FP16, which
strong typing would forbid for what the file leaves in float; where those flags are gone, in 11, all
networks are strongly typed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from belisha.engines.nvidia.library import message_log, reasons
from belisha.errors import EngineError

OnPhase = Callable[[str, int, int], None]
"""Is told a phase of the build, how many of its steps are done, and how many there are."""
MEGABYTE = 1 << 20


@dataclass(frozen=True)
class BuildOptions:
    """What the user may choose; each choice makes another engine.

    Attributes:
        level: of optimisation, 0 (quick to build) to 5 (every kernel is tried).
        workspace_mb: memory that kernels may use while they run.
    """

    level: int = 3
    workspace_mb: int = 256


DEFAULT_OPTIONS = BuildOptions()


@dataclass(frozen=True)
class Compiled:
    """An engine, serialised.

    Attributes:
        engine: the bytes.
        timings: of kernels, to give to the next build; empty if there are none.
        warnings: what TensorRT said.
        details: its list of layers, which only TensorRT-RTX prints.
    """

    engine: bytes
    timings: bytes
    warnings: tuple[str, ...]
    details: str


def compile_model(
    trt: Any,
    model: bytes,
    options: BuildOptions,
    *,
    timings: bytes = b"",
    on_phase: OnPhase = lambda phase, done, steps: None,
    target: str | None = None,
) -> Compiled:
    """Compile an ONNX file; it takes minutes on a small device.

    Args:
        trt: TensorRT, or TensorRT-RTX.
        model: the ONNX file.
        options: for the build.
        timings: of an earlier build on the same device with the same TensorRT.
        on_phase: is told how far it is, from any thread.
        target: compute capability such as SM86 to compile for, where the GPU is not here;
            TensorRT-RTX only.

    Raises:
        EngineError: TensorRT refuses the file, or finds no GPU, or fails; with its words.
    """
    log = message_log(trt)
    try:
        builder = trt.Builder(log)
    except TypeError as error:  # pybind's word for a factory that gave nothing
        raise EngineError(
            f"TensorRT cannot start, probably because it finds no usable GPU: {reasons(log)}"
        ) from error
    network = _parse(trt, builder, model, log)
    monitor = _monitor(trt, on_phase)
    config = _configure(trt, builder, options, monitor, target)
    if target is None:  # TensorRT-RTX times nothing before it runs
        config.set_timing_cache(config.create_timing_cache(timings), False)
    serialised = builder.build_serialized_network(network, config)
    if serialised is None:
        raise EngineError(f"TensorRT could not build an engine: {reasons(log)}")
    return Compiled(
        engine=bytes(serialised),
        timings=_timings(config) if target is None else b"",
        warnings=tuple(dict.fromkeys(log.warnings)),
        details="\n".join(log.details),
    )


def is_strongly_typed(trt: Any) -> bool:
    """Whether the types in the file are all that counts."""
    return not hasattr(trt.BuilderFlag, "INT8")


def _parse(trt: Any, builder: Any, model: bytes, log: Any) -> Any:
    """The network of an ONNX file."""
    network = builder.create_network(_network_flags(trt))
    parser = trt.OnnxParser(network, log)
    if not parser.parse(model):
        errors = [str(parser.get_error(index)) for index in range(parser.num_errors)]
        raise EngineError(f"TensorRT refuses the model: {'; '.join(errors) or reasons(log)}")
    return network


def _network_flags(trt: Any) -> int:
    """The enum's numbers differ between versions, so they are always asked for."""
    names = ("STRONGLY_TYPED",) if is_strongly_typed(trt) else ("EXPLICIT_BATCH",)
    flags = [getattr(trt.NetworkDefinitionCreationFlag, name, None) for name in names]
    return sum(1 << int(flag) for flag in flags if flag is not None)


def _configure(
    trt: Any, builder: Any, options: BuildOptions, monitor: Any, target: str | None
) -> Any:
    config = builder.create_builder_config()
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, options.workspace_mb * MEGABYTE)
    config.builder_optimization_level = options.level
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED
    config.progress_monitor = monitor
    if not is_strongly_typed(trt):
        config.set_flag(trt.BuilderFlag.INT8)
        config.set_flag(trt.BuilderFlag.FP16)
    if target is not None:
        config.num_compute_capabilities = 1
        config.set_compute_capability(getattr(trt.ComputeCapability, target), 0)
    return config


def _timings(config: Any) -> bytes:
    cache = config.get_timing_cache()
    serialised = None if cache is None else cache.serialize()
    return b"" if serialised is None else bytes(serialised)


def _monitor(trt: Any, on_phase: OnPhase) -> Any:
    """TensorRT's progress, flattened: phases nest, the innermost is told."""

    class Monitor(trt.IProgressMonitor):  # type: ignore[misc]  # TensorRT has no types
        def __init__(self) -> None:
            super().__init__()
            self._steps: dict[str, int] = {}

        def phase_start(self, phase: str, parent: str | None, steps: int) -> None:
            self._steps[phase] = steps
            on_phase(phase, 0, steps)

        def step_complete(self, phase: str, step: int) -> bool:
            steps = self._steps.get(phase, 0)
            on_phase(phase, min(step + 1, steps), steps)
            return True

        def phase_finish(self, phase: str) -> None:
            self._steps.pop(phase, None)

    return Monitor()
