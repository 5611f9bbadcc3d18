"""The engine on a GPU: the same numbers, and a step that the host does not wait for."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch

from study.engine import NETWORKS, TASKS, Task, train_cohort
from study.engine.cohort_run import CohortRun
from study.engine.cost import trial_cost
from study.engine.observing.recorded_steps import recorded_steps
from study.engine.observing.tiers import STATISTICS
from study.engine.tasks.factory import make_task
from study.losses import DIVERGENCE_FACTOR
from tests.study.engine.conftest import make_trial

pytestmark = pytest.mark.skipif(
    not torch.cuda.is_available(),
    reason="needs a CUDA device and a torch built for it: pip install torch",
)

CASES = {
    "mlp": ("digits", {"depth": 3, "width": 32, "activation": "tanh"}),
    "cnn": ("digits", {"depth": 2, "width": 8, "activation": "relu"}),
    "resnet": ("digits", {"depth": 2, "width": 8, "normalization": "batch"}),
    "densenet": ("digits", {"depth": 3, "width": 8, "growth_rate": 4}),
    "unet": ("denoising", {"depth": 2, "width": 8, "activation": "relu"}),
    "vae": ("generation", {"depth": 1, "width": 16, "activation": "tanh"}),
    "rnn": ("adding", {"depth": 1, "width": 16, "sequence_length": 12}),
    "lstm": ("adding", {"depth": 1, "width": 16, "sequence_length": 12}),
    "gru": ("adding", {"depth": 1, "width": 16, "sequence_length": 12}),
    "seq2seq": ("reverse", {"depth": 1, "width": 16, "sequence_length": 4}),
    "encoder_decoder": ("reverse", {"depth": 1, "width": 16, "heads": 2, "sequence_length": 4}),
    "transformer": (
        "temporal_order",
        {"depth": 1, "width": 16, "heads": 2, "sequence_length": 12},
    ),
}


def case(network: str) -> tuple[Task, dict[str, object]]:
    task, own = CASES[network]
    return make_task(TASKS[task], {}, own), own


@contextmanager
def waiting_forbidden() -> Iterator[None]:
    """Raises where the host waits for the GPU."""
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("network", CASES)
def test_the_numbers_are_those_of_a_cpu(network: str) -> None:
    task, own = case(network)
    trials = [make_trial(n, **own, init_gain=1.0) for n in range(6)]
    on_cpu, on_gpu = (
        train_cohort(trials, task=task, network=NETWORKS[network], steps=10, device=device)
        for device in ("cpu", "cuda")
    )
    np.testing.assert_allclose(on_gpu.loss, on_cpu.loss, rtol=1e-7)
    np.testing.assert_allclose(
        on_gpu.by_layer["delta_rms"], on_cpu.by_layer["delta_rms"], rtol=1e-6
    )


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adagrad", "adam", "adamw"])
@pytest.mark.parametrize("network", CASES)
def test_the_host_waits_at_recorded_steps_only(network: str, optimizer: str) -> None:
    task, own = case(network)
    clips = {"clip_norm": 1.0, "clip_value": 0.5, "clip_agc": 0.1}
    trials = [make_trial(n, **own, **clips, optimizer=optimizer) for n in range(4)]
    steps = 30
    run = CohortRun(
        trials,
        task,
        NETWORKS[network],
        steps,
        torch.device("cuda"),
        statistics=STATISTICS["standard"],
        execution="auto",
        divergence_factor=DIVERGENCE_FACTOR,
    )
    for step in range(steps):
        if step in recorded_steps(steps):
            run.step(step)
        else:
            with waiting_forbidden():
                run.step(step)


def test_a_cohort_that_fills_the_card_is_trained_in_parts() -> None:
    """A loss that asks for far more memory than there is, unless few trials run at once."""
    task, own = case("mlp")
    trials = [make_trial(n, **own, dtype="float32") for n in range(8)]
    _, total = torch.cuda.mem_get_info()

    def greedy(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        trials_now = len(outputs) // 32
        room = torch.empty(trials_now * total // 4, dtype=torch.uint8, device=outputs.device)
        del room
        return task.loss(outputs, targets)

    record = train_cohort(
        trials,
        task=dataclasses.replace(task, loss=greedy),
        network=NETWORKS["mlp"],
        steps=3,
        device="cuda",
    )
    assert len(record.trials) == 8 and np.isfinite(record.loss).all()


@pytest.mark.parametrize("network", ["mlp", "resnet", "lstm"])
def test_the_estimate_is_near_the_memory_taken(network: str) -> None:
    task, own = case(network)
    trials = [make_trial(n, **own, dtype="float32") for n in range(128)]
    options = {"task": task, "network": NETWORKS[network], "steps": 3, "device": "cuda"}
    train_cohort(trials[:2], **options)  # type: ignore[arg-type]
    torch.cuda.empty_cache()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    train_cohort(trials, **options)  # type: ignore[arg-type]
    taken = torch.cuda.max_memory_allocated() - before
    one = trial_cost(NETWORKS[network], trials[0].hyperparameters, task)
    assert 0.2 < taken / (len(trials) * one.memory_bytes) < 1.5


def test_bfloat16_trains() -> None:
    task, own = case("mlp")
    trials = [
        make_trial(n, **own, dtype="bfloat16", initialization="orthogonal", learning_rate=0.05)
        for n in range(4)
    ]
    record = train_cohort(trials, task=task, network=NETWORKS["mlp"], steps=100, device="cuda")
    assert (record.loss[:, -1] < record.loss[:, 0]).all()
