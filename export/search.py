"""The search for a plan: observers by what they cost, layers one by one, equalisation if it helps.

Everything is judged by a `Meter`, so at the network's outputs. The graph that is measured is what
`emit_tensorrt` makes of a part of the plan: the emitted thing itself, not a model of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import onnx
from tqdm import tqdm

from export.calibrate import Statistics
from export.cost import Meter
from export.emit_tensorrt import emit_tensorrt
from export.equalise import channel_factors, equalisable
from export.layout import Layout
from export.observers import Candidate, Histogram, candidates, proposals
from export.plan import Cost, Equalisation, LayerPlan, Plan, Trial
from training.integers import TOP

STRENGTHS = (0.25, 0.5)
"""Of equalisation, as they are tried."""
LEAST_GAIN = 0.1
"""Share of the cost that equalisation has to save: from one set of frames to another its gain was
seen to change by as much, and it changes the weights."""
UNIFORM = ("mse", "min-max", "percentile 99.99", "entropy")
"""Observers that are tried for all tensors at once, to compare with."""


def search_observers(
    model: onnx.ModelProto, plan: Plan, histograms: Mapping[str, Histogram], meter: Meter
) -> Plan:
    """The plan with the observer of each tensor that costs least while all else is float.

    Tensors are judged alone, so that the verdict does not hang on their order; whether the choices
    go well together is measured afterwards against the same observer everywhere, and the best of
    all these stays.

    Args:
        model: the float graph.
        plan: with any scales.
        histograms: of its tensors.
        meter: of the float graph.
    """
    chosen = plan
    for name in tqdm(histograms, "observers", unit="tensor", leave=False, disable=None):
        chosen = _choose(model, chosen, name, candidates(histograms[name]), meter)
    plans = {"chosen one by one": chosen}
    for label in UNIFORM:
        plans[f"{label} everywhere"] = _uniform(chosen, label, histograms)
    trials = {label: meter.cost(emit_tensorrt(model, one)) for label, one in plans.items()}
    order = sorted(trials, key=lambda label: trials[label].total)
    kept = tuple(Trial(label, trials[label]) for label in order)
    return replace(plans[order[0]], trials=kept)


def _choose(
    model: onnx.ModelProto, plan: Plan, name: str, options: tuple[Candidate, ...], meter: Meter
) -> Plan:
    """The plan with the best candidate for one tensor."""
    costs = []
    for candidate in options:
        scaled = plan.with_scales({name: candidate.clip / TOP}, candidate.observer, "")
        costs.append(meter.cost(emit_tensorrt(model, scaled.only([name], []))).total)
    best = min(range(len(costs)), key=costs.__getitem__)
    words = ", ".join(
        f"{candidate.label} {cost:.4f}"
        for candidate, cost in zip(options, costs, strict=True)
        if candidate is not options[best]
    )
    reason = f"alone it costs {costs[best]:.4f}" + (f"; {words}" if words else "; all agree")
    chosen = options[best]
    return plan.with_scales({name: chosen.clip / TOP}, chosen.observer, reason)


def _uniform(plan: Plan, label: str, histograms: Mapping[str, Histogram]) -> Plan:
    """The plan with one observer for all tensors."""
    reason = f"{label} everywhere costs less than a choice for each"
    for name, histogram in histograms.items():
        chosen = next(one for one in proposals(histogram) if one.label == label)
        plan = plan.with_scales({name: chosen.clip / TOP}, chosen.observer, reason)
    return plan


def measure_layers(model: onnx.ModelProto, plan: Plan, layout: Layout, meter: Meter) -> Plan:
    """The plan with what INT8 of each layer alone, its input and its weights, costs."""
    layers: dict[str, LayerPlan] = {}
    for name, layer in tqdm(
        plan.layers.items(), "sensitivity", unit="layer", leave=False, disable=None
    ):
        alone = plan.only([layout.inputs[name]], [name])
        layers[name] = replace(layer, cost=meter.cost(emit_tensorrt(model, alone)))
    return replace(plan, layers=layers)


def try_equalisation(
    model: onnx.ModelProto, plan: Plan, layout: Layout, statistics: Statistics, meter: Meter
) -> Plan:
    """The plan with equalised channels if that saves enough, else with the reason why not.

    Tensor ranges hardly change, for the loudest channel stays as it is; so the scales are kept.
    """
    before = meter.cost(emit_tensorrt(model, plan))
    ranges = {name: statistics.channels[name] for name in equalisable(layout)}
    tried: list[tuple[float, Cost, Plan]] = []
    for strength in STRENGTHS:
        factors = channel_factors(ranges, strength)
        changed = replace(plan, equalisation=Equalisation("", factors))
        tried.append((strength, meter.cost(emit_tensorrt(model, changed)), changed))
    strength, cost, best = min(tried, key=lambda one: one[1].total)
    words = ", ".join(f"strength {one:g} {what.total:.4f}" for one, what, _ in tried)
    if cost.total > before.total * (1 - LEAST_GAIN):
        return replace(
            plan,
            equalisation=Equalisation(f"left out: costs {before.total:.4f} without; {words}"),
        )
    reason = f"strength {strength:g}: costs {before.total:.4f} without; {words}"
    trial = Trial(f"equalised with strength {strength:g}", cost)
    return replace(
        best,
        equalisation=replace(best.equalisation, reason=reason),
        trials=(trial, *plan.trials),
    )
