"""Stand-ins for a device's programs: executables in a folder that comes first in PATH."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


class Programs:
    """A folder of small shell programs, and the log that they write."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder / "bin", folder / "calls"
        self.folder.mkdir()
        self.log.touch()

    def add(self, name: str, script: str) -> None:
        """Add a program, which notes that it was called."""
        path = self.folder / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> "{self.log}"\n{script}\n')
        path.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        """What was called so far, with arguments."""
        return self.log.read_text().splitlines()

    def run(self, *command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script that finds these programs first."""
        path = f"{self.folder}:{os.environ['PATH']}"
        return subprocess.run(
            list(map(str, command)), capture_output=True, text=True, timeout=30,
            stdin=subprocess.DEVNULL, env={**os.environ, **environment, "PATH": path},
        )  # fmt: skip
