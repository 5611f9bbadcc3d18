"""The linear map."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from study.engine import NETWORKS, Task, train_cohort
from study.trial import Trial
from tests.study.engine.networks.sequence_cohorts import check, tokens, vectors
from tests.study.engine.reference import initial_network

EIGENVALUES = torch.tensor([4.0, 1.0, 0.25], dtype=torch.float64)


def quadratic() -> Task:
    """Loss 1/2 sum of lambda w^2 over full batches: example i is sqrt(3 lambda_i) e_i."""

    def loss(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return 0.5 * (outputs - targets).square().sum(dim=1)

    return Task(
        name="quadratic",
        inputs=torch.diag((3 * EIGENVALUES).sqrt()),
        targets=torch.zeros(3, 1, dtype=torch.float64),
        outputs=1,
        loss=loss,
        metric=loss,
        metric_name="loss",
        chance=1.0,
        ceiling=0.0,
        target=0.1,
        loss_chance=1.0,
    )


def trial(learning_rate: float, momentum: float = 0.0) -> Trial:
    values = {"learning_rate": learning_rate, "momentum": momentum}
    values |= {"initialization": "xavier_normal", "optimizer": "sgd"}
    values |= {"batch_size": 3, "dtype": "float64"}
    return Trial(number=0, configuration=0, seed=1, hyperparameters=values)


def test_a_cohort_equals_its_trials_alone() -> None:
    record = check("linear", vectors())
    assert [(layer.name, layer.role) for layer in record.layers] == [("output", "output")]


def test_outputs_are_products_without_a_bias() -> None:
    task = vectors()
    network = NETWORKS["linear"]({}, task).double()
    ((name, weight),) = network.named_parameters()
    assert name == "output.weight" and weight.shape == (3, 15)
    expected = functional.linear(task.inputs.flatten(1), weight)
    torch.testing.assert_close(network(task.inputs), expected)


def test_gradient_descent_on_a_quadratic_has_its_closed_form() -> None:
    """Each coordinate is multiplied by 1 - lr lambda a step."""
    rate, steps = 0.3, 20
    task = quadratic()
    record = train_cohort([trial(rate)], task=task, network=NETWORKS["linear"], steps=steps)
    network = initial_network(record.trials[0], task, torch.float64, "linear")
    start = next(network.parameters()).detach().flatten()
    powers = torch.arange(steps, dtype=torch.float64).unsqueeze(1)
    coordinates = start * (1 - rate * EIGENVALUES) ** powers
    expected = 0.5 * (EIGENVALUES * coordinates.square()).sum(dim=1)
    np.testing.assert_allclose(record.loss[0], expected, rtol=1e-9)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_stable_below_the_limit_of_the_largest_eigenvalue_only(momentum: float) -> None:
    """Heavy ball is stable iff lr < 2 (1 + momentum) / lambda."""
    limit = 2 * (1 + momentum) / float(EIGENVALUES.max())
    trials = [trial(limit * share, momentum) for share in (0.97, 1.03)]
    record = train_cohort(trials, task=quadratic(), network=NETWORKS["linear"], steps=500)
    assert record.loss[0, -1] < 1e-3 * record.loss[0, 0]
    assert record.steps_run[0] == 500 > record.steps_run[1]  # Lost at 1e6 times the start.


def test_tokens_and_outputs_over_time_are_refused() -> None:
    with pytest.raises(ValueError, match="needs inputs of numbers, but task noise has tokens"):
        NETWORKS["linear"]({}, tokens())
    with pytest.raises(ValueError, match="answers once for an example.*time_step"):
        NETWORKS["linear"]({}, vectors(time_step=True))
