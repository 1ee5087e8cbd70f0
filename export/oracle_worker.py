"""Compile an ONNX file with TensorRT-RTX and print what became of it, as one line of JSON.

Run as a program of its own by `export.oracle`, perhaps by another Python than this one: so it needs
nothing but the standard library and tensorrt_rtx, whose only importer it is. It needs no GPU.

    python oracle_worker.py model.onnx SM86
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def main(path: str, capability: str) -> int:
    """Compile, print; 0 also where the compiler refuses the file: that is an answer."""
    try:
        import tensorrt_rtx as trt
    except ImportError as error:
        return answer({"absent": str(error)})
    known = [name for name in dir(trt.ComputeCapability) if name.startswith("SM")]
    if capability not in known:
        return answer({"refused": f"expected a compute capability of {known}, got {capability}"})
    library = f"tensorrt_rtx {trt.__version__}"
    messages, refusal = compile_file(trt, Path(path).read_bytes(), capability)
    layers = next((text for text in messages if text.startswith("Layers:")), "")
    return answer({"library": library, "refused": refusal, "layers": layers})


def compile_file(trt: Any, model: bytes, capability: str) -> tuple[list[str], str]:
    """All messages of the compiler, and why it refused the file; empty if it did not."""

    class Log(trt.ILogger):  # type: ignore[misc]  # tensorrt_rtx has no types
        """Keeps what is said, errors apart."""

        def __init__(self) -> None:
            super().__init__()
            self.messages: list[str] = []
            self.errors: list[str] = []

        def log(self, severity: Any, text: str) -> None:
            """Called by the compiler."""
            self.messages.append(text)
            if severity in (trt.ILogger.ERROR, trt.ILogger.INTERNAL_ERROR):
                self.errors.append(text)

    log = Log()
    builder = trt.Builder(log)
    network = builder.create_network(0)
    parser = trt.OnnxParser(network, log)
    if not parser.parse(model):
        errors = [str(parser.get_error(index)) for index in range(parser.num_errors)]
        return log.messages, "; ".join(errors) or "the parser refused it"
    config = builder.create_builder_config()
    config.profiling_verbosity = trt.ProfilingVerbosity.DETAILED
    config.num_compute_capabilities = 1
    config.set_compute_capability(getattr(trt.ComputeCapability, capability), 0)
    if builder.build_serialized_network(network, config) is None:
        return log.messages, "; ".join(log.errors) or "the compiler made no engine"
    return log.messages, ""


def answer(document: dict[str, str]) -> int:
    """Print it as the last line."""
    sys.stdout.write("\n" + json.dumps(document) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
