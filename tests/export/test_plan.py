"""The plan: which scale each tensor gets, which layers stay in float; a file that people edit."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest

from belisha.errors import ConfigError, UsageError
from export.layout import read_layout
from export.plan import Cost, Plan, Trial, check_plan, parse_plan, read_plan
from tests.export.trained import float_model, plan
from training.integers import INPUT_SCALE

pytestmark = pytest.mark.xdist_group("exporter")  # it is slow to start: once is enough


def test_the_camera_byte_is_the_integer() -> None:
    assert plan().scales[read_layout(float_model()).pixels] == INPUT_SCALE == 1 / 128


def test_every_convolution_becomes_int8_and_those_that_end_a_head_leave_in_float() -> None:
    ends = {name for name, layer in plan().layers.items() if "last of a head" in layer.reason}
    assert ends == {"heads.0.cells", "heads.1.cells", "heads.2.cells"}
    assert set(plan().planned) == set(plan().layers)


def test_every_input_of_an_int8_layer_has_a_scale() -> None:
    inputs = read_layout(float_model()).inputs
    assert {inputs[name] for name in plan().planned} <= set(plan().scales)
    assert all(scale > 0 for scale in plan().scales.values())


def test_layers_and_tensors_have_the_names_of_the_networks_modules() -> None:
    layout = read_layout(float_model())
    assert layout.inputs["stages.0.0"] == "pixels"
    assert layout.inputs["merges.2"] == "laterals.2"
    assert layout.inputs["merges.0"] == "merges.0.input"
    assert {"stages.1.0", "laterals.0", "merges.1.input"} <= set(layout.tensors)


def test_a_strange_operator_is_refused() -> None:
    model = onnx.ModelProto()
    model.CopyFrom(float_model())
    model.graph.node[6].op_type = "Tanh"
    with pytest.raises(UsageError, match=r"got also \['Tanh'\]"):
        read_layout(model)


def test_convolutions_without_names_are_refused() -> None:
    model = onnx.ModelProto()
    model.CopyFrom(float_model())
    for node in model.graph.node:
        node.name = ""
    with pytest.raises(UsageError, match="each have a name"):
        read_layout(model)


def full() -> Plan:
    """A plan with every part filled in."""
    cost = Cost(0.01, 0.002, 17, 1, 0)
    layers = {name: replace(layer, cost=cost) for name, layer in plan().layers.items()}
    equalisation = replace(plan().equalisation, factors={"stages.0.0": (0.5, 1.0)})
    trials = (Trial("mse everywhere", cost),)
    return replace(plan(), layers=layers, equalisation=equalisation, trials=trials)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(full().to_json())
    assert read_plan(path) == full()


def test_people_can_read_it_a_line_an_entry() -> None:
    lines = full().to_json().decode().splitlines()
    (line,) = [line for line in lines if line.strip().startswith('"stages.1.0": {"scale"')]
    assert len(line) < 200
    assert len(lines) < 3 * (len(plan().tensors) + len(plan().layers))


def edited(edit: Callable[[dict[str, Any]], object]) -> bytes:
    document = json.loads(full().to_json())
    edit(document)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("edit", "error", "message"),
    [
        (lambda d: d["tensors"]["stages.0.0"].update(scale=-1), UsageError, "above 0, got -1"),
        (lambda d: d["tensors"]["stages.0.0"].update(scale="a"), ConfigError, "Expected `float`"),
        (
            lambda d: d["tensors"]["stages.0.0"].update(observer="luck"),
            ConfigError,
            "Invalid enum value 'luck'",
        ),
        (
            lambda d: d["layers"]["stages.0.0"].update(precison="float"),
            ConfigError,
            "did you mean 'precision'",
        ),
        (lambda d: d.update(format=2), UsageError, "expected a plan of format 1, got 2"),
        (
            lambda d: d["equalisation"]["factors"].update({"stages.0.0": [1.0, 0.0]}),
            UsageError,
            r"got 0.0 at stages.0.0\[1\]",
        ),
    ],
)
def test_a_broken_plan_is_refused_with_its_place(
    edit: Callable[[dict[str, Any]], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        parse_plan(edited(edit), "plan.json")


def test_an_absent_file_is_an_error_of_the_tree(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone.json: cannot be read"):
        read_plan(tmp_path / "gone.json")


def test_a_plan_for_another_network_is_refused() -> None:
    other = replace(plan(), layers={**plan().layers, "stages.9.9": plan().layers["stages.0.0"]})
    with pytest.raises(UsageError, match=r"have \['stages.9.9'\]"):
        check_plan(other, read_layout(float_model()), "plan.json")


def test_a_plan_that_rescales_the_cameras_bytes_is_refused() -> None:
    other = plan().with_scales({"pixels": 0.01}, "given", "")
    with pytest.raises(UsageError, match=r"expected the scale 0.0078125 for pixels, got 0.01"):
        check_plan(other, read_layout(float_model()), "plan.json")


def test_the_own_plan_fits() -> None:
    check_plan(plan(), read_layout(float_model()), "plan.json")


def test_a_part_of_a_plan_quantises_only_that() -> None:
    part = plan().only(["stages.0.0"], ["stages.1.0"])
    assert list(part.tensors) == ["stages.0.0"]
    assert part.planned == ("stages.1.0",)
    assert set(part.layers) == set(plan().layers)
