"""Streets whose people wear blue among posts in red: colour, place and texture all matter here.

A frame is three times as wide as the network's input and of another shape, so that it is halved,
resized and padded on the way: whoever does that wrongly sees another street.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from tests.training.evaluation.truth import write_coco

WIDTH, HEIGHT = 288, 160
PERSON_BGR, POST_BGR = (190, 90, 40), (40, 90, 190)
_SLOTS = 4


def draw_coloured_street(folder: Path, pictures: int, seed: int, dark: float = 0.3) -> Path:
    """A data set in a folder, every other picture of it at night.

    Args:
        folder: for `annotations.json` and `images/`.
        pictures: how many.
        seed: equal seeds, equal pixels.
        dark: what is left of the light at night.
    """
    random = np.random.default_rng(seed)
    images, annotations = [], []
    (folder / "images").mkdir(parents=True)
    for index in range(pictures):
        night = bool(index % 2)
        picture, boxes = _street(random)
        if night:
            picture = (picture * dark).astype(np.uint8)
        name = f"{index}.png"
        assert cv2.imwrite(str(folder / "images" / name), picture)
        entry = {"id": index, "file_name": name, "width": WIDTH, "height": HEIGHT}
        images.append({**entry, "light": "night" if night else "day", "sequence": str(index // 4)})
        annotations += [
            {"id": len(annotations) + place, "image_id": index, "bbox": box}
            for place, box in enumerate(boxes)
        ]
    return write_coco(folder, images, annotations)


def _street(random: np.random.Generator) -> tuple[np.ndarray, list[list[int]]]:
    """A picture, and left, top, width and height of its people."""
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[: HEIGHT // 3] = (200, 190, 180)
    picture[HEIGHT // 3 :] = (105, 105, 105)
    picture = (picture + random.integers(-25, 26, picture.shape)).astype(np.uint8)
    people = []
    for slot in range(_SLOTS):
        kind = random.choice(["person", "post", "nothing"], p=[0.5, 0.3, 0.2])
        if kind == "nothing":
            continue
        height = int(random.integers(30, 90))
        width = height // 2
        left = slot * WIDTH // _SLOTS + int(random.integers(4, WIDTH // _SLOTS - width - 3))
        top = int(random.integers(30, HEIGHT - height - 4))
        _figure(picture, left, top, width, height, PERSON_BGR if kind == "person" else POST_BGR)
        if kind == "person":
            people.append([left, top, width, height])
    return picture, people


def _figure(
    picture: np.ndarray, left: int, top: int, width: int, height: int, bgr: tuple[int, int, int]
) -> None:
    """A head over a body, both within the box."""
    head = height // 5
    centre = (left + width // 2, top + head // 2)
    cv2.circle(picture, centre, max(head // 2, 2), (150, 180, 220), cv2.FILLED)
    cv2.rectangle(picture, (left, top + head), (left + width - 1, top + height - 1), bgr, -1)
    stripes = picture[top + head : top + height : 4, left : left + width]
    stripes[:] = stripes // 2
