"""Two processes with half of each batch give the numbers of one with the whole batch."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
from torch.nn.parallel import DistributedDataParallel

import study
from study.watching import Watch
from tests.study.watching.loops import data, mlp

STEPS = 6

STEP_COLUMNS = ("loss", "grad_norm", "clip_factor", "update_ratio")
LAYER_COLUMNS = (
    *("delta_rms", "weight_grad_rms", "weight_rms", "update_ratio", "preactivation_rms"),
    *("activation_mean", "activation_std", "zero_fraction", "dead_fraction"),
)
TRIAL_COLUMNS = ("batch_size", "input_rms", "loss_chance", "majority_share", "clipped_fraction")


def wrapped(network: nn.Sequential, how: str) -> nn.Module:
    """The network as two processes train it."""
    if how == "ddp":
        return DistributedDataParallel(network)
    mesh = init_device_mesh("cpu", (2,))
    for layer in network:
        if isinstance(layer, nn.Linear):
            fully_shard(layer, mesh=mesh)
    fully_shard(network, mesh=mesh)
    with pytest.raises(ValueError, match="must be watched in every process.*across_ranks=True"):
        study.watch(network, torch.optim.SGD(network.parameters(), 0.1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own: it is deprecated.
        flat = FullyShardedDataParallel(mlp(), device_id=torch.device("cpu"))
    with pytest.raises(ValueError, match=r"shard the model by torch\.distributed\.fsdp"):
        study.watch(flat, torch.optim.SGD(flat.parameters(), 0.1), across_ranks=True)
    return network


def train(network: nn.Module, rank: int, world: int, *, poisoned: bool = False) -> Watch:
    """One process: its part of each batch; the second one's inputs may be poisoned."""
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    watch = study.watch(network, optimizer, every=2, across_ranks=True)
    inputs, labels = data()
    for step in range(STEPS):
        rows = torch.arange(step * 64 + rank, (step + 1) * 64, world)
        given = inputs[rows]
        if poisoned and step == 3 and rank == world - 1:
            given[5] = torch.nan
        loss = nn.functional.cross_entropy(network(given), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 0.15)
        optimizer.step()
        watch.step(loss)
    return watch


def kept(watch: Watch, folder: str, name: str) -> None:
    result = watch.result()
    for table in ("trials", "steps", "layers"):
        getattr(result, table).to_pickle(f"{folder}/{table}-{name}")


def process(rank: int, world: int, folder: str) -> None:
    """Trains in two processes; the first one writes what it saw."""
    torch.set_num_threads(1)
    os.environ["MASTER_ADDR"], os.environ["MASTER_PORT"] = "127.0.0.1", "0"
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=world
    )
    for how in ("ddp", "fsdp"):
        watch = train(wrapped(mlp(), how), rank, world)
        poisoned = train(wrapped(mlp(), how), rank, world, poisoned=True)
        if rank == 0:
            kept(watch, folder, how)
            kept(poisoned, folder, f"{how}-poisoned")
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_two_processes_give_the_numbers_of_one(tmp_path: Path) -> None:
    kept(train(mlp(), 0, 1), str(tmp_path), "one")
    torch.multiprocessing.spawn(process, args=(2, str(tmp_path)), nprocs=2)
    for how in ("ddp", "fsdp"):
        for table, columns in (
            ("steps", STEP_COLUMNS),
            ("layers", LAYER_COLUMNS),
            ("trials", TRIAL_COLUMNS),
        ):
            one, two = (pd.read_pickle(tmp_path / f"{table}-{name}") for name in ("one", how))
            assert len(one) == len(two) > 0
            for column in columns:
                assert two[column].tolist() == pytest.approx(
                    one[column].tolist(), rel=1e-4, abs=1e-9, nan_ok=True
                ), (how, column)
        broken = pd.read_pickle(tmp_path / f"trials-{how}-poisoned").iloc[0]
        assert broken["verdict"] == "exploding" and broken["failure_step"] == 3
        if how == "ddp":
            # Told by the first process of what was in the second one's part of the batch.
            assert broken["cause"] == "data"
            assert "in process 1 of 2" in broken["failure_detail"]
