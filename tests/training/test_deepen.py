"""A deeper network begins with all that a shallower one has learnt."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.training.test_model import experienced, frames
from training.deepen import deepened
from training.model import SIZES, Network

SHALLOW = SIZES["tiny"]


def deeper(*depths: int) -> Network:
    return Network(replace(SHALLOW, depths=depths))


@pytest.mark.parametrize("depths", [(0, 2, 2, 1), (0, 1, 2, 3), (2, 1, 2, 1)])
@torch.no_grad()
def test_it_computes_what_the_shallow_one_does(depths: tuple[int, int, int, int]) -> None:
    shallow = experienced(Network(SHALLOW))
    deep = deeper(*depths).eval()
    deep.load_state_dict(deepened(shallow.state_dict(), deep))
    for ours, theirs in zip(deep(frames()), shallow(frames()), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_a_batch_in_training_gives_nearly_the_same() -> None:
    shallow = experienced(Network(SHALLOW)).train()
    deep = deeper(0, 2, 2, 1).train()
    deep.load_state_dict(deepened(shallow.state_dict(), deep))
    for ours, theirs in zip(deep(frames(8)), shallow(frames(8)), strict=True):
        assert (ours - theirs).abs().mean() < theirs.std() / 2


def test_the_new_layer_learns() -> None:
    deep = deeper(0, 2, 2, 1).train()
    deep.load_state_dict(deepened(Network(SHALLOW).state_dict(), deep))
    sum(output.square().sum() for output in deep(frames())).backward()
    for parameter in deep.stages[1][2].parameters():
        assert parameter.grad.abs().sum() > 0


def test_nothing_is_added_where_nothing_lacks() -> None:
    state = Network(SHALLOW).state_dict()
    assert deepened(state, Network(SHALLOW)).keys() == state.keys()
    assert all(deepened(state, Network(SHALLOW))[name] is state[name] for name in state)


def test_other_widths_are_not_deepened() -> None:
    wide = Network(replace(SHALLOW, widths=(32, 48, 64, 96)))
    with pytest.raises(RuntimeError, match="size mismatch"):
        wide.load_state_dict(deepened(Network(SHALLOW).state_dict(), wide))
