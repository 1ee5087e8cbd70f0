"""The one preprocessing: the same bytes on every machine, and boxes that follow the pixels."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from belisha.boxes import Boxes, FloatArray, as_xyxy
from belisha.errors import FrameError
from belisha.frames import Image, Preprocessing
from tests.plain_pixels import noise, plain_input
from tests.strategies import preprocessings


@settings(max_examples=300)
@given(st.integers(1, 260), st.integers(1, 260), preprocessings(), st.integers(0, 9))
@example(1, 1, Preprocessing(width=64, height=48), 0)
@example(64, 48, Preprocessing(width=64, height=48), 0)
@example(128, 96, Preprocessing(width=64, height=48), 0)
@example(129, 97, Preprocessing(width=64, height=48), 0)
@example(563, 1094, Preprocessing(width=50, height=29), 0)  # the picture is 14.5 pixels wide
@example(257, 5, Preprocessing(width=10, height=8, fit="stretch"), 0)
def test_pixels_equal_their_definition_in_whole_numbers(
    width: int, height: int, how: Preprocessing, seed: int
) -> None:
    frame = noise(width, height, seed)
    assert (how.for_frame(width, height).apply(frame) == plain_input(frame, how)).all()


@pytest.mark.parametrize(("width", "height"), [(640, 480), (1280, 720), (1920, 1080)])
def test_pixels_of_camera_frames_equal_their_definition(width: int, height: int) -> None:
    how = Preprocessing(width=416, height=320)
    frame = noise(width, height)
    assert (how.for_frame(width, height).apply(frame) == plain_input(frame, how)).all()


PINNED = [
    ("4205d2568f1420bc", (640, 480), Preprocessing(width=320, height=240)),
    ("a0f2b5b0086205b4", (640, 480), Preprocessing(width=416, height=320)),
    ("8f3977f41b2c4b1e", (1280, 720), Preprocessing(width=416, height=320, pad=114, colour="rgb")),
    (
        "09ecd08a3bfbd4e8",
        (1920, 1080),
        Preprocessing(width=416, height=256, band_top=0.2, band_bottom=0.85),
    ),
    (
        "5f5989f818633e9c",
        (1600, 900),
        Preprocessing(width=320, height=192, fit="stretch", mirror=True),
    ),
    (
        "257de3eafcf72623",
        (640, 480),
        Preprocessing(width=320, height=416, rotation=90, align="top_left"),
    ),
    ("efbc9732ffe529a1", (641, 479), Preprocessing(width=320, height=192, rotation=180)),
    (
        "4d2e364ab8d9958c",
        (352, 288),
        Preprocessing(width=416, height=416, rotation=270, mirror=True),
    ),
    ("f98a81601daa635d", (37, 23), Preprocessing(width=640, height=640, fit="stretch")),
    ("650d8a68ec8be396", (1, 1), Preprocessing(width=8, height=6)),
]


@pytest.mark.parametrize(("sha256", "size", "how"), PINNED)
def test_bytes_are_the_same_on_every_machine_and_opencv(
    sha256: str, size: tuple[int, int], how: Preprocessing
) -> None:
    """Pinned: a change here is a change of what every trained model sees."""
    data = how.for_frame(*size).apply(noise(*size)).tobytes()
    assert hashlib.sha256(data).hexdigest()[:16] == sha256


@settings(max_examples=300)
@given(
    st.integers(1, 10_000),
    st.integers(1, 10_000),
    preprocessings(side=640),
    st.lists(st.tuples(*[st.floats(0, 1, width=32)] * 4), min_size=1, max_size=4),
)
@example(10_000, 9_999, Preprocessing(width=640, height=1), [(0.4, 0.6, 0.5, 0.7)])
def test_boxes_return_to_the_source_within_a_thousandth_of_a_pixel(
    width: int, height: int, how: Preprocessing, corners: list[tuple[float, ...]]
) -> None:
    """And half a step of float32 at 640 pixels, where one of these is very many of the source."""
    x0, y0, x1, y1 = np.array(corners).T
    sides = [np.minimum(x0, x1), np.minimum(y0, y1), np.maximum(x0, x1), np.maximum(y0, y1)]
    source = as_xyxy(np.stack(sides, axis=1) * [width, height, width, height])
    transform = how.for_frame(width, height)
    network = transform.to_network(source)
    assert network.dtype == np.float32
    returned = transform.to_source(Boxes(network, np.ones(len(network), np.float32)))
    left, top, right, bottom = transform.to_network(as_xyxy([(0, 0, width, height)]))[0]
    turned = how.rotation in (90, 270)
    shrink = max(
        (height if turned else width) / (right - left),
        (width if turned else height) / (bottom - top),
    )
    assert np.abs(returned.xyxy - source).max() < 1e-3 + 2**-15 * shrink


@settings(max_examples=200)
@given(preprocessings(), st.integers(1, 400), st.integers(1, 400))
def test_boxes_keep_their_corners_in_order(how: Preprocessing, width: int, height: int) -> None:
    left, top, right, bottom = how.for_frame(width, height).to_network(
        as_xyxy([(0.25 * width, 0.25 * height, 0.75 * width, 0.75 * height)])
    )[0]
    assert left < right
    assert top < bottom


@pytest.mark.parametrize("align", ["centre", "top_left"])
@pytest.mark.parametrize("fit", ["letterbox", "stretch"])
@pytest.mark.parametrize("band", [(0.0, 1.0), (0.25, 0.75), (0.1, 1.0)])
@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("size", [(320, 240), (250, 330), (80, 60)])
def test_a_painted_square_lands_where_its_box_says(
    size: tuple[int, int],
    rotation: int,
    mirror: bool,
    band: tuple[float, float],
    fit: str,
    align: str,
) -> None:
    how = Preprocessing(
        width=128,
        height=96,
        band_top=band[0],
        band_bottom=band[1],
        rotation=rotation,
        mirror=mirror,
        fit=fit,
        align=align,
        pad=0,
    )
    width, height = size
    # Off centre on both axes, so that no wrong turn can hide, and inside every band.
    square = as_xyxy([(0.32 * width, 0.36 * height, 0.52 * width, 0.6 * height)]).round()
    left, top, right, bottom = square[0].astype(int)
    frame = np.zeros((height, width, 3), np.uint8)
    frame[top:bottom, left:right] = 255
    transform = how.for_frame(width, height)
    picture = transform.apply(frame)[0, ..., 0]
    assert_covers(picture, transform.to_network(square)[0])


def assert_covers(picture: np.ndarray, xyxy: FloatArray) -> None:
    """White well inside the box, black well outside; a pixel on its rim may be anything."""
    left, top, right, bottom = xyxy
    assert right - left > 4
    assert bottom - top > 4
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]] + 0.5
    rim = 1.0 + max(right - left, bottom - top) * 0.02
    inside = (x > left + rim) & (x < right - rim) & (y > top + rim) & (y < bottom - rim)
    outside = (x < left - rim) | (x > right + rim) | (y < top - rim) | (y > bottom + rim)
    assert inside.any()
    assert (picture[inside] == 255).all()
    assert (picture[outside] == 0).all()


def test_to_source_cuts_at_the_borders_and_keeps_scores() -> None:
    transform = Preprocessing(width=64, height=48).for_frame(640, 480)
    wild = Boxes(as_xyxy([(-5, -5, 100, 100)]), np.array([0.7], np.float32))
    cut = transform.to_source(wild)
    assert cut.xyxy.tolist() == [[0, 0, 640, 480]]
    assert cut.scores.tolist() == wild.scores.tolist()


def test_no_boxes_go_through_both_ways() -> None:
    transform = Preprocessing(width=64, height=48).for_frame(640, 480)
    assert transform.to_network(as_xyxy([])).shape == (0, 4)
    assert len(transform.to_source(Boxes.empty())) == 0


def test_padding_is_128_unless_told_otherwise() -> None:
    frame = np.zeros((48, 100, 3), np.uint8)
    for how, grey in (
        (Preprocessing(width=100, height=100), 128),
        (Preprocessing(width=100, height=100, pad=7), 7),
    ):
        filled = how.for_frame(100, 48).apply(frame)[0]
        assert (filled[:26] == grey).all()
        assert (filled[26:74] == 0).all()
        assert (filled[74:] == grey).all()


def test_a_top_left_picture_is_padded_to_the_right_and_below() -> None:
    wide = Preprocessing(width=100, height=100, align="top_left").for_frame(100, 48)
    filled = wide.apply(np.zeros((48, 100, 3), np.uint8))[0]
    assert (filled[:48] == 0).all()
    assert (filled[48:] == 128).all()


def test_a_frame_of_the_inputs_size_passes_unchanged() -> None:
    frame = noise(64, 48)
    assert (Preprocessing(width=64, height=48).for_frame(64, 48).apply(frame)[0] == frame).all()


def test_rgb_swaps_the_channels_and_nothing_else() -> None:
    frame = noise(200, 150)
    bgr, rgb = (
        Preprocessing(width=64, height=64, colour=colour).for_frame(200, 150).apply(frame)
        for colour in ("bgr", "rgb")
    )
    assert (rgb == bgr[..., ::-1]).all()


@given(preprocessings(), st.integers(1, 200), st.integers(1, 200))
def test_a_buffer_used_again_gives_the_same_bytes(
    how: Preprocessing, width: int, height: int
) -> None:
    transform = how.for_frame(width, height)
    first, second = noise(width, height, 1), noise(width, height, 2)
    buffer = np.full((1, how.height, how.width, 3), 99, np.uint8)
    for frame in (first, second):
        assert transform.apply(frame, out=buffer) is buffer
        assert (buffer == transform.apply(frame)).all()


def test_apply_leaves_the_frame_alone_and_does_not_alias_it() -> None:
    frame = noise(64, 48)
    before = frame.copy()
    network_input = Preprocessing(width=64, height=48).for_frame(64, 48).apply(frame)
    network_input[:] = 0
    assert (frame == before).all()


@pytest.mark.parametrize(
    "view",
    [
        lambda frame: frame[::-1],
        lambda frame: frame[:, ::-1],
        lambda frame: frame[..., ::-1],
        lambda frame: frame[::2, ::3],
        lambda frame: np.asfortranarray(frame),
        lambda frame: np.frombuffer(frame.tobytes(), np.uint8).reshape(frame.shape),
    ],
    ids=["upside down", "mirrored", "channels swapped", "thinned", "by columns", "read-only"],
)
def test_a_view_gives_the_bytes_of_its_copy(view: Callable[[Image], Image]) -> None:
    seen = view(noise(210, 160))
    transform = Preprocessing(width=64, height=64).for_frame(seen.shape[1], seen.shape[0])
    assert (transform.apply(seen) == transform.apply(np.ascontiguousarray(seen))).all()


@pytest.mark.parametrize("fit", ["letterbox", "stretch"])
@pytest.mark.parametrize(
    ("width", "height"),
    [(1, 1), (1, 2), (2, 1), (1, 500), (500, 1), (3, 7), (10_000, 3), (3, 10_000), (10_000, 7_001)],
)
def test_frames_of_any_size_are_taken(width: int, height: int, fit: str) -> None:
    how = Preprocessing(width=64, height=48, fit=fit)
    frame = np.full((height, width, 3), 77, np.uint8)
    network_input = how.for_frame(width, height).apply(frame)
    assert network_input.shape == (1, 48, 64, 3)
    assert set(np.unique(network_input)) <= {77, 128}
    assert (network_input == 77).any()


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (np.zeros((48, 64), np.uint8), r"got uint8 of shape \(48, 64\)"),
        (np.zeros((48, 64, 1), np.uint8), r"got uint8 of shape \(48, 64, 1\)"),
        (np.zeros((48, 64, 4), np.uint8), r"got uint8 of shape \(48, 64, 4\)"),
        (np.zeros((64, 48, 3), np.uint8), r"got uint8 of shape \(64, 48, 3\)"),
        (np.zeros((48, 64, 3), np.uint16), r"got uint16 of shape \(48, 64, 3\)"),
        (np.zeros((48, 64, 3), np.float32), r"got float32 of shape \(48, 64, 3\)"),
    ],
)
def test_a_wrong_frame_says_what_was_expected(frame: np.ndarray, message: str) -> None:
    transform = Preprocessing(width=64, height=48).for_frame(64, 48)
    with pytest.raises(FrameError, match=rf"expected a uint8 frame of shape .*{message}"):
        transform.apply(frame)


@pytest.mark.parametrize(("width", "height"), [(0, 0), (0, 48), (64, 0), (-1, 48)])
def test_a_frame_without_pixels_is_refused(width: int, height: int) -> None:
    with pytest.raises(FrameError, match=f"at least 1x1 pixels, got {width}x{height}"):
        Preprocessing(width=64, height=48).for_frame(width, height)


BASE = Preprocessing(width=416, height=320)
OTHER: dict[str, Any] = {
    "width": 417,
    "height": 321,
    "band_top": 0.1,
    "band_bottom": 0.9,
    "rotation": 90,
    "mirror": True,
    "colour": "rgb",
    "fit": "stretch",
    "align": "top_left",
    "pad": 127,
}


def test_every_parameter_is_in_the_hash() -> None:
    assert {*OTHER, "resampling"} == {field.name for field in fields(Preprocessing)}
    digests = {replace(BASE, **{name: value}).digest for name, value in OTHER.items()}
    assert len({BASE.digest, *digests}) == len(OTHER) + 1


def test_the_hash_is_pinned() -> None:
    """A bundle made today must be honoured by the runtime of next year."""
    assert BASE.digest == "d8635b35ff5c225117c810096368e4888be73b008c7e363f9cf9cc46689c0480"


def test_equal_parameters_have_equal_hashes_however_they_were_typed() -> None:
    typed = Preprocessing(width=416, height=320, band_top=-0.0, band_bottom=1)
    assert typed == BASE
    assert typed.digest == BASE.digest


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"resampling": "area"}, "cannot honour it; update the runtime"),
        ({"width": 0}, "1 to 8192 pixels a side, got 0x320"),
        ({"height": 8193}, "1 to 8192 pixels a side, got 416x8193"),
        ({"band_top": -0.1}, "got -0.1 and 1.0"),
        ({"band_bottom": 1.1}, "got 0.0 and 1.1"),
        ({"band_top": 0.5, "band_bottom": 0.5}, "got 0.5 and 0.5"),
        ({"band_top": 0.8, "band_bottom": 0.2}, "got 0.8 and 0.2"),
        ({"band_top": float("nan")}, "got nan and 1.0"),
        ({"pad": -1}, "between 0 and 255, got -1"),
        ({"pad": 256}, "between 0 and 255, got 256"),
    ],
)
def test_parameters_out_of_range_say_so(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(BASE, **changes)
