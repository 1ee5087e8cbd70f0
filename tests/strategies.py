"""What hypothesis draws from: boxes, frame sizes, preprocessings."""

from __future__ import annotations

from typing import Literal

import numpy as np
from hypothesis import strategies as st

from belisha.boxes import FloatArray, as_xyxy
from belisha.frames import Preprocessing


def grid_boxes(side: int = 12, least: int = 0, most: int = 8) -> st.SearchStrategy[FloatArray]:
    """(N, 4) boxes with whole corners in [0, side].

    Their overlaps are fractions of small numbers, so float32 and exact arithmetic agree on which
    of two is the larger.
    """
    span = st.tuples(st.integers(0, side), st.integers(0, side)).map(sorted)
    box = st.tuples(span, span).map(lambda spans: (*np.transpose(spans).ravel().tolist(),))
    return st.lists(box, min_size=least, max_size=most).map(as_xyxy)


def float_boxes(
    least: int = 0, most: int = 6, size: float = 1000.0
) -> st.SearchStrategy[FloatArray]:
    """(N, 4) boxes with any corners, empty and inverted ones too."""
    corner = st.floats(-size, size, width=32)
    box = st.tuples(corner, corner, corner, corner)
    return st.lists(box, min_size=least, max_size=most).map(as_xyxy)


def scores(count: int) -> st.SearchStrategy[FloatArray]:
    """(count,) scores, best first, ties likely."""
    score = st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9])
    ordered = st.lists(score, min_size=count, max_size=count).map(lambda row: sorted(row)[::-1])
    return ordered.map(lambda row: np.array(row, np.float32))


@st.composite
def preprocessings(draw: st.DrawFn, side: int = 96) -> Preprocessing:
    """Any way from a frame to an input of at most `side` pixels."""
    fraction = st.integers(0, 20).map(lambda n: n / 20)
    bounds = st.lists(fraction, min_size=2, max_size=2, unique=True).map(sorted)
    band_top, band_bottom = draw(bounds)
    rotations: tuple[Literal[0, 90, 180, 270], ...] = (0, 90, 180, 270)
    return Preprocessing(
        width=draw(st.integers(1, side)),
        height=draw(st.integers(1, side)),
        band_top=band_top,
        band_bottom=band_bottom,
        rotation=draw(st.sampled_from(rotations)),
        mirror=draw(st.booleans()),
        colour=draw(st.sampled_from(("bgr", "rgb"))),
        fit=draw(st.sampled_from(("letterbox", "stretch"))),
        align=draw(st.sampled_from(("centre", "top_left"))),
        pad=draw(st.sampled_from((128, 0, 255, 114))),
    )
