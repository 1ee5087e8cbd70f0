"""Plots as inline SVG: axes with labels and units, colours by CSS, no library.

The colours are custom properties that `belisha.report` defines for light and dark pages; outside a
report the fallbacks in the file apply.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

WIDTH, HEIGHT = 640, 300
"""Of a plot's view box; the page scales it."""
LEFT, RIGHT, TOP, BOTTOM = 64, 16, 34, 48
"""Margins around the plotting area."""
COLOURS = ("#2f6fb3", "#d0602d", "#2f8f5b", "#8a55b5", "#b8912a", "#4a4f57")
_TEXT_WIDTH = 7.2
"""Of a character of the labels, for placing the legend."""


@dataclass(frozen=True)
class Axis:
    """What an axis shows: label, unit, and whether it is logarithmic."""

    label: str
    unit: str = ""
    log: bool = False

    @property
    def title(self) -> str:
        """Label and unit."""
        return f"{self.label} [{self.unit}]" if self.unit else self.label


@dataclass(frozen=True)
class Series:
    """Points (x, y), with intervals along y if `low` and `high` are given; NaN leaves a gap."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None
    style: Literal["line", "points"] = "line"

    def __post_init__(self) -> None:
        columns = [column for column in (self.y, self.low, self.high) if column is not None]
        lengths = {len(self.x), *map(len, columns)}
        if len(lengths) != 1:
            raise ValueError(f"expected columns of one length, got {sorted(lengths)}")


@dataclass(frozen=True)
class _Scale:
    """Values -> coordinates along one side of the plotting area."""

    axis: Axis
    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        span = self._forward(self.high) - self._forward(self.low)
        part = (self._forward(value) - self._forward(self.low)) / (span or 1.0)
        return self.start + part * (self.end - self.start)

    def _forward(self, value: float) -> float:
        return math.log10(max(value, self.low * 1e-3)) if self.axis.log else value

    @property
    def ticks(self) -> list[float]:
        """Round values between the limits."""
        if self.axis.log:
            return _log_ticks(self.low, self.high)
        step = _round_step((self.high - self.low) / 5)
        first = math.ceil(self.low / step - 1e-9)
        count = math.floor(self.high / step + 1e-9) - first + 1
        return [(first + index) * step for index in range(count)]


def xy_plot(series: Sequence[Series], x: Axis, y: Axis, *, title: str = "") -> str:
    """Lines or points over two numeric axes.

    Returns:
        An `<svg>` element.
    """
    values_x = [value for one in series for value in one.x]
    values_y = [
        value for one in series for column in (one.y, one.low, one.high) for value in column or ()
    ]
    across = _scale(x, values_x, LEFT, WIDTH - RIGHT)
    up = _scale(y, values_y, HEIGHT - BOTTOM, TOP)
    marks = [_series(one, index, across, up) for index, one in enumerate(series)]
    legend = _legend([one.label for one in series])
    return _svg(title or f"{y.title} over {x.title}", [_axes(across, up), *marks, legend])


def bar_plot(
    labels: Sequence[str],
    values: Sequence[float],
    y: Axis,
    *,
    low: Sequence[float] | None = None,
    high: Sequence[float] | None = None,
    title: str = "",
) -> str:
    """Horizontal bars, one a label, with intervals if `low` and `high` are given.

    Returns:
        An `<svg>` element, as high as it has bars.
    """
    room = min(260.0, 12 + _TEXT_WIDTH * max((len(label) for label in labels), default=0))
    bottom = TOP + 26 * len(labels)
    across = _scale(y, [0.0, *values, *(low or ()), *(high or ())], room, WIDTH - RIGHT)
    parts = [_across_axis(across, TOP, bottom)]
    for index, (label, value) in enumerate(zip(labels, values, strict=True)):
        middle = TOP + 26 * index + 13
        parts.append(_text(room - 8, middle + 4, label, anchor="end"))
        parts.append(_rectangle(across(0), middle - 8, across(value) - across(0), 16))
        if low is not None and high is not None:
            parts.append(_whisker(across(low[index]), across(high[index]), middle))
    return _svg(title or y.title, parts, height=bottom + BOTTOM)


def histogram(
    values: Sequence[float], x: Axis, *, bins: int = 30, title: str = "", count: str = "count"
) -> str:
    """How often values occur; on a logarithmic axis the bins are so too.

    Returns:
        An `<svg>` element.
    """
    finite = [value for value in values if math.isfinite(value) and (value > 0 or not x.log)]
    across = _scale(x, finite, LEFT, WIDTH - RIGHT)
    counts = [0] * bins
    for value in finite:
        place = (across(value) - across.start) / (across.end - across.start)
        counts[min(max(int(place * bins), 0), bins - 1)] += 1
    up = _scale(Axis(count), [0.0, float(max(counts, default=0))], HEIGHT - BOTTOM, TOP)
    width = (across.end - across.start) / bins
    bars = [
        _rectangle(across.start + index * width, up(number), width - 1, up(0) - up(number))
        for index, number in enumerate(counts)
        if number
    ]
    return _svg(title or x.title, [_axes(across, up), *bars])


def heat_map(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float]],
    *,
    title: str = "",
    unit: str = "",
    show: Callable[[float], str] = lambda value: f"{value:g}",
) -> str:
    """A table of colours with the numbers in it; NaN is left blank, darker is more.

    Returns:
        An `<svg>` element, as high as it has rows.
    """
    room = min(220.0, 16 + _TEXT_WIDTH * max((len(row) for row in rows), default=0))
    width = (WIDTH - RIGHT - room) / max(len(columns), 1)
    finite = [value for row in values for value in row if math.isfinite(value)]
    largest = max(finite, default=1.0) or 1.0
    parts = [
        _text(room + (index + 0.5) * width, TOP - 6, _short(label, width), anchor="middle")
        for index, label in enumerate(columns)
    ]
    for line, (label, row) in enumerate(zip(rows, values, strict=True)):
        top = TOP + 26 * line
        parts.append(_text(room - 8, top + 17, label, anchor="end"))
        for index, value in enumerate(row):
            if math.isfinite(value):
                left = room + index * width
                parts.append(_cell(left, top, width, value / largest, show(value)))
    caption = f"{title} [{unit}]" if unit else title
    return _svg(caption or "table", parts, height=TOP + 26 * len(rows) + 16)


def _scale(axis: Axis, values: Sequence[float], start: float, end: float) -> _Scale:
    """Limits around the values: round ones, or whole decades' parts on a logarithmic axis."""
    finite = [value for value in values if math.isfinite(value) and (value > 0 or not axis.log)]
    low, high = (min(finite), max(finite)) if finite else ((1.0, 10.0) if axis.log else (0.0, 1.0))
    if axis.log:
        return _Scale(axis, low / 1.15, max(high * 1.15, low * 1.3), start, end)
    if low >= 0 and low < 0.6 * high:
        low = 0.0
    step = _round_step((high - low) / 5 or abs(high) / 5 or 1.0)
    low, high = math.floor(low / step) * step, math.ceil(high / step - 1e-9) * step
    return _Scale(axis, low, high if high > low else low + step, start, end)


