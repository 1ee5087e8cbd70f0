"""`python -m export build` as a test asks for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from belisha.cli.dispatch import dispatch
from export.__main__ import COMMANDS
from training.checkpoint import read_checkpoint, write_checkpoint


def run(*arguments: object) -> int:
    return dispatch("python -m export", "", COMMANDS, ["build", *map(str, arguments)])


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def with_config(checkpoint: Path, path: Path, **changes: Any) -> Path:
    """The checkpoint with another configuration, in another file."""
    old = read_checkpoint(checkpoint)
    config = replace(old.metadata.config, **changes)
    write_checkpoint(path, replace(old, metadata=replace(old.metadata, config=config)))
    return path
