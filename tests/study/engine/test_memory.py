"""Cohorts that do not fit into memory."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

import numpy as np
import pytest
import torch
from torch import Tensor

from study.engine import NETWORKS, Task, train_cohort
from study.engine.cost import trial_cost
from study.engine.memory import free_memory, is_out_of_memory
from study.engine.training import evenly
from tests.study.engine.conftest import make_trial

BATCH = 32


def watched(task: Task, sizes: list[int], limit: float = float("inf")) -> Task:
    """The task; notes how many trials run at once and is out of memory above a limit."""

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        # Examples that are looked at before training; of the network's wiring, not a whole batch.
        if not outputs.requires_grad or len(outputs) % BATCH:
            return task.loss(outputs, targets)
        trials = len(outputs) // BATCH
        sizes.append(trials)
        if trials > limit:
            raise torch.OutOfMemoryError(f"no room for {trials} trials")
        return task.loss(outputs, targets)

    return dataclasses.replace(task, loss=loss)


@pytest.mark.slow
def test_out_of_memory_halves_the_cohort_and_loses_nothing(
    digits: Task, caplog: pytest.LogCaptureFixture
) -> None:
    trials = [make_trial(number) for number in range(11)]
    sizes: list[int] = []
    task = watched(digits, sizes, limit=3)
    record = train_cohort(trials, task=task, network=NETWORKS["mlp"], steps=8)
    assert "out of memory with 11 trials at once; going on with 6" in caplog.text
    assert sizes[0] == 11 and max(sizes[2:]) <= 6 and sizes[-1] <= 3
    whole = train_cohort(trials, task=digits, network=NETWORKS["mlp"], steps=8)
    assert [trial.number for trial in record.trials] == list(range(11))
    np.testing.assert_allclose(record.loss, whole.loss, rtol=1e-9)
    np.testing.assert_array_equal(record.steps_run, whole.steps_run)
    assert record.failure_tensor == whole.failure_tensor
    for name, values in whole.by_layer.items():
        np.testing.assert_allclose(record.by_layer[name], values, rtol=1e-7, atol=1e-12)


@pytest.mark.slow
def test_a_single_trial_without_room_is_out_of_memory(digits: Task) -> None:
    sizes: list[int] = []
    with pytest.raises(torch.OutOfMemoryError, match="no room for 1 trials"):
        train_cohort(
            [make_trial(number) for number in range(4)],
            task=watched(digits, sizes, limit=0),
            network=NETWORKS["mlp"],
            steps=3,
        )
    assert sizes == [4, 2, 1]


def test_other_errors_are_no_lack_of_memory(digits: Task) -> None:
    def broken(outputs: Tensor, targets: Tensor) -> Tensor:
        if not outputs.requires_grad or len(outputs) % BATCH:
            return digits.loss(outputs, targets)
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    sizes: list[int] = []
    task = watched(dataclasses.replace(digits, loss=broken), sizes)
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        train_cohort([make_trial(0), make_trial(1)], task=task, network=NETWORKS["mlp"], steps=3)
    assert sizes == [2]


def test_torchs_own_allocator_is_understood() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60)
    assert is_out_of_memory(caught.value)
    assert not is_out_of_memory(RuntimeError("shape mismatch"))


def test_a_limit_on_memory_sets_the_size(digits: Task) -> None:
    trials = [make_trial(number) for number in range(10)]
    one = trial_cost(NETWORKS["mlp"], trials[0].hyperparameters, digits).memory_bytes
    sizes: list[int] = []
    train_cohort(
        trials,
        task=watched(digits, sizes),
        network=NETWORKS["mlp"],
        steps=2,
        memory_bytes=4.5 * one,
    )
    assert sorted(set(sizes)) == [2, 4]


def test_parts_are_of_even_size() -> None:
    trials = [make_trial(number) for number in range(10)]
    assert [len(part) for part in evenly(trials, 4)] == [4, 4, 2]
    assert [len(part) for part in evenly(trials, 9)] == [5, 5]
    assert [len(part) for part in evenly(trials, 64)] == [10]


def test_free_memory_is_what_the_machine_has() -> None:
    assert 2**26 < free_memory(torch.device("cpu")) < 2**50


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "task", "own"),
    [
        ("mlp", "digits", {"depth": 8, "width": 64}),
        ("cnn", "digits", {"depth": 4, "width": 16}),
        ("resnet", "digits", {"depth": 2, "width": 16, "normalization": "batch"}),
        ("rnn", "adding", {"depth": 1, "width": 64, "sequence_length": 32}),
    ],
)
def test_the_estimate_is_near_the_memory_taken(
    network: str, task: str, own: dict[str, object]
) -> None:
    """In processes of their own, where the growth of the resident set shows."""
    if not Path("/proc/self/status").exists():
        pytest.skip("needs Linux's /proc to see the peak of a process's memory")
    size = 256 if network == "mlp" else 48
    script = f"""
import os
from study.engine import NETWORKS, TASKS, train_cohort
from study.engine.cost import trial_cost
from study.engine.tasks.factory import make_task
from study.trial import Trial

own = {own!r}
task = make_task(TASKS[{task!r}], {{}}, own)
values = {{"learning_rate": 0.01, "batch_size": 64, "activation": "relu", **own}}
trials = [Trial(number=n, configuration=n, seed=n, hyperparameters=values) for n in range({size})]
train = lambda some: train_cohort(
    some, task=task, network=NETWORKS[{network!r}], steps=3, execution={_execution(network)!r}
)
# Of this process alone: getrusage's figure begins with the one of the process that forked it.
status = lambda: dict(line.split(":", 1) for line in open("/proc/self/status"))
peak = lambda: 1024 * int(status()["VmHWM"].split()[0])
cost = trial_cost(NETWORKS[{network!r}], values, task)
for _ in range(3):  # One peak moves by a fifth with what the allocator keeps.
    child = os.fork()
    if child:
        assert os.waitpid(child, 0)[1] == 0
        continue
    train(trials[:2])
    before = peak()
    train(trials)
    print((peak() - before) / (len(trials) * cost.memory_bytes), flush=True)
    os._exit(0)
"""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", script]
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    found = [float(line) for line in ran.stdout.splitlines()]
    assert len(found) == 3 and 0.4 < median(found) < 1.5, found


def _execution(network: str) -> str:
    return "chain" if network == "mlp" else "vectorized"
