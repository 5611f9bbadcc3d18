"""Which rules fire for networks that were really trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from study.engine import NETWORKS, TASKS, Task, train_cohort
from study.tables import CohortTables, StudyMetadata, TableStore
from study.trial import Trial
from study.verdicts import DEFAULT, relabel_study
from study.worker.rows import cohort_tables

TRIALS = 3
HEALTHY: dict[str, object] = {
    "depth": 3,
    "width": 32,
    "activation": "relu",
    "initialization": "he_normal",
    "init_gain": 1.0,
    "optimizer": "sgd",
    "learning_rate": 0.05,
    "momentum": 0.9,
    "weight_decay": 0.0,
    "clip_norm": "none",
    "batch_size": 64,
}
NOISY = {"sagemaker.loss_not_decreasing"}
"""Fires for healthy networks too: two batches differ by more than 0.1 % in their losses."""


@pytest.fixture(scope="module")
def digits() -> Task:
    return TASKS["digits"]()


def train(task: Task, steps: int = 100, **changes: object) -> CohortTables:
    values = {**HEALTHY, **changes}
    trials = [
        Trial(number=seed, configuration=seed, seed=seed, hyperparameters=values)  # type: ignore[arg-type]
        for seed in range(TRIALS)
    ]
    record = train_cohort(trials, task=task, network=NETWORKS["mlp"], steps=steps)
    metadata = StudyMetadata(
        study="s",
        task="digits",
        network="mlp",
        metric="accuracy",
        hyperparameters={name: {"kind": "fixed", "value": one} for name, one in values.items()},
    )
    return cohort_tables(record, task=task, metadata=metadata, thresholds=DEFAULT)


def alarms(tables: CohortTables) -> list[set[str]]:
    return [set(one.split(",")) - {""} for one in tables.trials.column("alarms").to_pylist()]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"activation": "tanh", "initialization": "xavier_normal"},
        {"optimizer": "adam", "learning_rate": 0.003},
    ],
)
def test_healthy(digits: Task, changes: dict[str, object]) -> None:
    tables = train(digits, **changes)
    assert set(tables.trials.column("verdict").to_pylist()) == {"stable"}
    for fired in alarms(tables):
        assert fired <= NOISY


def test_deep_sigmoid(digits: Task) -> None:
    for fired in alarms(
        train(digits, depth=12, activation="sigmoid", initialization="small_normal")
    ):
        assert fired >= {
            "sagemaker.vanishing_gradient",
            "autotrainer.vanishing_gradient",
            "autotrainer.slow_convergence",
            "deepdiagnosis.vanishing_gradient",
            "deepdiagnosis.learning_rate",
        }
        # Sigmoids of small inputs are not saturated, and no unit is dead.
        assert fired.isdisjoint(
            {
                "sagemaker.exploding_tensor",
                "sagemaker.dead_relu",
                "sagemaker.saturated_activation",
                "autotrainer.exploding_gradient",
                "autotrainer.dying_relu",
                "autotrainer.oscillating_loss",
                "deepdiagnosis.saturated_activation",
                "tuning_playbook.clipping",
            }
        )


def test_diverged(digits: Task) -> None:
    for fired in alarms(train(digits, learning_rate=1e12)):
        assert fired >= {
            "sagemaker.exploding_tensor",
            "sagemaker.weight_update_ratio",
            "autotrainer.exploding_gradient",
            "deepdiagnosis.learning_rate",
            "fractal.not_converged",
        }
        assert "sagemaker.saturated_activation" not in fired


def test_dead_relu(digits: Task) -> None:
    """One violent step, bounded by clipping, and no unit is ever positive again."""
    tables = train(digits, learning_rate=10.0, clip_norm=10.0)
    for fired in alarms(tables):
        assert fired >= {
            "sagemaker.dead_relu",
            "sagemaker.vanishing_gradient",
            "autotrainer.dying_relu",
            "deepdiagnosis.learning_rate",
        }
        assert "sagemaker.exploding_tensor" not in fired


def test_saturated_tanh(digits: Task) -> None:
    initialization = {"activation": "tanh", "initialization": "xavier_normal", "init_gain": 60.0}
    for fired in alarms(train(digits, learning_rate=0.01, **initialization)):
        assert fired >= {
            "sagemaker.saturated_activation",
            "deepdiagnosis.saturated_activation",
        }
        assert "sagemaker.dead_relu" not in fired


def test_clipped(digits: Task) -> None:
    tables = train(digits, clip_norm=0.1, learning_rate=0.3)
    assert set(tables.trials.column("verdict").to_pylist()) == {"stable"}
    for fired in alarms(tables):
        assert "tuning_playbook.clipping" in fired
        assert fired <= {"tuning_playbook.clipping", "deepdiagnosis.learning_rate", *NOISY}


def test_stored_trials_get_the_same_alarms_again(digits: Task, tmp_path: Path) -> None:
    store = TableStore(tmp_path)
    tables = train(digits, steps=30, learning_rate=10.0, clip_norm=10.0)
    store.write(tables, "a")
    assert (
        relabel_study(store, DEFAULT).alarms.tolist() == tables.trials.column("alarms").to_pylist()
    )
    assert all("dead_relu" in one for one in relabel_study(store, DEFAULT).alarms)
