"""A foreign detector in INT8, as a user gets it: ONNX Runtime's own post-training quantisation.

With its defaults for CPUs, on the frames at hand. It is there to see what INT8 buys a network that
was not made for it, in time and in accuracy; nobody tuned it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from belisha.bundle import Bundle, write_bundle
from belisha.errors import EngineError
from belisha.frames import Image

NOTE = "INT8 by ONNX Runtime's quantize_static with its defaults, not by its authors"
MODEL = "models/int8_cpu.onnx"


class _Reader(CalibrationDataReader):  # type: ignore[misc]  # the base class is untyped
    """Network inputs, one after another."""

    def __init__(self, name: str, inputs: Sequence[Image]) -> None:
        self._left = [{name: one} for one in inputs]

    def get_next(self) -> dict[str, Any] | None:
        """The next one; nothing at the end."""
        return self._left.pop() if self._left else None


def quantise(bundle: Bundle, frames: Sequence[Image], folder: Path) -> Bundle:
    """A bundle with an INT8 model in place of the float one.

    Args:
        bundle: with a float model whose input is called `frame`.
        frames: (H, W, 3) uint8 BGR, to calibrate on.
        folder: where to.

    Raises:
        EngineError: ONNX Runtime cannot quantise it.
    """
    manifest = bundle.manifest
    height, width = frames[0].shape[:2]
    transform = manifest.preprocessing.for_frame(width, height)
    inputs = [transform.apply(frame) for frame in frames]
    source, prepared, target = (folder / f"{bundle.path.stem}-{step}.onnx" for step in "abc")
    source.write_bytes(bundle.model("float"))
    logging.disable(logging.WARNING)  # it advises what was done a line before
    onnxruntime.set_default_logger_severity(3)
    try:
        quant_pre_process(str(source), str(prepared))
        quantize_static(
            str(prepared),
            str(target),
            _Reader("frame", inputs),
            quant_format=QuantFormat.QDQ,
        )
    except Exception as error:  # it has no common base class of its errors
        raise EngineError(f"{bundle.path}: ONNX Runtime cannot quantise it: {error}") from error
    finally:
        logging.disable(logging.NOTSET)
    kept = [name for name in manifest.files if name != manifest.models["float"]]
    files = {name: bundle.read(name) for name in kept}
    files[MODEL] = target.read_bytes()
    path = folder / f"{bundle.path.stem}-int8.bundle"
    return write_bundle(path, replace(manifest, models={"int8_cpu": MODEL}), files)
