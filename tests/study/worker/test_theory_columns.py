"""Theory's columns of the trials table, against closed forms and against what was measured."""

from __future__ import annotations

import math
import time

import numpy as np
import pandas as pd
import pytest

from search_spaces.theory import predict
from study.engine import NETWORKS, TASKS, CohortRecord, Task, train_cohort
from study.tables import StudyMetadata
from study.trial import Trial
from study.verdicts import DEFAULT
from study.worker.rows import cohort_tables
from study.worker.theory_columns import inputs_of, largest_learning_rate, predictions

EIGENVALUES = [4.0, 1.0, 0.5]


@pytest.fixture(scope="module")
def digits() -> Task:
    return TASKS["digits"]()


def trial(number: int, **hyperparameters: object) -> Trial:
    return Trial(
        number=number,
        configuration=number,
        seed=number,
        hyperparameters=hyperparameters,  # type: ignore[arg-type]
    )


def on_quadratic(*changes: dict[str, object]) -> CohortRecord:
    fixed = {"batch_size": 3, "initialization": "mean_field", "weight_std": 1.0, "bias_std": 0.0}
    trials = [trial(n, **fixed, **change) for n, change in enumerate(changes)]
    return train_cohort(
        trials,
        task=TASKS["quadratic"](eigenvalues=EIGENVALUES),
        network=NETWORKS["linear"],
        steps=20,
        statistics="full",
    )


@pytest.mark.parametrize(
    ("hyperparameters", "limit"),
    [
        ({}, 2 / 5),
        ({"optimizer": "sgd", "momentum": 0.0}, 2 / 5),
        ({"momentum": 0.9}, 2 * 1.9 / 5),
        ({"momentum": 0.9, "momentum_kind": "heavy_ball"}, 2 * 1.9 / 5),
        ({"momentum": 0.9, "momentum_kind": "nesterov"}, 3.8 / (2.8 * 5)),
        ({"momentum": 0.0, "momentum_kind": "nesterov"}, 2 / 5),
        ({"weight_decay": 3.0}, 2 / 8),
        ({"weight_decay": 3.0, "momentum": 0.5}, 3 / 8),
        *(({"optimizer": name}, None) for name in ("adam", "adamw", "rmsprop", "adagrad")),
    ],
)
def test_limits_of_update_rules(hyperparameters, limit) -> None:
    found = largest_learning_rate(hyperparameters, 5.0)
    assert found == (None if limit is None else pytest.approx(limit, rel=1e-12))


@pytest.mark.parametrize("sharpness", [0.0, -1.0, math.nan, math.inf])
def test_without_curvature_there_is_no_limit(sharpness) -> None:
    assert largest_learning_rate({"weight_decay": 2.0}, sharpness) is None


def test_limits_and_edges_come_from_the_sharpness_that_was_measured() -> None:
    record = on_quadratic(
        {"learning_rate": 0.25, "lr_decay": "constant"},
        {"learning_rate": 0.4, "lr_decay": "linear"},
    )
    quadratic = TASKS["quadratic"](eigenvalues=EIGENVALUES)
    first, second = predictions(record, task=quadratic, network="linear")
    assert first["predicted_max_learning_rate"] == pytest.approx(2 / 4, rel=1e-3)
    assert first["edge_ratio"] == pytest.approx(0.5, rel=1e-3)
    # The rate of the last measured step, the 20th of 20, is a twentieth of the first.
    assert second["edge_ratio"] == pytest.approx(record.learning_rate[1, 19] / (2 / 4), rel=1e-3)
    assert second["edge_ratio"] < 0.1
    assert first["predicted_ratio"] is None, "a linear map has no hidden layer"


def test_edges_of_trials_that_ended_early_are_of_their_last_measured_step() -> None:
    record = on_quadratic({"learning_rate": 5.0}, {"learning_rate": 0.1})
    quadratic = TASKS["quadratic"](eigenvalues=EIGENVALUES)
    lost, _ = predictions(record, task=quadratic, network="linear")
    assert record.steps_run[0] < 20
    assert lost["edge_ratio"] == pytest.approx(5.0 / (2 / 4), rel=1e-3)


