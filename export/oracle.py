"""NVIDIA's own compiler as the judge of the TensorRT flavour: which convolutions become INT8?

TensorRT-RTX compiles an ONNX file for a GPU that is not there. It reads and types the graph as
TensorRT does; how fast the engine is, and what it computes, only a device can tell. There is no
target for Orin (SM87); SM86 is its nearest kin.

The compiler runs in a process of its own, with a time limit, and may be installed in another
Python: its libraries are large, and a crash in them must not take the export along.
"""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from belisha.errors import EngineError, UsageError

CAPABILITIES = ("SM80", "SM86", "SM89", "SM120")
"""Ampere, of which Orin is, and later ones. For SM75 TensorRT-RTX multiplies in float, whatever the
file."""
TIMEOUT_S = 120.0
INSTALL = "in the checkout, pip install -e '.[oracle]', or give --oracle-python"
_WORKER = Path(__file__).with_name("oracle_worker.py")
_MAX_ANSWER = 50_000_000
_CONVOLUTION, _ELEMENTWISE = "correlation", "kgen"
_NEXT = "Inputs|Constants|Outputs|TacticName|StreamId|Metadata"
"""Fields of a layer in the compiler's list: what ends the one before."""


@dataclass(frozen=True)
class CompiledLayer:
    """A kernel of the engine.

    Attributes:
        kind: `correlation` is a convolution, `kgen` generated elementwise code.
        nodes: names of the ONNX nodes that it does.
        inputs, constants, outputs: types of its tensors, such as Int8.
        macs: multiply-adds, of a convolution.
    """

    kind: str
    nodes: tuple[str, ...]
    inputs: tuple[str, ...]
    constants: tuple[str, ...]
    outputs: tuple[str, ...]
    macs: int

    @property
    def is_int8(self) -> bool:
        """Whether a convolution multiplies int8 by int8."""
        return self.inputs[:1] == ("Int8",) and self.constants[:1] == ("Int8",)


@dataclass(frozen=True)
class Compilation:
    """What became of the file on one compute capability.

    Attributes:
        capability: such as SM86.
        convolutions, int8: how many there are; how many multiply int8 by int8.
        int8_of_macs: share of the multiply-adds that are int8.
        float_layers: names of the convolutions that stay in float.
        unplanned: of these, the ones that the plan has in INT8.
        input_kernels, between, output_kernels: elementwise kernels before the first convolution,
            among the convolutions, and behind the last.
        refused: the compiler's words if it refused the file; all else is 0 then.
    """

    capability: str
    convolutions: int = 0
    int8: int = 0
    int8_of_macs: float = 0.0
    float_layers: tuple[str, ...] = ()
    unplanned: tuple[str, ...] = ()
    input_kernels: int = 0
    between: int = 0
    output_kernels: int = 0
    refused: str = ""

    @property
    def passed(self) -> bool:
        """Whether every planned convolution is INT8."""
        return not self.refused and not self.unplanned and self.int8 > 0

    @property
    def kernels(self) -> int:
        """All elementwise kernels."""
        return self.input_kernels + self.between + self.output_kernels


@dataclass(frozen=True)
class OracleRecord:
    """Whether the oracle was asked, and what it said.

    Attributes:
        library: name and version; empty if it did not run.
        not_run: why it was not asked; empty if it was.
        compilations: one a capability.
    """

    library: str
    not_run: str
    compilations: tuple[Compilation, ...] = ()

    @property
    def ran(self) -> bool:
        """Whether there is a verdict at all."""
        return not self.not_run

    @property
    def passed(self) -> bool:
        """Whether it ran and every planned convolution is INT8 everywhere."""
        return self.ran and all(one.passed for one in self.compilations)

    def json(self) -> dict[str, Any]:
        """For the bundle and for programs."""
        rows = [
            {**asdict(one), "passed": one.passed, "kernels": one.kernels}
            for one in self.compilations
        ]
        return {
            "ran": self.ran,
            "passed": self.passed,
            "library": self.library,
            "not_run": self.not_run,
            "compilations": rows,
        }


def ask_oracle(
    model: bytes,
    planned: Sequence[str],
    *,
    capabilities: Sequence[str] = CAPABILITIES,
    python: Path | None = None,
    timeout_s: float = TIMEOUT_S,
) -> OracleRecord:
    """Compile the very file for several GPUs.

    Args:
        model: the TensorRT flavour.
        planned: names of the convolutions that the plan has in INT8: `Plan.planned`.
        capabilities: of GPUs.
        python: interpreter that has tensorrt_rtx; this one if absent.
        timeout_s: for each compilation.

    Returns:
        The record; `not_run` says why if the library is not there.

    Raises:
        UsageError: there is no such interpreter.
        EngineError: the compiler crashed, or took too long.
    """
    library, compilations = "", []
    with tempfile.TemporaryDirectory(prefix="belisha-oracle-") as folder:
        path = Path(folder) / "model.onnx"
        path.write_bytes(model)
        for capability in capabilities:
            said = _ask(python or Path(sys.executable), path, capability, timeout_s)
            if "absent" in said:
                return OracleRecord("", f"TensorRT-RTX is not installed: {INSTALL}")
            library = said.get("library", "") or library
            compilations.append(_judge(capability, said, planned))
    return OracleRecord(library, "", tuple(compilations))


