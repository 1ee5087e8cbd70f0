"""The detector: a bundle and a frame become boxes in the frame's own pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from belisha import champion
from belisha.boxes import FloatArray
from belisha.bundle import Bundle
from belisha.detector import Detector
from belisha.engines import EngineInfo
from belisha.errors import BundleError, FrameError, UsageError
from belisha.frames import Image, Preprocessing
from tests.toy import cell_box, rows, scene, toy_bundle

CELLS = st.sets(st.tuples(st.integers(0, 7), st.integers(0, 5)), max_size=12)


class ConstantEngine:
    """An engine of ten lines: whatever the frame, two people."""

    info = EngineInfo("constant", "none", "nowhere", "float", 1)

    def run(self, network_input: Image) -> Mapping[str, FloatArray]:
        scores = np.full((1, 48, 1), -9, np.float32)
        scores[0, [0, 47], 0] = 3, 2
        return {"scores": scores, "boxes": np.zeros((1, 48, 4), np.float32)}

    def close(self) -> None:
        self.info = replace(self.info, device="closed")


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 5, 10, 20])
def test_a_painted_cell_is_found_where_it_was_painted(toy: Bundle, scale: int) -> None:
    with Detector.open(toy.path) as detector:
        boxes = detector(scene((2, 1), (7, 5), scale=scale))
    assert rows(boxes) == [cell_box(2, 1, scale), cell_box(7, 5, scale)]
    assert boxes.scores == pytest.approx([1 / (1 + np.exp(-5.5))] * 2, abs=1e-4)


@given(cells=CELLS, scale=st.integers(1, 4))
def test_exactly_the_painted_cells_are_found(
    toy: Bundle, cells: set[tuple[int, int]], scale: int
) -> None:
    with Detector.open(toy.path, threads=1) as detector:
        boxes = detector(scene(*cells, scale=scale))
    assert rows(boxes) == sorted(cell_box(*cell, scale) for cell in cells)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("mirror", [False, True])
def test_boxes_come_back_in_pixels_of_a_camera_that_hangs_askew(
    tmp_path: Path, rotation: Any, mirror: bool
) -> None:
    how = Preprocessing(width=64, height=48, rotation=rotation, mirror=mirror)
    bundle = toy_bundle(tmp_path / "a.bundle", preprocessing=how, preprocessing_digest=how.digest)
    upright = scene((2, 1), scale=4)
    seen = upright[:, ::-1] if mirror else upright
    seen = np.rot90(seen, rotation // 90)  # the turn that `rotation` undoes
    with Detector.open(bundle.path) as detector:
        ((left, top, right, bottom),) = detector(np.ascontiguousarray(seen)).xyxy.astype(int)
    assert (seen[top:bottom, left:right] == 255).all()
    assert (seen == 255).sum() == (right - left) * (bottom - top) * 3


def test_frames_may_change_their_size(toy: Bundle) -> None:
    with Detector.open(toy.path) as detector:
        for scale in (1, 3, 1, 2):
            assert rows(detector(scene((4, 4), scale=scale))) == [cell_box(4, 4, scale)]


def test_nobody_is_no_boxes(toy: Bundle) -> None:
    with Detector.open(toy.path) as detector:
        assert len(detector(scene())) == 0


def test_the_three_stages_are_what_a_call_does(toy: Bundle) -> None:
    frame = scene((2, 1), (5, 3), scale=3)
    with Detector.open(toy.path) as detector:
        network_input, transform = detector.prepare(frame)
        boxes = detector.decode(detector.infer(network_input), transform)
        assert network_input.shape == (1, 48, 64, 3)
        assert (boxes.xyxy == detector(frame).xyxy).all()


@pytest.mark.parametrize(("threshold", "found"), [(None, 1), (0.0, 48), (0.9, 1), (0.999, 0)])
def test_the_threshold_is_the_bundles_or_the_callers(
    toy: Bundle, threshold: float | None, found: int
) -> None:
    with Detector.open(toy.path, threshold=threshold) as detector:
        assert detector.threshold == (0.5 if threshold is None else threshold)
        assert detector.info.threshold == detector.threshold
        assert len(detector(scene((2, 1)))) == found


def test_a_single_decode_may_ask_for_more(toy: Bundle) -> None:
    with Detector.open(toy.path) as detector:
        network_input, transform = detector.prepare(scene((2, 1)))
        assert len(detector.decode(detector.infer(network_input), transform, 0.0)) == 48


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_out_of_range_is_wrong_usage(toy: Bundle, threshold: float) -> None:
    with pytest.raises(UsageError, match=f"threshold between 0 and 1, got {threshold}"):
        Detector.open(toy.path, threshold=threshold)


def test_a_detector_says_what_it_is(toy: Bundle) -> None:
    with Detector.open(str(toy.path), threads=1) as detector:
        info = detector.info
        assert (info.name, info.bundle, info.digest) == ("toy", str(toy.path), toy.digest)
        assert (info.engine.name, info.engine.threads) == ("onnxruntime", 1)
        assert info.passed_over == ()
        assert detector.preprocessing == toy.manifest.preprocessing


def test_without_a_bundle_the_shipped_champion_is_opened() -> None:
    with Detector.open() as detector:
        assert detector.info.bundle == str(champion.BUNDLE)


def test_an_absent_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"absent.bundle: cannot be read"):
        Detector.open(tmp_path / "absent.bundle")


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (np.zeros((48, 64), np.uint8), r"got \(48, 64\): read it with OpenCV, as BGR"),
        (np.zeros((1, 48, 64, 3), np.uint8), r"got \(1, 48, 64, 3\)"),
        (np.zeros((48, 64, 1), np.uint8), r"got uint8 of shape \(48, 64, 1\)"),
        (np.zeros((48, 64, 4), np.uint8), r"got uint8 of shape \(48, 64, 4\)"),
        (np.zeros((48, 64, 3), np.uint16), r"got uint16 of shape \(48, 64, 3\)"),
        (np.zeros((0, 64, 3), np.uint8), "at least 1x1 pixels, got 64x0"),
        (np.zeros((0, 0, 3), np.uint8), "at least 1x1 pixels, got 0x0"),
        (None, "got NoneType: read it with OpenCV"),  # from cv2.imread of an absent file
        ([[1, 2, 3]], "got list"),
    ],
    ids=[
        "grey",
        "a batch",
        "one channel",
        "RGBA",
        "16 bit",
        "no rows",
        "nothing",
        "None",
        "a list",
    ],
)
def test_what_is_no_frame_is_a_frame_error_and_the_next_frame_is_fine(
    toy: Bundle, frame: Any, message: str
) -> None:
    with Detector.open(toy.path) as detector:
        with pytest.raises(FrameError, match=message):
            detector(frame)
        assert rows(detector(scene((2, 1)))) == [cell_box(2, 1)]


def test_a_closed_detector_runs_no_more(toy: Bundle) -> None:
    with Detector.open(toy.path) as detector:
        pass
    with pytest.raises(RuntimeError, match="after close"):
        detector(scene())


def test_an_engine_is_whatever_has_info_run_and_close(toy: Bundle) -> None:
    engine = ConstantEngine()
    with Detector(toy, engine, passed_over=(("onnxruntime", "not wanted"),)) as detector:
        boxes = detector(scene(scale=2))
        assert detector.info.passed_over == (("onnxruntime", "not wanted"),)
    assert boxes.scores.tolist() == pytest.approx([0.953, 0.881], abs=1e-3)
    reach = 2 * 8 * np.log(2)  # softplus(0) strides, in a frame of twice the input's size
    assert boxes.xyxy[0] == pytest.approx([0, 0, 8 + reach, 8 + reach], abs=1e-3)
    assert boxes.xyxy[1] == pytest.approx([120 - reach, 88 - reach, 128, 96], abs=1e-3)
    assert engine.info.device == "closed"
