"""A fresh interpreter, for what must not be tried in this one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import belisha


def run_python(
    code: str, *arguments: str, emulator: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Run code in an interpreter that finds belisha where this one does, installed or not.

    The interpreter may be started by an emulator of another processor.
    """
    command = [*emulator, sys.executable, "-c", code, *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment_of_tests()
    )


def environment_of_tests() -> dict[str, str]:
    """Ours, with belisha where this interpreter finds it."""
    return {**os.environ, "PYTHONPATH": str(Path(belisha.__file__).parents[1])}
