"""Adopted detectors find what a second, plain decoding of the original file finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import belisha
from belisha.boxes import Boxes
from belisha.bundle import Bundle
from export.adopt import Request, adopt
from tests.export.foreign import HEIGHT, MODELS, WIDTH, binned, write_model, write_names
from tests.export.plain_decoding import Box, find_people

PERSON = 1
THRESHOLDS = {"nanodet": 0.6, "picodet": 0.6, "yolov8": 0.7, "fastestdet": 0.35}
SIZES = [
    pytest.param((WIDTH, HEIGHT), id="as the network"),
    pytest.param((2 * WIDTH, 2 * HEIGHT), id="twice"),
    pytest.param((100, 131), id="tall: padded right, or on both sides"),
    pytest.param((401, 150), id="wide: padded below, or on both sides"),
]


@pytest.fixture(scope="module", params=sorted(MODELS))
def adopted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, Bundle]:
    """Head, original file, bundle."""
    head = str(request.param)
    folder = tmp_path_factory.mktemp(head)
    model = write_model(folder / "foreign.onnx", MODELS[head]())
    adoption = adopt(
        Request(
            model=model,
            head=head,
            classes=write_names(folder / "classes.txt"),
            threshold=THRESHOLDS[head],
        ),
        folder / "x.bundle",
    )
    return head, model, adoption.bundle


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", [0, 1])
def test_adopted_heads_equal_a_plain_decoding(
    adopted: tuple[str, Path, Bundle], size: tuple[int, int], seed: int
) -> None:
    head, model, bundle = adopted
    frame = blocks(size, seed)
    expected = find_people(model.read_bytes(), head, frame, PERSON, THRESHOLDS[head])
    with belisha.Detector.open(bundle.path, threads=1) as detector:
        found = detector(frame)
    assert len(expected) >= 3  # or the comparison would mean little
    assert_equal(found, expected)


def test_the_colour_order_and_the_person_class_matter(
    adopted: tuple[str, Path, Bundle],
) -> None:
    head, model, bundle = adopted
    frame = blocks((WIDTH, HEIGHT), 0)
    with belisha.Detector.open(bundle.path, threads=1) as detector:
        found, swapped = detector(frame), detector(np.ascontiguousarray(frame[:, :, ::-1]))
    other = find_people(model.read_bytes(), head, frame, 0, THRESHOLDS[head])
    assert [round(float(score), 3) for score in found.scores] != [round(b[4], 3) for b in other]
    assert found.scores.tolist() != swapped.scores.tolist()


def test_a_side_that_no_stride_divides_is_covered_by_a_last_cell(tmp_path: Path) -> None:
    size = (100, 72)
    model = write_model(tmp_path / "odd.onnx", binned((8, 16, 32), size=size))
    request = Request(model=model, head="nanodet", person="1", threshold=0.6)
    bundle = adopt(request, tmp_path / "x.bundle").bundle
    frame = blocks(size, 3)
    expected = find_people(model.read_bytes(), "nanodet", frame, 1, 0.6)
    with belisha.Detector.open(bundle.path, threads=1) as detector:
        assert_equal(detector(frame), expected)


def blocks(size: tuple[int, int], seed: int) -> np.ndarray:
    """A BGR frame of random rectangles, coarse enough to survive shrinking."""
    width, height = size
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), np.uint8)
    return np.ascontiguousarray(coarse.repeat(8, axis=0).repeat(8, axis=1)[:height, :width])


def assert_equal(found: Boxes, expected: list[Box], pixels: float = 1e-3) -> None:
    """The same boxes in the same order, within rounding."""
    rows = np.array(expected, np.float64).reshape(-1, 5)
    assert len(found) == len(rows)
    np.testing.assert_allclose(found.scores, rows[:, 4], atol=1e-5)
    np.testing.assert_allclose(found.xyxy, rows[:, :4], atol=pixels)
