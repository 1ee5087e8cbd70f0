"""Plots: labelled axes with units, values where they belong, nothing that breaks a page."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest

from belisha.plots import HEIGHT, WIDTH, Axis, Series, bar_plot, heat_map, histogram, xy_plot

NAMESPACE = "{http://www.w3.org/2000/svg}"
TIME, SCORE = Axis("time", "ms"), Axis("AP50")


def texts(svg: str) -> list[str]:
    """What can be read on a plot; it must be well-formed for that."""
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{NAMESPACE}text")]


def dots(svg: str) -> list[tuple[float, float]]:
    circles = ElementTree.fromstring(svg).iter(f"{NAMESPACE}circle")
    return [(float(one.get("cx", "")), float(one.get("cy", ""))) for one in circles]


def test_axes_are_labelled_with_units() -> None:
    svg = xy_plot([Series("own", [1, 2], [0.3, 0.4])], TIME, SCORE)
    assert {"time [ms]", "AP50"} <= set(texts(svg))


def test_more_is_further_right_and_higher() -> None:
    svg = xy_plot([Series("own", [1, 2, 4], [0.1, 0.2, 0.4])], TIME, SCORE)
    (x0, y0), (x1, y1), (x2, y2) = dots(svg)
    assert x0 < x1 < x2
    assert y0 > y1 > y2
    assert (x2 - x1) == pytest.approx(2 * (x1 - x0), abs=0.2)
    assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in dots(svg))


def test_a_logarithmic_axis_gives_equal_room_to_equal_factors() -> None:
    svg = xy_plot([Series("own", [1, 10, 100], [1, 1, 1])], Axis("time", "ms", log=True), SCORE)
    (x0, _), (x1, _), (x2, _) = dots(svg)
    assert x2 - x1 == pytest.approx(x1 - x0, abs=0.2)
    assert {"1", "10", "100"} <= set(texts(svg))


def test_a_legend_stands_where_there_are_several_series() -> None:
    one, other = Series("own", [1], [1]), Series("rival", [2], [2])
    assert "own" not in texts(xy_plot([one], TIME, SCORE))
    assert {"own", "rival"} <= set(texts(xy_plot([one, other], TIME, SCORE)))


def test_gaps_and_emptiness_are_drawn_as_such() -> None:
    svg = xy_plot([Series("own", [1, 2, 3], [0.1, math.nan, 0.3])], TIME, SCORE)
    assert len(dots(svg)) == 2
    assert "nan" not in svg
    assert dots(xy_plot([], TIME, SCORE)) == []
    assert "nan" not in histogram([], TIME)


def test_labels_cannot_break_the_page() -> None:
    svg = bar_plot(["<script>alert(1)</script>"], [1.0], Axis("a & b"), title='"<x>')
    assert "<script>alert(1)</script>" in texts(svg)
    assert "<script>" not in svg


def test_every_bar_has_its_label_and_its_interval() -> None:
    svg = bar_plot(["day", "night"], [0.8, 0.4], SCORE, low=[0.7, 0.2], high=[0.9, 0.6])
    assert {"day", "night", "AP50"} <= set(texts(svg))
    assert svg.count('class="whisker"') == 2
    widths = [float(width) for width in re.findall(r'<rect[^>]* width="([\d.]+)"', svg)]
    assert widths[0] == pytest.approx(2 * widths[1], rel=0.01)


def test_a_histogram_counts_every_value_once() -> None:
    svg = histogram([1, 1, 1, 5], Axis("height", "px"), bins=4)
    heights = [float(value) for value in re.findall(r'<rect[^>]* height="([\d.]+)"', svg)]
    assert heights[0] == pytest.approx(3 * heights[1], rel=0.01)


def test_a_heat_map_tells_its_numbers_and_leaves_unknown_fields_blank() -> None:
    svg = heat_map(["day", "night"], ["train", "test"], [[12, 3], [7, math.nan]])
    assert {"day", "night", "train", "test", "12", "3", "7"} == set(texts(svg))
    assert svg.count("<rect") == 3


def test_columns_of_different_lengths_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match=r"one length, got \[1, 2\]"):
        Series("own", [1, 2], [1])
