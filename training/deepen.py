"""A deeper network that begins where a shallower one has come to.

A layer that was not there begins as the identity: its input is the output of a ReLU, which a kernel
of ones on its diagonal hands on unchanged (Net2Net, Chen et al. 2016). Nothing learnt is lost, and
what the new layer can add is learnt from there.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from training.model import Network

_EPS = 1e-5  # of BatchNorm2d


def deepened(state: dict[str, Any], network: Network) -> dict[str, Any]:
    """The state of a network, with what it lacks of `network` as identities at its stages' ends.

    Args:
        state: of a network of the same widths, with as many layers a stage or fewer.
        network: whose state it is to become.

    Returns:
        A state for `network`; `state` itself where nothing is missing. In evaluation it computes
        what `state` does; in training nearly, as the new normalisation takes the layer before it
        for Gaussian.
    """
    grown = dict(state)
    for stage, layers in enumerate(network.stages):
        for place, layer in enumerate(layers.children()):
            name, before = f"stages.{stage}.{place}", f"stages.{stage}.{place - 1}"
            if f"{name}.main" not in state and f"{before}.norm.weight" in grown:
                fresh = layer.state_dict()
                fresh |= _identity(fresh) | _passing(grown, before)
                grown |= {f"{name}.{key}": value for key, value in fresh.items()}
    return grown


def _identity(layer: dict[str, Tensor]) -> dict[str, Tensor]:
    """Branches that add up to the identity."""
    return {
        "main": torch.zeros_like(layer["main"]),
        "point": torch.zeros_like(layer["point"]),
        "identity": torch.ones_like(layer["identity"]),
    }


def _passing(state: dict[str, Any], before: str) -> dict[str, Tensor]:
    """A normalisation that changes nothing of what the layer before gives.

    That is the positive part of a channel of mean `bias` and deviation `weight`; its mean and
    variance are those of a rectified Gaussian.
    """
    bias, deviation = state[f"{before}.norm.bias"], state[f"{before}.norm.weight"].abs() + 1e-6
    ratio = bias / deviation
    below = torch.special.ndtr(ratio)
    density = torch.exp(-(ratio**2) / 2) / math.sqrt(2 * math.pi)
    mean = bias * below + deviation * density
    variance = (bias**2 + deviation**2) * below + bias * deviation * density - mean**2
    variance = variance.clamp_min(1e-4)  # of channels that are hardly ever above 0
    return {
        "norm.running_mean": mean,
        "norm.running_var": variance,
        "norm.weight": torch.sqrt(variance + _EPS),
        "norm.bias": mean,
    }
