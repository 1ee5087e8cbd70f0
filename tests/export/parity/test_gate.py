"""Verdicts: the whole by its value, a part only if the loss is real, and no data is a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from belisha.boxes import Boxes
from belisha.errors import ConfigError
from export.parity.gate import Parity, compare, nothing_compared
from export.parity.rules import DEFAULT, Rules, read_rules
from export.parity.tables import as_lines, sentence
from export.parity.verdicts import Limit, judge
from tests.training.evaluation.truth import boxes, sample, standing
from training.evaluation.cells import make_cells
from training.evaluation.measurement import Estimate

LOSS = Limit(-0.01, 0.0, more_is_worse=False)
RISE = Limit(0.02, 0.0, more_is_worse=True)

RULES = replace(read_rules(), resamples=200, least_detections=20, least_people=20)
SMALL, TALL = standing(16), standing(60, left=100)
FRAMES = 60
SAMPLES = tuple(
    sample([SMALL, TALL], light="night" if index % 3 == 0 else "day") for index in range(FRAMES)
)
BOTH = boxes((TALL, 0.9), (SMALL, 0.8))


def gate(candidate: Sequence[Boxes], rules: Rules = RULES) -> Parity:
    return compare(
        [BOTH] * FRAMES,
        {"int8_cpu": candidate},
        SAMPLES,
        make_cells([one.attributes for one in SAMPLES], rules.conditions, rules.heights),
        names=("torch", "street"),
        threshold=0.5,
        rules=rules,
    )


@pytest.mark.parametrize(
    ("limit", "estimate", "whole", "verdict"),
    [
        (LOSS, Estimate(-0.005, -0.02, 0.01), True, "passed"),
        (LOSS, Estimate(-0.011, -0.03, 0.01), True, "failed"),
        (LOSS, Estimate(-0.011, -0.03, 0.01), False, "not enough data"),
        (LOSS, Estimate(-0.011, -0.03, -0.001), False, "failed"),
        (LOSS, Estimate(0.2, 0.1, 0.3), False, "passed"),
        (RISE, Estimate(0.03, -0.01, 0.06), False, "not enough data"),
        (RISE, Estimate(0.03, 0.01, 0.06), False, "failed"),
        (RISE, Estimate(-0.5, -0.6, -0.4), True, "passed"),
        (LOSS, Estimate(None, reason="nobody"), True, "not enough data"),
        (LOSS, Estimate(-0.5, None, None), False, "failed"),
    ],
)
def test_a_loss_fails_the_whole_by_its_value_and_a_part_if_it_is_real(
    limit: Limit, estimate: Estimate, whole: bool, verdict: str
) -> None:
    assert judge(estimate, limit, enough=True, whole=whole).verdict == verdict
    assert judge(estimate, limit, enough=False, whole=whole).verdict == "not enough data"


def test_who_finds_the_same_passes_in_every_cell() -> None:
    parity = gate([BOTH] * FRAMES)
    assert parity.passed
    assert {row.cell for row in parity.rows} >= {"all", "under 20 px", "light=night", "light=day"}
    assert sentence(parity).startswith("parity passed: int8_cpu with torch on 60 frames of street")


def test_losing_the_small_ones_fails_where_they_are_counted() -> None:
    """A mean over all could hide it: here the gate names the size."""
    loose = replace(RULES.int8, least_recall=0.5, most_ap50_loss=0.9, most_miss_rate_rise=0.9)
    parity = gate([boxes((TALL, 0.9))] * FRAMES, replace(RULES, int8=loose))
    assert [row.cell for row in parity.rows if row.figures["recall"].verdict == "failed"] == [
        "under 20 px"
    ]
    assert "int8_cpu, under 20 px: recall 0.0000, allowed 0.5" in parity.failures


def test_losing_people_by_night_alone_is_found() -> None:
    found = [BOTH if one.attributes["light"] == "day" else boxes((TALL, 0.9)) for one in SAMPLES]
    failed = {row.cell for row in gate(found).rows if row.figures["recall"].verdict == "failed"}
    assert "light=night" in failed
    assert "light=day" not in failed


def test_new_detections_count_as_losses_of_precision() -> None:
    ghost = boxes((TALL, 0.9), (SMALL, 0.8), (standing(60, left=200), 0.7))
    (whole, *_) = gate([ghost] * FRAMES).rows
    assert whole.new == FRAMES
    assert whole.figures["precision"].verdict == "failed"
    assert whole.figures["recall"].verdict == "passed"


def test_a_part_with_too_few_is_no_failure_and_no_pass() -> None:
    few = replace(RULES, least_detections=41, least_people=41)
    found = [BOTH if one.attributes["light"] == "day" else Boxes.empty() for one in SAMPLES]
    rows = {row.cell: row for row in gate(found, few).rows}
    assert rows["light=night"].detections == 40
    assert {one.verdict for one in rows["light=night"].figures.values()} == {"not enough data"}
    assert rows["all"].figures["recall"].verdict == "failed"


def test_a_whole_with_too_few_stops_the_export() -> None:
    parity = gate([BOTH] * FRAMES, replace(RULES, least_detections=1000))
    assert not parity.passed
    assert any("recall could not be judged" in words for words in parity.failures)
    assert as_lines(parity).count("1.000 ?") == 6


def test_nothing_compared_is_nothing_shown() -> None:
    parity = nothing_compared("torch", 0.5, RULES)
    assert parity.failures == ("nothing was compared: there are no frames to compare on",)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("min_iou: 0.5", "min_iuo: 0.5", r"rules.yaml:6: unknown key 'min_iuo': did you mean"),
        ("hysteresis: 0.05", "hysteresis: 0.3", "expected a hysteresis from 0 to 0.2"),
        ("heights: [20, 30, 50]", "heights: [30, 20]", "expected heights above 0 that rise"),
        ("least_recall: 0.97", "least_recall: 97", "expected int8.least_recall from 0 to 1"),
        ("resamples: 2000", "resamples: 10", "expected at least 100 resamples"),
        ("least_people: 40", "least_people: 0", "least_people of at least 1"),
        ("min_iou: 0.5", "min_iou: high", "min_iou: Expected `float`"),
    ],
)
def test_rules_are_read_strictly(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "rules.yaml"
    text = DEFAULT.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(ConfigError, match=message):
        read_rules(path)
