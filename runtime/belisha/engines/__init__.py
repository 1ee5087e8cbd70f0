"""Engines: whatever can run a bundle's model. One file per library, its only importer.

`open_engine` tries them in a fixed order and says why each earlier one was passed over; a fallback
is never silent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from belisha.boxes import FloatArray
from belisha.bundle import Bundle
from belisha.errors import BelishaError, EngineError, UsageError
from belisha.frames import Image

ORDER = ("onnxruntime",)
"""Names of the engines, the preferred first."""
MAX_THREADS = 1024

_MODULES = {"onnxruntime": "belisha.engines.onnx_runtime"}


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
            Arrays by name, as `belisha.decode` describes; they are valid until the next call.

        Raises:
            EngineError: the engine refused the input or failed.
        """
        ...

    def close(self) -> None:
        """Free what the engine holds; it cannot run any more."""
        ...


@dataclass(frozen=True)
class OpenedEngine:
    """An engine, and the ones that were tried before it.

    Attributes:
        engine: the loaded engine.
        passed_over: (name, reason) of each preferred engine that could not be used.
    """

    engine: Engine
    passed_over: tuple[tuple[str, str], ...]


def open_engine(
    bundle: Bundle, name: str | None = None, threads: int | None = None
) -> OpenedEngine:
    """Load a bundle's model with the first engine that can.

    Args:
        bundle: the verified bundle.
        name: of the one engine to use; without it all are tried in order.
        threads: CPU threads; as many as the engine likes if absent.

    Raises:
        UsageError: there is no engine of that name.
        EngineError: no engine could load the model; the message lists every reason.
    """
    if name is not None and name not in ORDER:
        raise UsageError(f"expected an engine of {', '.join(ORDER)}; got {name!r}")
    if threads is not None and not 1 <= threads <= MAX_THREADS:
        raise UsageError(f"expected 1 to {MAX_THREADS} threads, got {threads}")
    passed_over: list[tuple[str, str]] = []
    for candidate in (name,) if name else ORDER:
        load: Callable[[Bundle, int | None], Engine] = import_module(_MODULES[candidate]).load
        try:
            return OpenedEngine(load(bundle, threads), tuple(passed_over))
        except BelishaError as error:
            if name is not None or len(ORDER) == 1:
                raise
            passed_over.append((candidate, str(error)))
    reasons = "; ".join(f"{engine}: {reason}" for engine, reason in passed_over)
    raise EngineError(f"{bundle.path}: no engine could load it: {reasons}")