def _round_step(step: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(max(step, 1e-12)))
    return next((factor * power for factor in (1, 2, 5) if step <= factor * power), 10 * power)


def _log_ticks(low: float, high: float) -> list[float]:
    """1, 2, 5 of every decade; only the decades where there are many."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    factors = (1, 2, 5) if len(decades) <= 4 else (1,)
    ticks = [factor * 10.0**decade for decade in decades for factor in factors]
    return [tick for tick in ticks if low <= tick <= high]


def _series(series: Series, index: int, across: _Scale, up: _Scale) -> str:
    """One series: band or whiskers, line, points."""
    points = [
        (across(x), up(y))
        for x, y in zip(series.x, series.y, strict=True)
        if math.isfinite(x) and math.isfinite(y)
    ]
    parts = []
    if series.low is not None and series.high is not None:
        parts.append(_interval(series, index, across, up))
    if series.style == "line" and len(points) > 1:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline class="line c{_hue(index)}" points="{path}"/>')
    if series.style == "points" or len(points) <= 40:
        radius = 4.5 if series.style == "points" else 2.5
        parts += [
            f'<circle class="dot c{_hue(index)}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>'
            for x, y in points
        ]
    return "".join(parts)


def _interval(series: Series, index: int, across: _Scale, up: _Scale) -> str:
    """A band behind a line, whiskers behind points."""
    rows = [
        (across(x), up(low), up(high))
        for x, low, high in zip(series.x, series.low or (), series.high or (), strict=True)
        if all(map(math.isfinite, (x, low, high)))
    ]
    if series.style == "points":
        return "".join(
            f'<path class="line c{_hue(index)}" d="M{x:.1f} {low:.1f}V{high:.1f}"/>'
            for x, low, high in rows
        )
    there = " ".join(f"{x:.1f},{low:.1f}" for x, low, _ in rows)
    back = " ".join(f"{x:.1f},{high:.1f}" for x, _, high in reversed(rows))
    return f'<polygon class="band c{_hue(index)}" points="{there} {back}"/>'


def _axes(across: _Scale, up: _Scale) -> str:
    """Grid, ticks and titles of both axes."""
    parts = [_across_axis(across, TOP, HEIGHT - BOTTOM)]
    for tick in up.ticks:
        y = up(tick)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(_text(LEFT - 6, y + 4, _number(tick), anchor="end"))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text class="title" text-anchor="middle" transform="translate(14 {middle:.0f}) '
        f'rotate(-90)">{escape(up.axis.title)}</text>'
    )
    return "".join(parts)


def _across_axis(across: _Scale, top: float, bottom: float) -> str:
    """Grid, ticks and title of the horizontal axis."""
    parts = []
    for tick in across.ticks:
        x = across(tick)
        parts.append(f'<path class="grid" d="M{x:.1f} {top:.0f}V{bottom:.0f}"/>')
        parts.append(_text(x, bottom + 16, _number(tick), anchor="middle"))
    middle = (across.start + across.end) / 2
    parts.append(_text(middle, bottom + 36, across.axis.title, anchor="middle", kind="title"))
    return "".join(parts)


def _legend(labels: Sequence[str]) -> str:
    """Names of the series above the plot, if there is more than one."""
    if len(labels) < 2:
        return ""
    parts, x = [], float(LEFT)
    for index, label in enumerate(labels):
        parts.append(f'<circle class="dot c{_hue(index)}" cx="{x:.0f}" cy="18" r="5"/>')
        parts.append(_text(x + 10, 22, label))
        x += 26 + _TEXT_WIDTH * len(label)
    return "".join(parts)


def _cell(left: float, top: float, width: float, share: float, text: str) -> str:
    """A field of a heat map."""
    opacity = 0.08 + 0.82 * min(max(share, 0.0), 1.0)
    kind = "inverse" if opacity > 0.55 else ""
    return (
        f'<rect class="fill c0" x="{left + 1:.1f}" y="{top}" width="{width - 2:.1f}" height="24" '
        f'rx="3" fill-opacity="{opacity:.2f}"/>'
        + _text(left + width / 2, top + 17, text, anchor="middle", kind=kind)
    )


def _rectangle(x: float, y: float, width: float, height: float) -> str:
    """A bar, also for a negative width."""
    left, width = (x, width) if width >= 0 else (x + width, -width)
    return (
        f'<rect class="fill c0" x="{left:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" '
        f'height="{height:.1f}"/>'
    )


def _whisker(low: float, high: float, middle: float) -> str:
    return (
        f'<path class="whisker" d="M{low:.1f} {middle:.1f}H{high:.1f}'
        f'M{low:.1f} {middle - 4:.1f}v8M{high:.1f} {middle - 4:.1f}v8"/>'
    )


def _text(x: float, y: float, text: str, *, anchor: str = "start", kind: str = "") -> str:
    return (
        f'<text class="{kind}" text-anchor="{anchor}" x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>'
    )


def _short(label: str, width: float) -> str:
    """The label, cut to a width."""
    room = max(int(width / _TEXT_WIDTH), 3)
    return label if len(label) <= room else label[: room - 1] + "…"


def _number(value: float) -> str:
    """A tick's label, without the dust of floating point."""
    return f"{value:.6g}"


