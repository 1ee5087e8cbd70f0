"""The network in integers: it rounds as the plan says, learns all the same, and stays itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import nn

from belisha.errors import UsageError
from tests.training.test_model import experienced, frames
from training.model import BranchedConv, Network, build_network
from training.quantised import (
    QuantisedConv,
    QuantisedHead,
    equalised,
    input_tensors,
    quantised,
    rounded_kernel,
)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Networks this small gain nothing from more, and wait for them on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def network() -> Network:
    torch.manual_seed(0)
    return experienced(build_network("tiny"))


def scales(network: Network, step: float = 0.05) -> dict[str, float]:
    inputs = input_tensors(network)
    return {**dict.fromkeys({*inputs.values(), *inputs}, step), "pixels": 1 / 128}


def test_every_convolution_computes_in_integers() -> None:
    made = quantised(network(), scales(network()))
    assert {type(head) for head in made.heads} == {QuantisedHead}
    kinds = [type(module) for module in made.modules() if isinstance(module, BranchedConv)]
    assert set(kinds) == {QuantisedConv}
    assert len(kinds) == len(input_tensors(network()))


def test_the_tensors_are_called_as_the_network_computes_them() -> None:
    """Each convolution really reads the tensor that it is said to read."""
    net, seen = network(), {}
    modules = dict(net.named_modules())
    for name in input_tensors(net):
        modules[name].register_forward_hook(
            lambda module, inputs, output, name=name: seen.update({name: (inputs[0], output)})
        )
    net(frames(1))
    for name, tensor in input_tensors(net).items():
        if tensor in seen:
            assert torch.equal(seen[name][0], seen[tensor][1]), name
    assert [name for name, tensor in input_tensors(net).items() if tensor not in seen] == [
        "stages.0.0",
        "merges.0",
        "merges.1",
    ]


def test_activations_are_whole_steps_and_cut_off_at_the_top() -> None:
    for flavour, top in (("int8", 127), ("uint8", 255)):
        made = quantised(network(), scales(network(), 0.01), flavour)  # type: ignore[arg-type]
        outputs = []
        conv = made.get_submodule("stages.1.0")
        conv.register_forward_hook(lambda module, inputs, output: outputs.append(output.detach()))  # noqa: B023
        made(frames(1))
        steps = outputs[0] / 0.01
        assert torch.allclose(steps, steps.round(), atol=1e-3)
        assert steps.min() == 0
        assert round(float(steps.max())) == top, "a step this small makes it saturate"


def test_the_finer_the_steps_the_closer_to_float() -> None:
    net, image = network(), frames(1)
    exact = net(image)[0]
    errors = [
        float((quantised(net, scales(net, step))(image)[0] - exact).detach().abs().mean())
        for step in (2.0, 0.5)
    ]
    assert errors[0] > errors[1] > 0


def test_kernel_and_bias_are_whole_steps() -> None:
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(4, 3, 3, 3, generator=generator)
    bias = torch.randn(4, generator=generator)
    kernel, whole = rounded_kernel(weight, bias, 0.02)
    step = weight.abs().amax((1, 2, 3)) / 127
    integers = kernel / step[:, None, None, None]
    assert torch.allclose(integers, integers.round(), atol=1e-3)
    assert integers.abs().amax((1, 2, 3)).round().tolist() == [127] * 4
    counts = whole.double() / (0.02 * step.double())
    assert torch.allclose(counts, counts.round(), atol=0.02)
    assert torch.allclose(whole, bias, atol=float(0.02 * step.max()))


def test_a_heads_kernel_is_in_whole_steps_and_its_sums_are_not_rounded() -> None:
    net = network()
    head = quantised(net, scales(net, 0.05)).heads[0]
    cells = net.heads[0].cells
    weight, bias = rounded_kernel(cells.weight, cells.bias, 0.05)
    levels = 0.05 * torch.randint(0, 100, (1, cells.in_channels, 3, 4)).float()
    wanted = nn.functional.conv2d(levels, weight, bias).permute(0, 2, 3, 1).reshape(1, 12, 5)
    assert torch.allclose(head(levels), wanted, atol=1e-5)
    assert not torch.allclose(net.heads[0](levels), wanted, atol=1e-5)


def test_gradients_pass_the_rounding_to_every_parameter_that_float_would_teach() -> None:
    made = quantised(network(), scales(network(), 0.1)).train()
    logits, boxes = made(frames(2))
    (logits.square().mean() + boxes.square().mean()).backward()
    silent = [
        name
        for name, parameter in made.named_parameters()
        if parameter.grad is None or not parameter.grad.any()
    ]
    assert silent == []


def test_learning_lessens_what_the_rounding_costs() -> None:
    """Coarse steps, and the float network as the teacher."""
    teacher, image = network(), frames(1)
    made = quantised(teacher, scales(teacher, 4.0)).train()
    wanted = [output.detach() for output in teacher(image)]
    optimiser = torch.optim.Adam(made.parameters(), lr=1e-3)
    costs = []
    for _ in range(20):
        optimiser.zero_grad()
        outputs = zip(made(image), wanted, strict=True)
        cost = torch.stack([(got - want).square().mean() for got, want in outputs]).sum()
        cost.backward()
        optimiser.step()
        costs.append(float(cost.detach()))
    assert sum(costs[-5:]) / 5 < 0.5 * costs[0]


def test_its_normalisation_is_frozen() -> None:
    made = quantised(network(), scales(network())).train()
    before = {key: value.clone() for key, value in made.state_dict().items()}
    made(frames(2))
    assert all(torch.equal(value, before[key]) for key, value in made.state_dict().items())


def test_its_parameters_are_those_of_the_float_network() -> None:
    net = network()
    made = quantised(net, scales(net))
    assert made.state_dict().keys() == net.state_dict().keys()
    plain = build_network("tiny")
    plain.load_state_dict(made.state_dict())
    assert torch.equal(plain.eval()(frames(1))[0], net(frames(1))[0])


def test_folding_it_keeps_the_integers() -> None:
    made = quantised(network(), scales(network()))
    folded = made.folded()
    assert not any(isinstance(module, BranchedConv) for module in folded.modules())
    for first, second in zip(made(frames(1)), folded(frames(1)), strict=True):
        assert torch.equal(first, second)


def test_a_missing_scale_is_refused() -> None:
    known = scales(network())
    del known["merges.0.input"]
    with pytest.raises(UsageError, match=r"none for \['merges.0.input'\] and got some for \[\]"):
        quantised(network(), known)


def test_scales_of_another_network_are_refused() -> None:
    net = network()
    with pytest.raises(UsageError, match=r"got some for \['stages.9.0'\]"):
        quantised(net, {**scales(net), "stages.9.0": 0.1})


def test_the_cameras_bytes_have_their_own_scale() -> None:
    net = network()
    with pytest.raises(UsageError, match=r"expected the scale 1/128 for pixels, got 0.01"):
        quantised(net, {**scales(net), "pixels": 0.01})


@pytest.mark.parametrize("name", ["stages.0.0", "stages.1.0", "laterals.2", "merges.0"])
def test_equalisation_keeps_the_function(name: str) -> None:
    net = network()
    channels = net.get_submodule(name).get_parameter("main").shape[0]
    changed = equalised(net, {name: torch.linspace(0.25, 1, channels).tolist()})
    for first, second in zip(changed(frames(1)), net(frames(1)), strict=True):
        assert torch.allclose(first, second, atol=1e-4)
    conv = changed.get_submodule(name)
    assert not torch.equal(conv.norm.weight, net.get_submodule(name).norm.weight)  # type: ignore


def test_factors_for_what_is_no_convolution_are_refused() -> None:
    with pytest.raises(UsageError, match=r"got some for 'heads.0'"):
        equalised(network(), {"heads.0": [1.0]})
