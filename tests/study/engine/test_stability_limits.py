"""The largest stable step of each update rule, on a quadratic where theory knows it exactly.

On a quadratic of eigenvalue lambda gradient descent is stable iff lr < 2 / lambda, heavy ball of
momentum b iff lr < 2 (1 + b) / lambda, Nesterov's iff lr < (2 + 2b) / ((1 + 2b) lambda); coupled
weight decay w takes lambda to lambda + w.
"""

from __future__ import annotations

import pytest

from study.engine import NETWORKS, TASKS, train_cohort
from study.trial import Trial

EIGENVALUES = [10.0, 1.0, 0.1]
STEPS = 400


def trial(number: int, learning_rate: float, **overrides: object) -> Trial:
    values: dict[str, object] = {
        "batch_size": len(EIGENVALUES),
        "learning_rate": learning_rate,
        "optimizer": "sgd",
        "initialization": "mean_field",
        "weight_std": 1.0,
        "bias_std": 0.0,
        "dtype": "float64",
        **overrides,
    }
    return Trial(
        number=number,
        configuration=number,
        seed=number,
        hyperparameters=values,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("limit", "settings"),
    [
        (2 / 10, {}),
        (2 * 1.5 / 10, {"momentum": 0.5}),
        (2 * 1.9 / 10, {"momentum": 0.9}),
        (3 / (2 * 10), {"momentum": 0.5, "momentum_kind": "nesterov"}),
        (2 / 15, {"weight_decay": 5.0}),
    ],
)
def test_the_cohort_splits_at_the_limit(limit: float, settings: dict[str, object]) -> None:
    factors = (0.5, 0.9, 0.97, 1.03, 1.1, 2.0)
    record = train_cohort(
        [trial(n, factor * limit, **settings) for n, factor in enumerate(factors)],
        task=TASKS["quadratic"](eigenvalues=EIGENVALUES),
        network=NETWORKS["linear"],
        steps=STEPS,
    )
    for index, factor in enumerate(factors):
        ran = int(record.steps_run[index])
        first, last = record.loss[index, 0], record.loss[index, ran - 1]
        assert (last < first) == (factor < 1), f"factor {factor}: {first} -> {last}"


def test_the_loss_follows_the_closed_form() -> None:
    record = train_cohort(
        [trial(0, 0.05, batch_size=1), trial(1, 0.15, batch_size=1)],
        task=TASKS["quadratic"](eigenvalues=[4.0]),
        network=NETWORKS["linear"],
        steps=20,
    )
    for index, rate in enumerate((0.05, 0.15)):
        shrink = (1 - rate * 4.0) ** 2
        expected = [record.loss[index, 0] * shrink**step for step in range(20)]
        assert record.loss[index].tolist() == pytest.approx(expected, rel=1e-9)
