"""Several processes that share every batch learn what one process learns from all of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.training.drawn_street import draw_street
from tests.training.two_ranks import Tensors, learn
from training.ranks import Ranks, joined_ranks

CHECKOUT = Path(__file__).parents[2]


def run_two_ranks(folder: Path) -> None:
    """Start them as a user would."""
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    # A machine need not be able to look up its own name.
    launch += ["--local-addr", "127.0.0.1"]
    subprocess.run(
        [*launch, "--nproc-per-node", "2", "-m", "tests.training.two_ranks", str(folder)],
        cwd=CHECKOUT,
        env={
            **os.environ,
            "PYTHONPATH": f"{CHECKOUT / 'runtime'}:{CHECKOUT}",
            "OMP_NUM_THREADS": "1",
            "GLOO_SOCKET_IFNAME": "lo",
        },
        check=True,
        capture_output=True,
        timeout=300,
    )


def difference(first: Tensors, second: Tensors) -> float:
    """Norm of the difference, relative to the norm of the first."""
    squares = sum(float((first[name] - second[name]).square().sum()) for name in first)
    return (squares / sum(float(value.square().sum()) for value in first.values())) ** 0.5


def test_two_ranks_learn_what_one_learns(tmp_path: Path) -> None:
    draw_street(tmp_path / "street")
    gradients, weights = learn(tmp_path, Ranks())
    run_two_ranks(tmp_path)
    ranks = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2)]
    for rank_gradients, rank_weights in ranks:
        assert difference(gradients, rank_gradients) < 1e-5
        assert difference(weights, rank_weights) < 1e-4
    assert difference(ranks[0][1], ranks[1][1]) == 0


def test_without_torchrun_a_process_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined_ranks() as ranks:
        assert ranks == Ranks(rank=0, count=1)
        assert ranks.leads
        assert ranks.summed(torch.tensor(3.0)).item() == 3.0
