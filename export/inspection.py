"""What can be said of the INT8 files before anything is run: the rules, and NVIDIA's compiler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx

from belisha.errors import EngineError
from export.finding import Finding
from export.lint_cpu import lint_cpu
from export.lint_tensorrt import lint_tensorrt
from export.oracle import OracleRecord, ask_oracle
from export.plan import Plan

_MOST_NAMED = 5
"""Of the broken rules, in the error; `python -m export lint` lists all."""


@dataclass(frozen=True)
class Oracle:
    """Whether and how to ask TensorRT-RTX.

    Attributes:
        ask: whether at all; where it is asked but not installed, the record says so.
        python: interpreter that has it; this one if absent.
    """

    ask: bool = True
    python: Path | None = None


def inspect(
    cpu: onnx.ModelProto,
    tensorrt: onnx.ModelProto,
    plan: Plan,
    oracle: Oracle,
    say: Callable[[str], None],
) -> OracleRecord:
    """Check both flavours against their rules, and let the compiler judge one of them.

    Args:
        cpu: the flavour for CPUs.
        tensorrt: the flavour for TensorRT.
        plan: that both were emitted from.
        oracle: whether and how to ask the compiler.
        say: is told what is being done.

    Raises:
        EngineError: a rule is broken, or the compiler does not do what the plan says.
    """
    say("checking both flavours against the rules of their engines")
    _raise_findings("int8_tensorrt", lint_tensorrt(tensorrt, plan))
    _raise_findings("int8_cpu", lint_cpu(cpu, plan))
    if not oracle.ask:
        return OracleRecord("", "it was not asked for")
    say("asking NVIDIA's compiler, if it is installed")
    model = tensorrt.SerializeToString(deterministic=True)
    record = ask_oracle(model, plan.planned, python=oracle.python)
    for one in record.compilations:
        if not one.passed:
            reason = one.refused or f"not in INT8: {', '.join(one.unplanned) or 'everything'}"
            raise EngineError(
                f"{record.library} for {one.capability} does not do what the plan says: {reason}: "
                "change the plan or the emitter; --no-oracle builds without asking"
            )
    return record


def oracle_sentence(record: OracleRecord) -> str:
    """What the compiler said, in a line."""
    if not record.ran:
        return f"not asked: {record.not_run}"
    first = record.compilations[0]
    capabilities = ", ".join(one.capability for one in record.compilations)
    kernels = max(one.kernels for one in record.compilations)
    return (
        f"{record.library} for {capabilities}: {first.int8} of {first.convolutions} convolutions "
        f"in INT8, all that were planned; {first.int8_of_macs:.1%} of the multiply-adds; at most "
        f"{kernels} elementwise kernels"
    )


def _raise_findings(flavour: str, findings: Sequence[Finding]) -> None:
    if findings:
        named = "; ".join(map(str, findings[:_MOST_NAMED]))
        more = f"; and {len(findings) - _MOST_NAMED} more" * (len(findings) > _MOST_NAMED)
        raise EngineError(f"{flavour} breaks rules of its engine: {named}{more}")
