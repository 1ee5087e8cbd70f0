"""A small network that was really trained, in seconds, on coloured streets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.export.coloured_street import draw_coloured_street
from tests.training.drawn_street import small_run
from training.augment import Recipe
from training.config import Source, Stage
from training.ranks import Ranks
from training.train import train

FRAMES = 60
"""Of validation."""


def train_on_coloured_streets(folder: Path, steps: int = 220, **changes: Any) -> Path:
    """Draw data sets `street` and `validation` in a folder, train on them; gives the checkpoint.

    Args:
        folder: an empty one.
        steps: of training; 220 find nearly everybody.
        changes: of the configuration.
    """
    draw_coloured_street(folder / "street", 48, seed=0)
    draw_coloured_street(folder / "validation", FRAMES, seed=1)
    settings: dict[str, Any] = {
        "width": 130,
        "height": 95,
        "steps": steps,
        "warm_up": 10,
        "rate": 4e-3,
        "average_decay": 0.97,
        "stages": (Stage(1.0, 130, 95, 8),),
        "validation": (Source("validation"),),
        "recipe": Recipe(
            natural_width=130, natural_height=95, p_natural=1.0, p_mosaic=0.0, p_spoil=0.0
        ),
    }
    config = small_run(folder, **settings | changes)
    train(config, folder / "run", Ranks())
    return folder / "run" / "last.pt"
