"""The page of a roofline."""

from __future__ import annotations

from collections.abc import Sequence

from belisha.bench.page import machine_section, subject_line
from belisha.bench.result import LayerCost, Peaks, Result, Roofline
from belisha.plots import Axis, Series, bar_plot, xy_plot
from belisha.report import Facts, Figure, Report, Section, Table, Text

COLUMNS = ("layer", "operation", "output", "Mmacs", "kB", "ms", "least ms", "bound by", "wasted ms")
_BARS = 16


def layer_rows(layers: Sequence[LayerCost]) -> list[tuple[str, ...]]:
    """A row a layer, for `COLUMNS`."""
    return [
        (
            layer.name,
            f"{layer.operation} {layer.precision}",
            layer.shape,
            f"{layer.macs / 1e6:.1f}",
            f"{layer.bytes_moved / 1e3:.0f}",
            f"{layer.measured_ms:.3f}",
            f"{layer.least_ms:.3f}",
            layer.bound_by,
            f"{layer.wasted_ms:.3f}",
        )
        for layer in layers
    ]


def peak_facts(peaks: Peaks) -> dict[str, str]:
    """The peaks in words."""
    copies = {
        f"copy of {int(size) // 1024} kB": f"{rate:g} GB/s read and written"
        for size, rate in peaks.copy_gbs.items()
    }
    return {
        "fp32": f"{peaks.fp32_gmacs:g} billion multiply-adds a second, {peaks.threads} threads",
        "int8": f"{peaks.int8_gmacs:g} billion multiply-adds a second",
        **copies,
    }


def roofline_report(result: Result) -> Report:
    """The page."""
    return Report(
        title=f"{result.subjects[0].name}: roofline",
        summary=f"{subject_line(result.subjects[0])} on {result.environment.summary}",
        sections=(
            *(_section(roofline) for roofline in result.rooflines),
            machine_section(result),
        ),
    )


def _section(roofline: Roofline) -> Section:
    ordered = sorted(roofline.layers, key=lambda layer: -layer.wasted_ms)
    bars = bar_plot(
        [f"{layer.name} {layer.operation}" for layer in ordered[:_BARS]],
        [max(layer.wasted_ms, 0.0) for layer in ordered[:_BARS]],
        Axis("time above what the peaks allow", "ms"),
    )
    return Section(
        f"{roofline.flavour}: {roofline.network_ms:.2f} ms, {roofline.ratio:.2f} times the least",
        (
            Facts(peak_facts(roofline.peaks)),
            Figure(_plot(roofline), "Each point a layer; the lines are the measured peaks."),
            Figure(bars),
            Table(COLUMNS, layer_rows(ordered), "All layers, the most wasteful first."),
            Text(
                f"The layers add up to {roofline.profiled_ms:.2f} ms with the profiler on; the "
                f"whole network takes {roofline.network_ms:.2f} ms without it."
            ),
        ),
    )


def _plot(roofline: Roofline) -> str:
    """Multiply-adds a second over multiply-adds a byte."""
    peaks = roofline.peaks
    series = []
    for precision, peak in (("int8", peaks.int8_gmacs), ("fp32", peaks.fp32_gmacs)):
        layers = [
            layer
            for layer in roofline.layers
            if layer.macs and layer.measured_ms and layer.precision == precision
        ]
        if not layers:
            continue
        dense = [layer.macs / layer.bytes_moved for layer in layers]
        speeds = [layer.macs / layer.measured_ms / 1e6 for layer in layers]
        series.append(Series(f"{precision} layers", dense, speeds, style="points"))
        bandwidth = max(peaks.copy_gbs.values())
        ends = sorted({min(dense) / 2, peak / bandwidth, max(dense) * 2})
        roof = [min(peak, bandwidth * one) for one in ends]
        series.append(Series(f"{precision} roof", ends, roof))
    return xy_plot(
        series,
        Axis("multiply-adds a byte", log=True),
        Axis("multiply-adds", "billion/s", log=True),
    )
