"""A rank's part in the test of several ranks; started by torchrun with FOLDER.

Normalisation keeps to its running statistics here: with statistics of each rank's own share the
ranks would differ from one process by design.
"""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path

import torch

from tests.training.drawn_street import small_run
from training.config import read_sources
from training.learner import Learner
from training.loader import Loader, load_pool
from training.ranks import Ranks, joined_ranks

STEPS = 3
Tensors = dict[str, torch.Tensor]


def learn(folder: Path, ranks: Ranks) -> tuple[Tensors, Tensors]:
    """Gradients of the first step, and weights after some steps, on global batches of four."""
    config = small_run(folder, rate=1e-3)
    pool = load_pool(read_sources(config.train, config.data))
    loader = Loader(pool, config.recipe, seed=1, rank=ranks.rank, ranks=ranks.count)
    learner = Learner(config, ranks)
    learner.network.eval()
    named = dict(learner.network.named_parameters())
    gradients: Tensors = {}
    batches = loader.batches(0, lambda _: (config.preprocessing, 4))
    for batch, _ in islice(batches, STEPS):
        learner.step(batch, config.rate)
        gradients = gradients or {name: value.grad.clone() for name, value in named.items()}
    batches.close()
    return gradients, {name: value.detach().clone() for name, value in named.items()}


if __name__ == "__main__":
    with joined_ranks() as joined:
        torch.save(learn(Path(sys.argv[1]), joined), Path(sys.argv[1]) / f"{joined.rank}.pt")
