"""The column `alarms`: its names and order, and tables in any shape."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from study.tables.schema import ALARMS
from study.verdicts.published import LAYER_COLUMNS, RULES, alarms, fired


def test_rules_have_the_names_of_the_schema_in_its_order() -> None:
    assert list(RULES) == list(ALARMS)


def test_nothing_is_said_of_a_healthy_trial(little) -> None:
    assert little().alarms() == set()


def spoiled(little, index: int):  # type: ignore[no-untyped-def]
    """The same trial under another number, spoiled in its own way."""
    study = little().trial(trial=40 - index)
    study.steps = study.steps.assign(trial=40 - index)
    study.layers = study.layers.assign(trial=40 - index)
    match index:
        case 1:
            study.trial(clipped_fraction=1.0).layer(1, at=0, weight_grad_rms=0.0)
        case 2:
            study.step(55, loss=9.0).layer(3, at=3, dead_fraction=0.9)
        case 3:
            study.trial(metric_best=0.5).layer(1, at=21, weight_grad_rms=9.0)
    return study


EXPECTED = [
    "",
    "sagemaker.vanishing_gradient,deepdiagnosis.vanishing_gradient,deepdiagnosis.learning_rate,"
    "tuning_playbook.clipping",
    "sagemaker.loss_not_decreasing,sagemaker.dead_relu",
    "autotrainer.exploding_gradient,deepdiagnosis.learning_rate",
]


@pytest.fixture
def tables(little) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    studies = [spoiled(little, index) for index in range(4)]
    return tuple(  # type: ignore[return-value]
        pd.concat([getattr(one, name) for one in studies], ignore_index=True)
        for name in ("trials", "steps", "layers")
    )


def test_names_are_joined_in_the_order_of_the_registry(tables) -> None:
    assert alarms(*tables) == EXPECTED
    trials, rules = fired(*tables).shape
    assert (trials, rules) == (4, 16)


def test_rows_come_in_any_order_and_may_be_of_others(tables) -> None:
    trials, steps, layers = (one.sample(frac=1.0, random_state=1) for one in tables)
    given = dict(zip(trials.trial, alarms(trials, steps, layers), strict=True))
    assert [given[40 - index] for index in range(4)] == EXPECTED
    assert alarms(trials[trials.trial == 38], steps, layers) == [EXPECTED[2]]


def test_without_steps_rules_on_steps_are_silent(tables) -> None:
    trials, _, layers = tables
    assert alarms(trials, None, layers) == [
        "",
        "sagemaker.vanishing_gradient,deepdiagnosis.vanishing_gradient,tuning_playbook.clipping",
        "sagemaker.dead_relu",
        "autotrainer.exploding_gradient",
    ]


def test_without_layers_rules_on_layers_are_silent(tables) -> None:
    trials, steps, layers = tables
    expected = ["", "tuning_playbook.clipping", "sagemaker.loss_not_decreasing", ""]
    assert alarms(trials, steps, layers[:0]) == expected


@pytest.mark.parametrize("column", LAYER_COLUMNS[3:])
def test_a_missing_column_silences_rules_and_breaks_none(tables, column: str) -> None:
    trials, steps, layers = tables
    whole = fired(trials, steps, layers)
    less = fired(trials, steps, layers.drop(columns=column))
    assert not (less & ~whole).any()


def test_other_columns_are_not_read(tables) -> None:
    trials, steps, layers = tables
    assert set(layers.columns) <= set(LAYER_COLUMNS)
    assert alarms(trials, steps, layers.assign(name="x", role="hidden")) == EXPECTED


def test_trials_of_nothing_but_nulls(tables) -> None:
    trials, steps, layers = tables
    empty = trials.assign(**{name: np.nan for name in trials.columns if name != "trial"})
    nothing = steps.assign(loss=np.nan, metric=np.nan, learning_rate=np.nan)
    unknown = layers.assign(**dict.fromkeys(LAYER_COLUMNS[3:], np.nan))
    # A loss that is not a number has not converged.
    assert alarms(empty, nothing, unknown) == ["fractal.not_converged"] * 4


def test_no_trials(tables) -> None:
    trials, steps, layers = tables
    assert alarms(trials[:0], steps, layers) == []
