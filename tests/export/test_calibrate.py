"""Calibration: ranges are those of the frames, and frames that show nothing are refused."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest

from belisha.errors import UsageError
from export.calibrate import calibrate, check_frames, frames_digest
from tests.export.trained import float_model, frame

pytestmark = pytest.mark.xdist_group("exporter")  # it is slow to start: once is enough

FRAMES = [frame(seed) for seed in range(4)]


def seen(tensor: str) -> np.ndarray:
    """A tensor on all frames, computed apart."""
    model = onnx.ModelProto()
    model.CopyFrom(float_model())
    model.graph.output.append(
        onnx.helper.make_tensor_value_info(tensor, onnx.TensorProto.FLOAT, None)
    )
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return np.concatenate([session.run([tensor], {"frame": image})[0] for image in FRAMES])


@pytest.mark.parametrize("tensor", ["stages.1.0", "merges.0.input"])
def test_ranges_and_counts_are_those_of_the_tensor(tensor: str) -> None:
    statistics, values = calibrate(float_model(), FRAMES), seen(tensor)
    histogram = statistics.histograms[tensor]
    assert histogram.largest == pytest.approx(values.max(), rel=1e-5)
    assert histogram.counts.sum() == np.count_nonzero(values)
    np.testing.assert_allclose(
        statistics.channels[tensor], values.max(axis=(0, 2, 3)), rtol=1e-4, atol=1e-6
    )


def test_it_sees_the_same_in_any_order() -> None:
    forwards, backwards = (calibrate(float_model(), order) for order in (FRAMES, FRAMES[::-1]))
    assert forwards.calibration == backwards.calibration
    for name, histogram in forwards.histograms.items():
        assert np.array_equal(histogram.counts, backwards.histograms[name].counts)


def test_the_digest_tells_other_frames_apart() -> None:
    assert frames_digest(FRAMES) != frames_digest([*FRAMES[:3], frame(9)])


def test_too_few_frames_are_refused() -> None:
    with pytest.raises(UsageError, match="at least 4 distinct calibration frames, got 0"):
        check_frames([])
    with pytest.raises(UsageError, match="got 1"):
        check_frames([frame(0)] * 50)


def test_black_frames_are_refused_letterboxed_or_not() -> None:
    black = [np.full((1, 65, 100, 3), grey, np.uint8) for grey in range(4)]
    letterboxed = [image.copy() for image in black]
    for image in letterboxed:
        image[:, :10] = image[:, -10:] = 128
    for frames in (black, letterboxed):
        with pytest.raises(UsageError, match="got 4 of 4 that are black or of one colour"):
            check_frames(frames)


def test_a_dim_night_is_not_black() -> None:
    check_frames([(image // 16).astype(np.uint8) for image in FRAMES])


def test_a_few_black_ones_among_others_do_no_harm() -> None:
    check_frames([*FRAMES, np.zeros((1, 65, 100, 3), np.uint8)])
