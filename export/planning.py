"""Making a plan: calibrate, search the observers, try equalisation, see what each layer costs.

frames -> histograms -> candidates of each tensor -> the one that costs least at the outputs
       -> equalised or not -> cost of each layer alone -> plan
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import onnx

from belisha.decode import HeadLayout
from belisha.errors import UsageError
from belisha.frames import Image, Preprocessing
from export.calibrate import Statistics, calibrate
from export.cost import Meter
from export.layout import Layout, read_layout
from export.observers import least_error
from export.plan import Equalisation, Plan, plain_plan
from export.search import measure_layers, search_observers, try_equalisation
from training.integers import TOP

PROBES = 32
"""Most frames that choices are judged on; ranges are seen on all of them."""


def make_plan(
    model: onnx.ModelProto,
    frames: Sequence[Image],
    head: HeadLayout,
    preprocessing: Preprocessing,
    say: Callable[[str], None] = lambda text: None,
    tuned: Mapping[str, float] | None = None,
) -> Plan:
    """The plan for a float graph.

    Args:
        model: as `export_float` makes it.
        frames: the network's inputs on training data, (1, H, W, 3) uint8 each.
        head: what the network's outputs mean.
        preprocessing: of the detector.
        say: is told what is being done.
        tuned: tensor -> scale that the network was fine-tuned with: then there is no choice left.

    Raises:
        UsageError: the graph holds an operator that the emitters do not know, or the frames are
            too few or show nothing.
    """
    layout = read_layout(model)
    say(f"calibrating on {len(frames)} training frames")
    statistics = calibrate(model, frames)
    meter = Meter(model, _spread(frames, PROBES), head, preprocessing)
    plan = quick_plan(model, statistics)
    if tuned is not None:
        plan = with_tuned_scales(plan, layout, tuned)
    else:
        say(f"searching observers for {len(statistics.histograms)} tensors")
        plan = search_observers(model, plan, statistics.histograms, meter)
        say("trying equalisation")
        plan = try_equalisation(model, plan, layout, statistics, meter)
    say(f"measuring what each of {len(layout.layers)} layers costs")
    return measure_layers(model, plan, layout, meter)


def quick_plan(model: onnx.ModelProto, statistics: Statistics) -> Plan:
    """A plan without a search: each tensor keeps what makes its own squared error least."""
    scales = {
        name: least_error(histogram) / TOP for name, histogram in statistics.histograms.items()
    }
    return plain_plan(read_layout(model), statistics.calibration, scales)


def with_tuned_scales(plan: Plan, layout: Layout, tuned: Mapping[str, float]) -> Plan:
    """The plan with the scales that a network learned with.

    Raises:
        UsageError: they are not for this network.
    """
    scales = {name: scale for name, scale in tuned.items() if name != layout.pixels}
    known = {name: scale for name, scale in scales.items() if name in layout.tensors}
    if len(known) != len(layout.tensors) - 1 or len(known) != len(scales):
        raise UsageError(
            f"expected a scale for each of {len(layout.tensors) - 1} tensors, got {len(known)} for "
            f"these and {len(scales) - len(known)} for others: the checkpoint was tuned with the "
            "plan of another network"
        )
    plan = plan.with_scales(scales, "given", "the network was fine-tuned with it")
    return replace(plan, equalisation=Equalisation("not tried: the network is fine-tuned"))


def _spread(frames: Sequence[Image], count: int) -> list[Image]:
    """At most `count` frames, evenly spaced."""
    places = np.linspace(0, len(frames) - 1, min(count, len(frames)))
    return [frames[int(place)] for place in places]