def _ask(python: Path, path: Path, capability: str, timeout_s: float) -> dict[str, str]:
    """What the worker says of one compilation."""
    command = [str(python), str(_WORKER), str(path), capability]
    try:
        done = subprocess.run(  # noqa: S603  our own program
            command, capture_output=True, timeout=timeout_s, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired as error:
        raise EngineError(
            f"TensorRT-RTX took more than {timeout_s:g} s to compile for {capability}: allow more, "
            "or leave the oracle out"
        ) from error
    except OSError as error:
        raise UsageError(f"{python}: expected a Python interpreter: {error.strerror}") from error
    lines = done.stdout[-_MAX_ANSWER:].decode(errors="replace").strip().splitlines()
    try:
        said: dict[str, str] = json.loads(lines[-1])
    except (IndexError, ValueError) as error:
        words = " ".join(done.stderr.decode(errors="replace").split())[-300:]
        raise EngineError(
            f"TensorRT-RTX ended with exit code {done.returncode} while it compiled for "
            f"{capability}: {words or 'it said nothing'}"
        ) from error
    return said


def _judge(capability: str, said: dict[str, str], planned: Sequence[str]) -> Compilation:
    """The worker's words as a record."""
    if said.get("refused"):
        return Compilation(capability, refused=said["refused"])
    layers = read_layers(said.get("layers", ""))
    if not layers:
        return Compilation(capability, refused="the compiler did not list its layers")
    return judge_layers(capability, layers, planned)


def judge_layers(
    capability: str, layers: Sequence[CompiledLayer], planned: Sequence[str]
) -> Compilation:
    """Count what was compiled.

    Args:
        capability: that it was compiled for.
        layers: in the order of execution.
        planned: names of the convolutions that should be INT8.
    """
    places = [index for index, layer in enumerate(layers) if layer.kind == _CONVOLUTION]
    convolutions = [layers[index] for index in places]
    elementwise = [index for index, layer in enumerate(layers) if layer.kind == _ELEMENTWISE]
    first, last = (places[0], places[-1]) if places else (len(layers), len(layers))
    int8 = {name for layer in convolutions if layer.is_int8 for name in layer.nodes}
    macs = sum(layer.macs for layer in convolutions)
    return Compilation(
        capability=capability,
        convolutions=len(convolutions),
        int8=sum(layer.is_int8 for layer in convolutions),
        int8_of_macs=sum(layer.macs for layer in convolutions if layer.is_int8) / max(macs, 1),
        float_layers=tuple(layer.nodes[0] for layer in convolutions if not layer.is_int8),
        unplanned=tuple(name for name in planned if name not in int8),
        input_kernels=sum(index < first for index in elementwise),
        between=sum(first < index < last for index in elementwise),
        output_kernels=sum(index > last for index in elementwise),
    )


def read_layers(text: str) -> list[CompiledLayer]:
    """The compiler's list of layers, one a line.

    `Name: N, LayerType: T, Inputs: [ {...}, {...}], Constants: [...], Outputs: [...], ...,
    Metadata: [ONNX Layer: A][ONNX Layer: B]`
    """
    return [_layer(line) for line in text.splitlines() if "LayerType: " in line]


def _layer(line: str) -> CompiledLayer:
    kind = re.search(r"LayerType: (\w+)", line)
    constants = _tensors(line, "Constants")
    outputs = _tensors(line, "Outputs")
    weight = constants[0][1] if constants else ()
    macs = math.prod(outputs[0][1]) * math.prod(weight[1:]) if outputs and len(weight) > 1 else 0
    is_convolution = kind is not None and kind[1] == _CONVOLUTION
    name = re.match(r"Name: (.*?)(?:_U\d+)?(?:_myl\d+_\d+)?,", line)
    return CompiledLayer(
        kind=kind[1] if kind else "",
        nodes=tuple(re.findall(r"\[ONNX Layer: ([^\]]*)\]", line)) or ((name[1],) if name else ()),
        inputs=tuple(dtype for dtype, _ in _tensors(line, "Inputs")),
        constants=tuple(dtype for dtype, _ in constants),
        outputs=tuple(dtype for dtype, _ in outputs),
        macs=macs if is_convolution else 0,
    )


def _tensors(line: str, field: str) -> list[tuple[str, tuple[int, ...]]]:
    """Type and sides of the tensors of a field, in order."""
    part = re.search(rf"{field}: \[(.*?)\](?:, (?:{_NEXT}): |$)", line)
    found = re.findall(
        r"Dimensions: \[([\d,]*)\].*?Datatype: (\w+)", part[1] if part else "", re.DOTALL
    )
    return [(dtype, tuple(map(int, sides.split(",")))) for sides, dtype in found if sides]
