"""The search: what is chosen costs least at the outputs, and the plan says so."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from belisha.errors import UsageError
from export.calibrate import calibrate
from export.cost import Meter
from export.emit_tensorrt import emit_tensorrt
from export.layout import read_layout
from export.plan import Plan
from export.planning import make_plan
from tests.export.trained import PREPROCESSING, float_model, frame, plan
from training.model import LAYOUT

pytestmark = pytest.mark.xdist_group("exporter")  # it is slow to start: once is enough

FRAMES = [frame(seed) for seed in range(6)]


@lru_cache
def meter() -> Meter:
    return Meter(float_model(), FRAMES, LAYOUT, PREPROCESSING)


@lru_cache
def searched() -> Plan:
    return make_plan(float_model(), FRAMES, LAYOUT, PREPROCESSING)


def test_the_float_graph_costs_nothing_against_itself() -> None:
    cost = meter().cost(float_model())
    assert (cost.score, cost.overlap, cost.lost, cost.new) == (0, 0, 0, 0)


def test_coarser_steps_cost_more() -> None:
    costs = []
    for factor in (1, 4, 16):
        scales = {name: scale * factor for name, scale in plan().scales.items()}
        coarse = plan().with_scales({**scales, "pixels": 1 / 128}, "given", "")
        costs.append(meter().cost(emit_tensorrt(float_model(), coarse)).total)
    assert 0 < costs[0] < costs[1] < costs[2]


def test_a_clipped_range_is_expensive() -> None:
    clipped = plan().with_scales({"stages.0.0": plan().scales["stages.0.0"] / 20}, "given", "")
    dear = meter().cost(emit_tensorrt(float_model(), clipped)).total
    assert dear > 3 * meter().cost(emit_tensorrt(float_model(), plan())).total


def test_the_plan_is_the_cheapest_of_what_was_tried() -> None:
    totals = [trial.cost.total for trial in searched().trials]
    assert totals == sorted(totals)
    names = {trial.name for trial in searched().trials}
    assert {"chosen one by one", "mse everywhere", "min-max everywhere"} <= names
    own = meter().cost(emit_tensorrt(float_model(), searched()))
    assert own.total == pytest.approx(totals[0], rel=1e-3), "and what it says is what it costs"


def test_each_layer_has_its_own_cost_and_less_than_all_together() -> None:
    layout = read_layout(float_model())
    costs = {name: layer.cost for name, layer in searched().layers.items()}
    assert all(cost is not None and cost.total > 0 for cost in costs.values())
    whole = meter().cost(emit_tensorrt(float_model(), searched())).total
    assert max(cost.total for cost in costs.values() if cost) < whole * 2
    name = "stages.1.0"
    alone = searched().only([layout.inputs[name]], [name])
    measured = meter().cost(emit_tensorrt(float_model(), alone))
    assert costs[name] is not None
    assert measured.total == pytest.approx(costs[name].total, rel=1e-3)


def test_every_choice_has_its_reason() -> None:
    for name, tensor in searched().tensors.items():
        assert tensor.reason, name
    assert "without" in searched().equalisation.reason


def test_a_tuned_network_leaves_no_choice() -> None:
    scales = {name: 0.05 for name in plan().scales if name != "pixels"}
    tuned = make_plan(
        float_model(), FRAMES, LAYOUT, PREPROCESSING, tuned={**scales, "pixels": 1 / 128}
    )
    assert {tensor.observer for tensor in tuned.tensors.values()} == {"exact", "given"}
    assert set(tuned.scales.values()) == {0.05, 1 / 128}
    assert not tuned.equalisation.factors
    assert all(layer.cost for layer in tuned.layers.values())


def test_scales_of_another_network_are_refused() -> None:
    with pytest.raises(UsageError, match="tuned with the plan of another network"):
        make_plan(float_model(), FRAMES, LAYOUT, PREPROCESSING, tuned={"stages.0.0": 0.1})


def test_a_head_that_is_not_of_this_kit_cannot_be_measured() -> None:
    with pytest.raises(UsageError, match="expected a head of distances and logits"):
        Meter(float_model(), FRAMES, replace(LAYOUT, boxes="bins", bins=8), PREPROCESSING)


def test_black_frames_make_no_plan() -> None:
    black = [np.full((1, 65, 100, 3), grey, np.uint8) for grey in range(8)]
    with pytest.raises(UsageError, match="8 of 8 that are black"):
        make_plan(float_model(), black, LAYOUT, PREPROCESSING)


def test_calibration_of_the_search_is_recorded() -> None:
    assert searched().calibration == calibrate(float_model(), FRAMES).calibration
    assert searched().calibration.frames == 6
