"""Two processes with half of each batch give the numbers of one with the whole batch."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

import study
from tests.study.watching.loops import data, mlp

STEPS = 6


def train(rank: int, world: int, folder: str) -> None:
    """One process: its part of each batch; rank 0 writes what it saw."""
    torch.set_num_threads(1)
    network: nn.Module = mlp()
    if world > 1:
        os.environ["MASTER_ADDR"], os.environ["MASTER_PORT"] = "127.0.0.1", "0"
        torch.distributed.init_process_group(
            "gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=world
        )
        network = DistributedDataParallel(network)
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    watch = study.watch(network, optimizer, every=2, across_ranks=world > 1)
    inputs, labels = data()
    for step in range(STEPS):
        rows = torch.arange(step * 64 + rank, (step + 1) * 64, world)
        loss = nn.functional.cross_entropy(network(inputs[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        watch.step(loss)
    if rank == 0:
        result = watch.result()
        result.steps.to_pickle(f"{folder}/steps-{world}")
        result.layers.to_pickle(f"{folder}/layers-{world}")
    if world > 1:
        torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_two_processes_give_the_numbers_of_one(tmp_path: Path) -> None:
    train(0, 1, str(tmp_path))
    torch.multiprocessing.spawn(train, args=(2, str(tmp_path)), nprocs=2)
    for table, columns in (
        ("steps", ("loss", "grad_norm", "update_ratio")),
        (
            "layers",
            (
                "delta_rms",
                "weight_grad_rms",
                "weight_rms",
                "update_ratio",
                "preactivation_rms",
                "activation_mean",
                "activation_std",
                "zero_fraction",
            ),
        ),
    ):
        one, two = (pd.read_pickle(tmp_path / f"{table}-{world}") for world in (1, 2))
        assert len(one) == len(two) > 0
        for column in columns:
            assert two[column].tolist() == pytest.approx(
                one[column].tolist(), rel=1e-4, abs=1e-9, nan_ok=True
            ), column
