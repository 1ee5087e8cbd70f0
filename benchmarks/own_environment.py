"""Python environments apart from ours, for detectors whose libraries must not meet ours."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from belisha.errors import MissingLibraryError, UsageError

CACHE = Path.home() / ".cache" / "belisha"
_TIMEOUT_S = 3600


def python_of(name: str, packages: Sequence[str]) -> Path:
    """The interpreter of a cached environment with these packages, made if it is not there.

    Args:
        name: of the environment, below `CACHE`.
        packages: what pip is told to install, in one call.

    Raises:
        MissingLibraryError: pip cannot install them; the message has its last line.
    """
    folder = CACHE / name
    python, ready = folder / "bin" / "python", folder / ".ready"
    if ready.is_file() and ready.read_text() == " ".join(packages):
        return python
    print(f"making {folder} with {', '.join(packages)}", file=sys.stderr)
    commands = (
        [sys.executable, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", *packages],
    )
    for command in commands:
        done = subprocess.run(  # noqa: S603  # fixed words, no shell
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
        if done.returncode:
            last = done.stderr.strip().rpartition("\n")[2]
            raise MissingLibraryError(f"{' '.join(packages)} cannot be installed: {last}")
    ready.write_text(" ".join(packages))
    return python


def check_python(python: Path) -> Path:
    """An interpreter that the user named.

    Raises:
        UsageError: it is not there.
    """
    if not python.is_file():
        raise UsageError(f"expected a Python interpreter, got {python}")
    return python
