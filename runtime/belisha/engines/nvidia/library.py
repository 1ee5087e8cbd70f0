"""TensorRT itself: its only importer, which versions are supported, and what it says."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any, Literal

from belisha.errors import EngineError, MissingLibraryError

Library = Literal["tensorrt", "tensorrt_rtx"]
"""TensorRT-RTX has the same interface, and compiles without a GPU for one that is named."""
OLDEST = (10, 3)
"""Of JetPack 6.1. Older ones need other calls, a Python that is no longer kept, and calibrators."""


def load_tensorrt(name: Library = "tensorrt") -> Any:
    """The module.

    Raises:
        MissingLibraryError: it is not installed.
        EngineError: it is too old.
    """
    try:
        module = import_module(name)
    except ImportError as error:
        raise MissingLibraryError(
            f"{name} cannot be loaded ({error}): on a Jetson, apt-get install python3-libnvinfer; "
            "elsewhere pip install 'belisha[tensorrt]'"
        ) from error
    if name == "tensorrt" and _version(module) < OLDEST:
        raise EngineError(
            f"expected TensorRT {OLDEST[0]}.{OLDEST[1]} or later, got {module.__version__}: "
            "update to JetPack 6.1 or later"
        )
    return module


def _version(module: Any) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", str(module.__version__))[:2])


def message_log(trt: Any) -> Any:
    """A logger for TensorRT that keeps what it says: `errors`, `warnings`, and `details`."""

    class MessageLog(trt.ILogger):  # type: ignore[misc]  # TensorRT has no types
        def __init__(self) -> None:
            super().__init__()
            self.errors: list[str] = []
            self.warnings: list[str] = []
            self.details: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            if severity in (trt.ILogger.INTERNAL_ERROR, trt.ILogger.ERROR):
                self.errors.append(message)
            elif severity == trt.ILogger.WARNING:
                self.warnings.append(message)
            elif message.startswith("Layers:"):
                self.details.append(message)

    return MessageLog()


def reasons(log: Any) -> str:
    """What TensorRT complained of, in one line."""
    return "; ".join(dict.fromkeys(log.errors)) or "TensorRT gave no reason"
