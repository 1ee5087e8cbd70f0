"""Making a plan: calibrate, search the observers, try equalisation, see what each layer costs.

frames -> histograms -> candidates of each tensor -> the one that costs least at the outputs
       -> equalised or not -> cost of each layer alone -> plan
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import onnx

from belisha.decode import HeadLayout
from belisha.frames import Image, Preprocessing
from export.calibrate import Statistics, calibrate
from export.cost import Meter
from export.kernel import TOP
from export.layout import read_layout
from export.observers import least_error
from export.plan import Plan, plain_plan
from export.search import measure_layers, search_observers, try_equalisation

PROBES = 16
"""Most frames that choices are judged on; ranges are seen on all of them."""


def make_plan(
    model: onnx.ModelProto,
    frames: Sequence[Image],
    head: HeadLayout,
    preprocessing: Preprocessing,
    say: Callable[[str], None] = lambda text: None,
) -> Plan:
    """The plan for a float graph.

    Args:
        model: as `export_float` makes it.
        frames: the network's inputs on training data, (1, H, W, 3) uint8 each.
        head: what the network's outputs mean.
        preprocessing: of the detector.
        say: is told what is being done.

    Raises:
        UsageError: the graph holds an operator that the emitters do not know, or the frames are
            too few or show nothing.
    """
    layout = read_layout(model)
    say(f"calibrating on {len(frames)} training frames")
    statistics = calibrate(model, frames)
    meter = Meter(model, _spread(frames, PROBES), head, preprocessing)
    say(f"searching observers for {len(statistics.histograms)} tensors")
    plan = search_observers(model, quick_plan(model, statistics), statistics.histograms, meter)
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


def _spread(frames: Sequence[Image], count: int) -> list[Image]:
    """At most `count` frames, evenly spaced."""
    places = np.linspace(0, len(frames) - 1, min(count, len(frames)))
    return [frames[int(place)] for place in places]
