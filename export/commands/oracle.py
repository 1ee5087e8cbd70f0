"""Ask NVIDIA's compiler which convolutions of a bundle's TensorRT flavour become INT8.

Examples:
  python -m export oracle small.bundle
  python -m export oracle small.bundle --capability SM86 --capability SM120 --json
  python -m export oracle small.bundle --oracle-python ~/rtx/bin/python

Needs TensorRT-RTX (pip install -e '.[oracle]', 240 MB on disk) and no GPU. It compiles the very
file that a device would get, for GPUs from Ampere on, of which Orin is one; there is no target for
Orin itself. Says how many convolutions multiply int8 by int8, which do not, and how many
elementwise kernels stand before, among and behind them. It proves nothing about speed or accuracy
on a device.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from belisha.bundle import Bundle
from belisha.cli.dispatch import Outcome
from belisha.errors import EXIT_REFUSED, MissingLibraryError, UsageError
from export.lint_graph import planned_convolutions
from export.oracle import CAPABILITIES, TIMEOUT_S, Compilation, ask_oracle


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument(
        "--capability",
        action="append",
        metavar="SM",
        help=f"compute capability, may be repeated (default: {', '.join(CAPABILITIES)})",
    )
    parser.add_argument(
        "--oracle-python", type=Path, metavar="FILE", help="Python that has tensorrt_rtx"
    )
    parser.add_argument(
        "--timeout", type=float, default=TIMEOUT_S, metavar="S", help="for one compilation"
    )


def run(arguments: argparse.Namespace) -> Outcome:
    """Compile, print a block a capability."""
    bundle = Bundle.open(arguments.bundle)
    if "int8_tensorrt" not in bundle.manifest.models:
        raise UsageError(f"{bundle.path}: expected a TensorRT flavour, there is none")
    model = bundle.model("int8_tensorrt")
    record = ask_oracle(
        model,
        planned_convolutions(model),
        capabilities=arguments.capability or CAPABILITIES,
        python=arguments.oracle_python,
        timeout_s=arguments.timeout,
    )
    if not record.ran:
        raise MissingLibraryError(record.not_run)
    print(f"{bundle.manifest.name} by {record.library}")
    for compilation in record.compilations:
        print(f"{compilation.capability:6} {_words(compilation)}")
    return Outcome(record.json(), 0 if record.passed else EXIT_REFUSED)


def _words(one: Compilation) -> str:
    if one.refused:
        return f"REFUSED: {one.refused}"
    floats = f"; in float: {', '.join(one.float_layers)}" if one.float_layers else ""
    missed = f"; NOT INT8 AS PLANNED: {', '.join(one.unplanned)}" if one.unplanned else ""
    return (
        f"{one.int8} of {one.convolutions} convolutions in INT8, "
        f"{100 * one.int8_of_macs:.2f} % of the multiply-adds; elementwise kernels "
        f"{one.input_kernels} before, {one.between} among, {one.output_kernels} behind"
        f"{floats}{missed}"
    )