def test_unmeasured_sharpness_predicts_no_learning_rate(digits: Task) -> None:
    record = train_cohort(
        [trial(0, depth=2, width=8, activation="relu", batch_size=16, learning_rate=0.1)],
        task=digits,
        network=NETWORKS["mlp"],
        steps=3,
    )
    row = predictions(record, task=digits, network="mlp")[0]
    assert row["predicted_max_learning_rate"] is None and row["edge_ratio"] is None
    assert row["predicted_ratio"] is not None


def test_what_theory_knows_of_a_tasks_inputs(digits: Task) -> None:
    inputs = inputs_of(digits)
    assert inputs.shape == (1, 8, 8) and inputs.features == 64
    assert inputs.mean_square == pytest.approx(1, abs=1e-3)  # Standardized as a whole.
    assert inputs.variance == pytest.approx(float(digits.inputs.var(dim=0).mean()), rel=1e-2)
    tokens = inputs_of(TASKS["temporal_order"](sequence_length=20))
    assert tokens.tokens and tokens.answer_at_end and tokens.shape == (20,)
    assert not inputs_of(TASKS["copy"](sequence_length=20)).answer_at_end


def test_columns_of_the_table_and_the_regime_that_follows(digits: Task) -> None:
    """Sigmoid under torch's default vanishes, tanh with large weights explodes, relu is fine."""
    rows = []
    for activation, initialization, gain in [
        ("sigmoid", "torch_default", 1.0),
        ("tanh", "mean_field", 20.0),
        ("relu", "he_normal", 1.0),
    ]:
        fixed = {"depth": 20, "width": 64, "activation": activation, "batch_size": 64}
        chosen = {"initialization": initialization, "init_gain": gain, "learning_rate": 1e-3}
        stds = {"weight_std": 1.0, "bias_std": 0.0}
        record = train_cohort(
            [trial(0, **fixed, **chosen, **stds)],
            task=digits,
            network=NETWORKS["mlp"],
            steps=2,
        )
        metadata = StudyMetadata(
            study="s", task="digits", network="mlp", hyperparameters={}, metric="accuracy"
        )
        tables = cohort_tables(record, task=digits, metadata=metadata, thresholds=DEFAULT)
        rows.append(tables.trials.to_pandas())
    trials = pd.concat(rows)
    assert trials.predicted_regime.tolist() == ["vanishing", "exploding", "healthy"]
    assert trials.regime_initial.tolist() == trials.predicted_regime.tolist()
    errors = np.log(trials.predicted_ratio / trials.delta_ratio_initial)
    # With 64 units the few that are not flat carry the gradient of tanh: it varies 10-fold.
    assert (errors.abs() < [math.log(2), math.log(20), math.log(2)]).all()
    assert trials.predicted_saturated_fraction.iloc[1] == pytest.approx(0.84, abs=0.06)
    assert np.isnan(trials.predicted_saturated_fraction.iloc[2])


def test_networks_of_the_persons_own_have_no_theory(digits: Task) -> None:
    record = train_cohort(
        [trial(0, depth=2, width=8, activation="relu", batch_size=16, learning_rate=0.1)],
        task=digits,
        network=NETWORKS["mlp"],
        steps=2,
    )
    row = predictions(record, task=digits, network="my.module:network")[0]
    assert (row["predicted_ratio"], row["predicted_saturated_fraction"]) == (None, None)


def test_a_cohorts_theory_costs_little_of_its_training(digits: Task) -> None:
    """Training takes about 1.5 ms a step and trial at depth 30: 19 s for 64 trials, 200 steps."""
    inputs = inputs_of(digits)
    began = time.process_time()
    for number in range(64):
        hyperparameters = {
            "depth": 30,
            "width": 64,
            "activation": "silu",
            "initialization": "mean_field",
            "weight_std": 1 + number / 64,
            "init_gain": 1 + number / 1000,
        }
        predict("mlp", hyperparameters, inputs)
    assert time.process_time() - began < 0.1 * 19