def _hue(index: int) -> int:
    return index % len(COLOURS)


def _svg(title: str, parts: Sequence[str], height: float = HEIGHT) -> str:
    """The element around the parts; its title is what a screen reader says."""
    return (
        f'<svg class="plot" xmlns="http://www.w3.org/2000/svg" role="img" '
        f'viewBox="0 0 {WIDTH} {height:.0f}"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style>{''.join(parts)}</svg>"
    )


STYLE = (
    ".plot{font:12.5px system-ui,sans-serif}"
    ".plot text{fill:var(--ink,#333)}"
    ".plot .title{fill:var(--soft,#666)}"
    ".plot .inverse{fill:var(--page,#fff)}"
    ".plot .grid{stroke:var(--rule,#ddd);fill:none}"
    ".plot .whisker{stroke:var(--ink,#333);fill:none}"
    ".plot .line{fill:none;stroke-width:2}"
    ".plot .band{fill-opacity:.18}"
    + "".join(
        f".plot .c{index}{{--hue:var(--hue{index},{colour})}}"
        for index, colour in enumerate(COLOURS)
    )
    + ".plot .line{stroke:var(--hue)}.plot .dot,.plot .band,.plot .fill{fill:var(--hue)}"
)
"""Of every plot; equal in all, so that it does no harm to stand on a page several times."""
