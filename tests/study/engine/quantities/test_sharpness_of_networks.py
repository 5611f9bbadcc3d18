"""Sharpness of every built-in network against differences of its gradients."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor
from torch.func import functional_call

from study.engine import NETWORKS, TASKS, Task, make_task, train_cohort
from study.trial import Trial
from tests.study.engine.reference import initial_network

SEQUENCES = ("rnn", "lstm", "gru", "seq2seq", "transformer", "encoder_decoder")
HYPERPARAMETERS: dict[str, object] = {
    "depth": 1,
    "width": 3,
    "growth_rate": 2,
    "activation": "tanh",
    "normalization": "none",
    "norm_position": "pre",
    "heads": 1,
    "connections": "none",
    "recurrent_gain": 1.0,
    "sequence_length": 10,
    "initialization": "xavier_normal",
    "init_gain": 1.5,
    "learning_rate": 0.1,
    "batch_size": 4,
    "dtype": "float64",
}
EXAMPLES = 8
OTHER_TASKS = {"unet": "denoising", "encoder_decoder": "reverse"}


def task_of(network: str) -> Task:
    usual = "temporal_order" if network in SEQUENCES else "digits"
    name = OTHER_TASKS.get(network, usual)
    task = make_task(TASKS[name], {}, HYPERPARAMETERS if network in SEQUENCES else {})
    inputs = task.inputs[:EXAMPLES]
    if network in ("mlp", "linear"):
        inputs = inputs.flatten(1)[:, ::8]
    return dataclasses.replace(task, inputs=inputs, targets=task.targets[:EXAMPLES])


def by_differences(network: str, trial: Trial, task: Task) -> float:
    """Largest eigenvalue of the Hessian by central differences of plain gradients."""
    module = initial_network(trial, task, torch.float64, network)
    shapes = {name: value.shape for name, value in module.named_parameters()}
    start = torch.cat([value.detach().flatten() for value in module.parameters()])
    inputs = task.inputs.double() if task.inputs.is_floating_point() else task.inputs

    def gradient(flat: Tensor) -> Tensor:
        leaf = flat.clone().requires_grad_()
        pieces = leaf.split([shape.numel() for shape in shapes.values()])
        values = {
            name: piece.view(shape)
            for (name, shape), piece in zip(shapes.items(), pieces, strict=True)
        }
        loss = task.loss(functional_call(module, values, (inputs,)), task.targets).mean()
        return torch.autograd.grad(loss, leaf)[0]

    rows = []
    for index in range(len(start)):
        step = torch.zeros_like(start)
        step[index] = 1e-5
        rows.append((gradient(start + step) - gradient(start - step)) / 2e-5)
    hessian = torch.stack(rows)
    return float(torch.linalg.eigvalsh((hessian + hessian.T) / 2)[-1])


@pytest.mark.slow
@pytest.mark.parametrize(
    "execution", ["vectorized", pytest.param("looped", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("network", [name for name in NETWORKS if name != "vae"])  # It draws.
def test_equals_the_curvature_by_differences(network: str, execution: str) -> None:
    trials = [
        Trial(number=n, configuration=n, seed=n, hyperparameters=HYPERPARAMETERS)  # type: ignore[arg-type]
        for n in range(2)
    ]
    task = task_of(network)
    record = train_cohort(
        trials,
        task=task,
        network=NETWORKS[network],
        steps=1,
        statistics="full",
        execution=execution,
    )
    expected = [by_differences(network, trial, task) for trial in trials]
    assert record.sharpness[:, 0] == pytest.approx(expected, rel=1e-3)
