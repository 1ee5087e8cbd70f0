"""Engines: whatever can run a bundle's model. One file per library, its only importer.

`belisha.engines.choice` tries them in a fixed order and says why each earlier one was passed over;
a fallback is never silent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from belisha.boxes import FloatArray
from belisha.bundle import Bundle
from belisha.errors import UsageError
from belisha.frames import Image

MAX_THREADS = 1024


@dataclass(frozen=True)
class EngineInfo:
    """What runs the model, for logs and reports.

    Attributes:
        name: of the engine, one of `ORDER`.
        library: name and version of the library behind it.
        device: where it runs, for people.
        flavour: of the model it runs.
        threads: CPU threads it may use.
        arithmetic: what it multiplies, and how that was chosen; empty where there is no choice.
        notice: what people must be told of it, that it is slower here, say; empty if nothing.
    """

    name: str
    library: str
    device: str
    flavour: str
    threads: int
    arithmetic: str = ""
    notice: str = ""


class Engine(Protocol):
    """A loaded model."""

    @property
    def info(self) -> EngineInfo:
        """What this engine is."""
        ...

    def run(self, network_input: Image) -> Mapping[str, FloatArray]:
        """Run the model once.

        Args:
            network_input: (1, H, W, 3) uint8 as `FrameTransform.apply` makes it.

        Returns:
            Arrays by name, as `belisha.decode` describes; they are valid until the next call, or
            until the engine is closed.

        Raises:
            EngineError: the engine refused the input or failed.
        """
        ...

    def close(self) -> None:
        """Free what the engine holds; it cannot run any more."""
        ...


class EngineBuild(Protocol):
    """The making of an engine that takes minutes, in the background."""

    @property
    def progress(self) -> str:
        """How far it is, in a few words; empty if that is not known."""
        ...

    def run(self) -> Engine:
        """Make it; called once, in a thread of its own.

        Raises:
            EngineError: it cannot be made.
        """
        ...

    def stop(self) -> None:
        """Give up, from another thread."""
        ...


class EngineKind(Protocol):
    """A way to run a model; imported when it is tried."""

    @property
    def name(self) -> str:
        """As users call it."""
        ...

    def load(self, bundle: Bundle, threads: int | None) -> Engine:
        """Load the bundle's model, within seconds.

        Raises:
            EngineAbsentError: the machine has not what it takes, and need not have.
            EngineNotBuiltError: `build` must come first.
            MissingLibraryError, EngineError: it cannot be used, with the reason.
        """
        ...

    def build(self, bundle: Bundle, threads: int | None) -> EngineBuild:
        """What makes the engine that `load` misses."""
        ...


@dataclass(frozen=True)
class ModuleKind:
    """A kind in a module of its own.

    Attributes:
        name: as users call it.
        module: where it is.
        loader, builder: names of its functions; kinds that load at once have no builder.
    """

    name: str
    module: str
    loader: str = "load"
    builder: str = ""

    def load(self, bundle: Bundle, threads: int | None) -> Engine:
        """See `EngineKind.load`."""
        engine: Engine = getattr(import_module(self.module), self.loader)(bundle, threads)
        return engine

    def build(self, bundle: Bundle, threads: int | None) -> EngineBuild:
        """See `EngineKind.build`."""
        build: EngineBuild = getattr(import_module(self.module), self.builder)(bundle, threads)
        return build


KINDS: tuple[EngineKind, ...] = (
    ModuleKind("tensorrt", "belisha.engines.tensorrt", builder="build"),
    ModuleKind(
        "onnxruntime-tensorrt",
        "belisha.engines.onnx_runtime_gpu",
        "load_tensorrt",
        "build_tensorrt",
    ),
    ModuleKind("onnxruntime-cuda", "belisha.engines.onnx_runtime_gpu", "load_cuda"),
    ModuleKind("onnxruntime", "belisha.engines.onnx_runtime"),
)
"""The engines, the preferred first. The last runs anywhere and is what the others are judged by."""
ORDER = tuple(kind.name for kind in KINDS)
"""Their names."""
REFERENCE = ORDER[-1]
"""What the others are judged by; name it where an answer must not depend on a GPU."""


def find_kind(name: str, kinds: Sequence[EngineKind] = KINDS) -> EngineKind:
    """The kind of that name.

    Raises:
        UsageError: there is none.
    """
    for kind in kinds:
        if kind.name == name:
            return kind
    raise UsageError(
        f"expected an engine of {', '.join(kind.name for kind in kinds)}; got {name!r}"
    )


def check_threads(threads: int | None) -> None:
    """Raise `UsageError` for a number of threads that makes no sense."""
    if threads is not None and not 1 <= threads <= MAX_THREADS:
        raise UsageError(f"expected 1 to {MAX_THREADS} threads, got {threads}")
