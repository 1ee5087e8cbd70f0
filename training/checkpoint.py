"""What is kept of a training run: enough to go on with it, and to know where it came from.

A checkpoint is one file, written whole: torch's archive of plain tensors, and the metadata as JSON.
It is read with `weights_only`, so a checkpoint from elsewhere can't run code.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import torch

from belisha.bundle import write_whole
from belisha.decode import HeadLayout
from belisha.documents import parse_json
from belisha.errors import TrainingError, UsageError
from belisha.frames import Preprocessing
from training.config import Config
from training.model import SIZES, Network, build_network

FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a run has come.

    Attributes:
        step: optimiser steps done.
        examples: seen, of all ranks; the number of the next one.
        seconds: spent training; pauses do not count.
        best: highest mean validation AP50 so far; -1 before the first.
    """

    step: int = 0
    examples: int = 0
    seconds: float = 0.0
    best: float = -1.0


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """Where weights come from and how they are to be used.

    Attributes:
        config: of the run.
        preprocessing: of the detector.
        layout: of the network's outputs.
        fingerprints: of the data, by name.
        commit: of the code; ends in `+` if files had been changed since; empty if unknown.
        progress: when it was written.
        figures: latest validation, AP50 by data set.
    """

    config: Config
    preprocessing: Preprocessing
    layout: HeadLayout
    fingerprints: dict[str, str]
    commit: str
    progress: Progress
    figures: dict[str, float] = field(default_factory=dict)
    format: int = FORMAT


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A checkpoint in memory.

    Attributes:
        metadata: see there.
        average: state of the averaged network, the one to use.
        resume: states of `network` and `optimiser`; empty where only the result is kept.
    """

    metadata: Metadata
    average: dict[str, Any]
    resume: dict[str, Any] = field(default_factory=dict)

    def network(self) -> Network:
        """The averaged network, in evaluation mode; `.folded()` makes its plain form.

        Raises:
            UsageError: the weights are of another architecture than this code has.
        """
        size = self.metadata.config.size
        try:
            network = build_network(size)
            network.load_state_dict(self.average)
        except (KeyError, RuntimeError) as error:  # torch's own words fill a page
            raise UsageError(
                f"expected the weights of a {size!r} network of this version ({', '.join(SIZES)}), "
                f"got others ({' '.join(str(error).split())[:200]}): use the checkout that trained "
                f"it, commit {self.metadata.commit or 'unknown'}, or train again"
            ) from error
        return network.eval()


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; the old one stays whole until the new one is.

    Raises:
        TrainingError: it cannot be written, for want of space, say.
    """
    buffer = io.BytesIO()
    metadata = msgspec.json.encode(checkpoint.metadata).decode()
    states = {"average": checkpoint.average, "resume": checkpoint.resume}
    torch.save({"metadata": metadata, **states}, buffer)
    try:
        write_whole(path, buffer.getvalue())
    except OSError as error:
        raise TrainingError(
            f"{path}: a checkpoint of {len(buffer.getvalue())} bytes cannot be written: "
            f"{error.strerror}: the previous one is intact; free some space and run the same "
            "command again, it goes on from there"
        ) from error


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        UsageError: it is absent, damaged, or of a newer format.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
        metadata, average, resume = (content[key] for key in ("metadata", "average", "resume"))
    except Exception as error:  # torch raises whatever its unpickler meets
        raise UsageError(
            f"{path}: expected a checkpoint of 'python -m training train', got something else "
            f"or a part of one ({type(error).__name__})"
        ) from error
    return Checkpoint(parse_json(metadata.encode(), Metadata, str(path)), average, resume)
