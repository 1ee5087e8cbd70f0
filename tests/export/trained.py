"""A network that is small and untrained, but whose normalisations have seen something."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import onnx
import torch

from belisha.frames import Preprocessing
from export.calibrate import calibrate
from export.float_model import export_float
from export.plan import Plan
from export.planning import quick_plan
from tests.training.drawn_street import draw_street, small_run
from training.checkpoint import Checkpoint, Metadata, Progress, write_checkpoint
from training.model import LAYOUT, Network, build_network

PREPROCESSING = Preprocessing(width=100, height=65)


def network() -> Network:
    """The same one at each call; its activations have a spread, as trained ones have."""
    torch.manual_seed(0)
    made = build_network("tiny").train()
    with torch.no_grad():
        for _ in range(20):
            made(torch.from_numpy(np.concatenate([frame(seed) for seed in range(4)])))
    return made.eval()


def frame(seed: int) -> np.ndarray:
    """A network input, (1, 65, 100, 3) uint8."""
    coarse = np.random.default_rng(seed).integers(0, 256, (1, 13, 20, 3), np.uint8)
    return np.ascontiguousarray(coarse.repeat(5, 1).repeat(5, 2))


@lru_cache
def float_model() -> onnx.ModelProto:
    """The network's float graph."""
    return export_float(network().folded(), PREPROCESSING)


@lru_cache
def plan() -> Plan:
    """Its plan, calibrated on frames 0 to 7."""
    statistics = calibrate(float_model(), [frame(seed) for seed in range(8)])
    return quick_plan(float_model(), statistics)


def checkpoint(folder: Path) -> Path:
    """A checkpoint of the network beside the data that it claims to be trained on."""
    draw_street(folder / "street")
    metadata = Metadata(
        config=small_run(folder),
        preprocessing=PREPROCESSING,
        layout=LAYOUT,
        fingerprints={"street": "0" * 64},
        commit="c0ffee",
        progress=Progress(step=1, examples=4, seconds=1.0),
        figures={"street": 0.5},
    )
    path = folder / "run" / "last.pt"
    write_checkpoint(path, Checkpoint(metadata, network().state_dict()))
    return path
