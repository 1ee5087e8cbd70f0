"""The page about the drive: what was found and missed, and where the time went."""

from __future__ import annotations

import math
import platform
from collections.abc import Sequence

from belisha.demo.score import BANDS_M, FrameScore, Tally, false_alarms_per_frame, tally
from belisha.demo.truth import Truth, in_words
from belisha.detector import DetectorInfo
from belisha.plots import Axis, bar_plot, heat_map
from belisha.proportion import wilson
from belisha.report import Block, Facts, Figure, Picture, Report, Section, Table, Text, Video
from belisha.service.loop import LoopReport
from belisha.timing import Percentiles

NEXT_STEPS = (
    ("your own clip", "belisha run drive.mp4 --save drive.webm"),
    ("pictures", "belisha detect photos/ --save marked/"),
    (
        "a detector that you know",
        "python -m export adopt nanodet_m.onnx --head nanodet --out n.bundle",
    ),
    ("does this machine compute right?", "belisha check"),
)
"""What to try after the demonstration: what for, and the command."""


def make_report(
    loop: LoopReport,
    info: DetectorInfo,
    truth: Truth,
    scores: Sequence[FrameScore],
    video: bytes,
    sheet: bytes,
) -> Report:
    """The page.

    Args:
        loop: what the loop did.
        info: what it ran with.
        truth: of the clip.
        scores: of its frames.
        video: the drive with boxes, WebM.
        sheet: some of its frames, PNG or JPEG.
    """
    return Report(
        "Belisha: a drive of ten seconds",
        summary(loop, scores),
        (
            Section("The drive", _drive(video, sheet)),
            Section("Who was found", _found(truth, scores)),
            Section("Where the time went", _time(loop)),
            Section("With what", _with_what(info)),
            Section("What to try next", (Table(("to try", "command"), NEXT_STEPS),)),
        ),
    )


def summary(loop: LoopReport, scores: Sequence[FrameScore]) -> str:
    """Two sentences: people and time."""
    everybody = tally(scores)
    wrong = false_alarms_per_frame(scores)
    total = loop.stages_ms["total"]
    text = (
        f"Found {_share(everybody)} of the people in {loop.frames} rendered frames "
        f"({everybody.found} of {everybody.asked}), with {wrong:.2f} wrong boxes a frame."
    )
    if total.p50 is None:
        return text
    return f"{text} From a decoded frame to boxes half of them took at most {total.p50:.1f} ms."


def _drive(video: bytes, sheet: bytes) -> tuple[Block, ...]:
    caption = "Amber: found, with its score. Thin white: missed. Rendered, not filmed."
    return (
        Video(video, caption),
        Picture(sheet, "frames of the drive with boxes", "Two frames of each part of the drive."),
    )


def _found(truth: Truth, scores: Sequence[FrameScore]) -> tuple[Block, ...]:
    """By condition and distance, with intervals."""
    bands = [_band(band) for band in BANDS_M]
    tallies = {
        condition: [tally(scores, condition=condition, band_m=band) for band in BANDS_M]
        for condition in truth.conditions
    }
    rows = [
        (
            in_words(condition),
            *map(_cell, row),
            _cell(sum(row, Tally(0, 0))),
            _wrong(scores, condition),
        )
        for condition, row in tallies.items()
    ]
    shares = [[_percent(one) for one in row] for row in tallies.values()]
    whole = [sum((row[index] for row in tallies.values()), Tally(0, 0)) for index in range(4)]
    known = [index for index, one in enumerate(whole) if one.asked]
    limits = [wilson(whole[index].found, whole[index].asked) for index in known]
    return (
        Figure(
            bar_plot(
                [bands[index] for index in known],
                [_percent(whole[index]) for index in known],
                Axis("people found", "%"),
                low=[100 * low for low, _ in limits],
                high=[100 * high for _, high in limits],
            ),
            "By distance, with 95 % intervals that take frames for independent; they are not.",
        ),
        Figure(
            heat_map(
                [in_words(condition) for condition in tallies],
                bands,
                shares,
                title="people found",
                unit="%",
                show=lambda x: f"{x:.0f}",
            ),
            "By condition and distance.",
        ),
        Table(
            ("condition", *bands, "all", "wrong boxes a frame"),
            rows,
            "Found of asked for. Cyclists, and people under 10 pixels or mostly hidden, do not "
            "count. A box counts from an overlap of a half (IoU).",
        ),
        Text(
            "The drive is rendered. It shows that everything works together; how good the "
            "detector is on real streets stands in its model card."
        ),
    )


def _time(loop: LoopReport) -> tuple[Block, ...]:
    """Stages of the loop, as bars and as a table."""
    stages = {
        name: times for name, times in loop.stages_ms.items() if name not in ("sinks", "total")
    }
    known = {name: times.p50 for name, times in stages.items() if times.p50 is not None}
    rows = [(name, *_times(times)) for name, times in loop.stages_ms.items()]
    first = "-" if loop.first_ms is None else f"{loop.first_ms:.1f}"
    return (
        Figure(
            bar_plot(list(known), list(known.values()), Axis("median time", "ms")),
            "read: decoding the video; prepare: resizing; infer: the network; decode: boxes.",
        ),
        Table(
            ("stage", "p50 ms", "p90 ms", "p99 ms", "worst ms"),
            rows,
            f"total is from the camera to the decision; the first frame, apart: {first} ms. "
            "sinks: drawing and writing the video, after the decision.",
        ),
        Text(
            "Measured once on this machine, whatever else it was doing. 'belisha bench' measures "
            "with confidence intervals, and says when it cannot."
        ),
    )


def _with_what(info: DetectorInfo) -> tuple[Block, ...]:
    engine = info.engine
    facts = {
        "model": info.name,
        "bundle": info.digest[:16],
        "threshold": f"{info.threshold:g}",
        "flavour": engine.flavour,
        "engine": f"{engine.library} on {engine.device}, {engine.threads} threads",
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
    }
    fallbacks = [Text(f"{name} could not be used: {reason}") for name, reason in info.passed_over]
    notices = [Text(engine.notice)] if engine.notice else []
    return (Facts(facts), *fallbacks, *notices)


def _band(band_m: tuple[float, float]) -> str:
    low, high = band_m
    return f"{low:.0f}-{high:.0f} m" if math.isfinite(high) else f"over {low:.0f} m"


def _share(one: Tally) -> str:
    return f"{_percent(one):.0f} %" if one.asked else "none"


def _percent(one: Tally) -> float:
    return 100 * one.found / one.asked if one.asked else float("nan")


def _cell(one: Tally) -> str:
    return f"{one.found}/{one.asked}" if one.asked else "-"


def _wrong(scores: Sequence[FrameScore], condition: str) -> str:
    return f"{false_alarms_per_frame(scores, condition):.2f}"


def _times(times: Percentiles) -> list[str]:
    columns = (times.p50, times.p90, times.p99, times.worst)
    return ["-" if value is None else f"{value:.2f}" for value in columns]
