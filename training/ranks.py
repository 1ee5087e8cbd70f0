"""Several processes that train one network, or one that trains alone: the same to the caller.

Started by `torchrun`, each process is a rank and gives its share of every batch. Batch
normalisation takes its statistics from a rank's own share, so many ranks with few frames each learn
a little differently from one; everything else is equal.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel


@dataclass(frozen=True)
class Ranks:
    """This process among all.

    Attributes:
        rank: number of this process.
        count: of processes.
    """

    rank: int = 0
    count: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes files and talks to people."""
        return self.rank == 0

    def wrapped(self, network: nn.Module) -> nn.Module:
        """The network, its gradients averaged over the ranks."""
        return network if self.count == 1 else DistributedDataParallel(network)

    def summed(self, values: Tensor) -> Tensor:
        """The sum over all ranks, on every rank."""
        if self.count > 1:
            values = values.clone()
            distributed.all_reduce(values)
        return values


@contextmanager
def joined_ranks() -> Iterator[Ranks]:
    """Join the other processes if `torchrun` started this one; leave them at the end."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield Ranks()
        return
    distributed.init_process_group("gloo")
    try:
        yield Ranks(distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()


def scaled(loss: Tensor, ranks: Ranks) -> Tensor:
    """A share of a sum over all ranks, such that averaged gradients become summed ones."""
    return loss * torch.tensor(float(ranks.count)) if ranks.count > 1 else loss
