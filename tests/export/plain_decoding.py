"""A second decoding of foreign detectors, written as plainly as can be: loops, and nothing shared.

It runs the original ONNX file on floats that it normalises itself, so it also proves the adopted
graph's input. `Box` is (left, top, right, bottom, score) in pixels of the source frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import onnxruntime

Box = tuple[float, float, float, float, float]


@dataclass(frozen=True)
class Fed:
    """Where a frame lies in the network's input."""

    image: np.ndarray
    scale_x: float
    scale_y: float
    left: int
    top: int


MEAN, STD = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)
SUPPRESSION = {"nanodet": 0.6, "picodet": 0.6, "yolov8": 0.7, "fastestdet": 0.45}
STRIDES = {"nanodet": (8, 16, 32), "picodet": (8, 16, 32, 64)}


def find_people(
    model: bytes, head: str, frame: np.ndarray, person: int, threshold: float
) -> list[Box]:
    """Run the original model on a BGR frame and decode it."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options)
    entry = session.get_inputs()[0]
    height, width = entry.shape[2:]
    fed = feed(frame, head, width, height)
    tensor = normalise(fed.image, head)
    outputs = session.run(None, {entry.name: tensor})
    if head in STRIDES:
        boxes = decode_binned(outputs, STRIDES[head], width, height, person, threshold)
    elif head == "yolov8":
        boxes = decode_yolo(outputs[0], person, threshold)
    else:
        boxes = decode_fastestdet(outputs[0], width, height, person, threshold)
    return [to_source(box, fed, frame) for box in suppress(boxes, SUPPRESSION[head])]


def feed(frame: np.ndarray, head: str, width: int, height: int) -> Fed:
    """Shrink by exact halves, then by OpenCV's exact linear resize; pad as the head wants."""
    source_height, source_width = frame.shape[:2]
    picture = frame
    stretch = head == "fastestdet"
    choose = min if stretch else max
    covered = 1
    while choose(picture.shape[1] / width, picture.shape[0] / height) >= 2:
        rows, columns = picture.shape[0] // 2, picture.shape[1] // 2
        even = picture[: 2 * rows, : 2 * columns].astype(np.uint16)
        four = even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
        picture = ((four + 2) // 4).astype(np.uint8)
        covered *= 2
    used_width, used_height = picture.shape[1] * covered, picture.shape[0] * covered
    assert source_width - used_width < covered
    assert source_height - used_height < covered
    new_width, new_height = width, height
    if not stretch:
        factor = max(picture.shape[1] / width, picture.shape[0] / height)
        new_width = round(picture.shape[1] / factor)
        new_height = round(picture.shape[0] / factor)
    if (picture.shape[1], picture.shape[0]) != (new_width, new_height):
        picture = cv2.resize(picture, (new_width, new_height), interpolation=cv2.INTER_LINEAR_EXACT)
    left = (width - new_width) // 2 if head == "yolov8" else 0
    top = (height - new_height) // 2 if head == "yolov8" else 0
    image = np.full((height, width, 3), 114 if head == "yolov8" else 128, np.uint8)
    image[top : top + new_height, left : left + new_width] = picture
    return Fed(image, new_width / used_width, new_height / used_height, left, top)


def normalise(image: np.ndarray, head: str) -> np.ndarray:
    """(H, W, 3) BGR bytes -> (1, 3, H, W) float32 as the head's authors do it."""
    values = image.astype(np.float32)
    if head in STRIDES:
        values = (values - np.array(MEAN, np.float32)) / np.array(STD, np.float32)
    else:
        values = values / np.float32(255)
    if head == "yolov8":
        values = values[:, :, ::-1]
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None])


def decode_binned(
    outputs: list[np.ndarray],
    strides: tuple[int, ...],
    width: int,
    height: int,
    person: int,
    threshold: float,
) -> list[Box]:
    boxes = []
    for level, stride in enumerate(strides):
        scores, bins = outputs[level][0], outputs[len(strides) + level][0]
        columns, rows = math.ceil(width / stride), math.ceil(height / stride)
        assert len(scores) == rows * columns
        for row in range(rows):
            for column in range(columns):
                cell = row * columns + column
                score = float(scores[cell][person])
                if score < threshold:
                    continue
                x, y = (column + 0.5) * stride, (row + 0.5) * stride
                count = bins.shape[1] // 4
                left, top, right, bottom = (
                    mean_of(bins[cell][side * count : (side + 1) * count]) * stride
                    for side in range(4)
                )
                boxes.append((x - left, y - top, x + right, y + bottom, score))
    return boxes


def mean_of(logits: np.ndarray) -> float:
    """Mean of the distribution softmax(logits) over 0, 1, 2, ..."""
    highest = max(float(logit) for logit in logits)
    weights = [math.exp(float(logit) - highest) for logit in logits]
    return sum(index * weight for index, weight in enumerate(weights)) / sum(weights)


def decode_yolo(output: np.ndarray, person: int, threshold: float) -> list[Box]:
    boxes = []
    for candidate in range(output.shape[2]):
        column = [float(value) for value in output[0, :, candidate]]
        x, y, width, height = column[:4]
        score = column[4 + person]
        if score >= threshold:
            half_width, half_height = width / 2, height / 2
            boxes.append((x - half_width, y - half_height, x + half_width, y + half_height, score))
    return boxes


def decode_fastestdet(
    output: np.ndarray, width: int, height: int, person: int, threshold: float
) -> list[Box]:
    boxes = []
    _, _, rows, columns = output.shape
    for row in range(rows):
        for column in range(columns):
            values = [float(value) for value in output[0, :, row, column]]
            score = values[0] ** 0.6 * values[5 + person] ** 0.4
            if score < threshold:
                continue
            x = (column + math.tanh(values[1])) / columns * width
            y = (row + math.tanh(values[2])) / rows * height
            w, h = width / (1 + math.exp(-values[3])), height / (1 + math.exp(-values[4]))
            boxes.append((x - w / 2, y - h / 2, x + w / 2, y + h / 2, score))
    return boxes


def suppress(boxes: list[Box], limit: float) -> list[Box]:
    """Greedy suppression, best first."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda box: -box[4]):
        if all(overlap(box, better) <= limit for better in kept):
            kept.append(box)
    return kept[:100]


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return shared / (sum(areas) - shared)


def to_source(box: Box, fed: Fed, frame: np.ndarray) -> Box:
    """Network pixels -> pixels of the frame, cut at its borders."""
    height, width = frame.shape[:2]
    left, right = ((side - fed.left) / fed.scale_x for side in (box[0], box[2]))
    top, bottom = ((side - fed.top) / fed.scale_y for side in (box[1], box[3]))
    return (
        min(max(left, 0), width),
        min(max(top, 0), height),
        min(max(right, 0), width),
        min(max(bottom, 0), height),
        box[4],
    )
