"""Data sets that are drawn here: light upright figures before a dark street."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.training.evaluation.truth import write_coco
from training.augment import Recipe
from training.config import Config, Source, Stage

WIDTH, HEIGHT = 160, 128


def draw_street(folder: Path, pictures: int = 6, people: int = 2, seed: int = 0) -> Path:
    """A data set in a folder; `people` figures in each picture, none touching another."""
    generator = np.random.default_rng(seed)
    images, annotations = [], []
    (folder / "images").mkdir(parents=True)
    for index in range(pictures):
        name = f"{index}.png"
        image = generator.integers(20, 60, (HEIGHT, WIDTH, 3), np.uint8)
        for slot in range(people):
            height = int(generator.integers(30, 70))
            left, top = slot * WIDTH // people + 8, int(generator.integers(4, HEIGHT - height - 4))
            box = [left, top, height // 2, height]
            image[top : top + height, left : left + height // 2] = 230
            annotations.append({"id": len(annotations), "image_id": index, "bbox": box})
        assert cv2.imwrite(str(folder / "images" / name), image)
        images.append({"id": index, "file_name": name, "width": WIDTH, "height": HEIGHT})
    return write_coco(folder, images, annotations)


def small_run(folder: Path, **changes: Any) -> Config:
    """A run of a few steps on the data set `street` in a folder."""
    settings: dict[str, Any] = {
        "data": str(folder),
        "train": (Source("street"),),
        "stages": (Stage(1.0, 100, 65, 4),),
        "size": "tiny",
        "width": 100,
        "height": 65,
        "steps": 4,
        "warm_up": 1,
        "epoch": 1000,
        "threads": 1,
        "recipe": Recipe(natural_width=100, natural_height=65),
    }
    return Config(**(settings | changes))
