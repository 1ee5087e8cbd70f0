"""The network: its outputs are what the runtime decodes, and folding changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from belisha.decode import Decoder
from belisha.frames import Preprocessing
from training.assign import Cells
from training.loss import decode_boxes
from training.model import LAYOUT, PRIOR, SIZES, BranchedConv, Network, Shape, build_network

SIZE = Preprocessing(width=100, height=65)
CELLS = 10 * 7 + 5 * 4 + 3 * 2


def frames(count: int = 2) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 65, 100, 3), dtype=torch.uint8, generator=generator)


def experienced(network: Network) -> Network:
    """The network as if it had been trained: no parameter and no statistic is at its start."""
    generator = torch.Generator().manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.uniform_(-0.5, 0.5, generator=generator)
            module.running_var.uniform_(0.5, 2.0, generator=generator)
            nn.init.uniform_(module.weight, 0.5, 1.5, generator=generator)
            nn.init.uniform_(module.bias, -0.5, 0.5, generator=generator)
    return network.eval()


@pytest.mark.parametrize("size", SIZES)
def test_the_outputs_have_the_shapes_that_the_runtime_decodes(size: str) -> None:
    scores, boxes = build_network(size)(frames())
    assert scores.shape == (2, CELLS, 1)
    assert boxes.shape == (2, CELLS, 4)
    assert scores.dtype == boxes.dtype == torch.float32


@pytest.mark.parametrize(
    ("width", "height"), [(640, 480), (415, 320), (510, 288), (640, 360), (250, 100)]
)
@torch.no_grad()
def test_inputs_may_have_the_aspect_of_the_camera(width: int, height: int) -> None:
    cells = Cells.of(LAYOUT, Preprocessing(width=width, height=height))
    scores, _ = build_network("tiny").folded()(torch.zeros(1, height, width, 3, dtype=torch.uint8))
    assert scores.shape == (1, len(cells.strides), 1)


@pytest.mark.parametrize("size", SIZES)
@torch.no_grad()
def test_folding_keeps_the_function(size: str) -> None:
    network = experienced(build_network(size))
    for branched, plain in zip(network(frames()), network.folded()(frames()), strict=True):
        assert torch.allclose(branched, plain, atol=1e-4, rtol=1e-4)


def test_a_folded_network_is_nothing_but_plain_convolutions_and_relu() -> None:
    kinds = {type(module) for module in build_network("small").folded().modules()}
    leaves = {kind for kind in kinds if not issubclass(kind, nn.Sequential | nn.ModuleList)}
    assert {kind.__name__ for kind in leaves} == {"Network", "Head", "Conv2d", "ReLU"}


def test_folding_leaves_the_network_as_it_was() -> None:
    network = build_network("tiny")
    network.folded()
    assert network.training
    assert any(isinstance(module, BranchedConv) for module in network.modules())


@torch.no_grad()
def test_the_branches_are_a_square_a_point_and_an_identity() -> None:
    block = BranchedConv(16, 16).eval()
    x = torch.randn(1, 16, 8, 8, generator=torch.Generator().manual_seed(2))
    by_branch = (
        nn.functional.conv2d(x, block.main, padding=1) + nn.functional.conv2d(x, block.point) + x
    )
    assert torch.allclose(block(x), torch.relu(block.norm(by_branch)), atol=1e-4)


@torch.no_grad()
def test_every_pixel_reaches_the_stem_and_none_from_afar() -> None:
    """A cell of the stem sees the pixels of its own five columns, and five to each side."""
    stem = build_network("tiny").stages[0][0]
    for x in range(35):
        picture = torch.zeros(1, 35, 35, 3)
        picture[:, :, x] = 1
        grouped = picture.reshape(1, 35, 7, 15).permute(0, 3, 1, 2)
        answer = nn.functional.conv2d(grouped, stem.kernel(), None, stem.stride, stem.padding)
        assert answer.shape[2:] == (7, 7)
        reached = (answer[0].abs().sum((0, 1)) > 0).nonzero()[:, 0].tolist()
        assert reached == [cell for cell in range(7) if 5 * cell - 5 <= x < 5 * cell + 10]


@torch.no_grad()
def test_torch_and_the_runtime_decode_alike() -> None:
    torch.manual_seed(0)  # cells are told apart by their scores, so none may have an equal one
    network = experienced(build_network("tiny"))
    scores, raw = network(frames(1))
    found = Decoder(LAYOUT, SIZE)({"scores": scores.numpy(), "boxes": raw.numpy()}, 1e-6)
    assert len(found) > 0
    every = decode_boxes(raw, Cells.of(LAYOUT, SIZE))[0].numpy()
    for xyxy, score in zip(found.xyxy, found.scores, strict=True):
        cell = int(np.abs(scores.sigmoid()[0, :, 0].numpy() - score).argmin())
        assert np.allclose(every[cell], xyxy, atol=1e-3)


@torch.no_grad()
def test_before_training_people_are_rare_everywhere() -> None:
    torch.manual_seed(0)
    scores, _ = build_network("small")(frames())
    assert scores.sigmoid().mean() == pytest.approx(PRIOR, rel=0.2)


def test_widths_that_int8_kernels_dislike_are_refused() -> None:
    with pytest.raises(ValueError, match="multiples of 16, got \\[24\\]"):
        Shape((16, 24, 32, 64), (0, 1, 1, 1), 32)
