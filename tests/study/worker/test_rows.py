"""From a cohort's record to the rows of its tables."""

from __future__ import annotations

import numpy as np
import pytest

from study.engine import NETWORKS, TASKS, CohortRecord, Task, train_cohort
from study.engine.quantities.clipped_fraction import clipped_fraction
from study.tables import CohortTables, StudyMetadata
from study.trial import Trial
from study.verdicts import DEFAULT
from study.worker.rows import cohort_tables

STEPS = 40
METADATA = StudyMetadata(
    study="s", task="digits", network="mlp", hyperparameters={}, metric="accuracy"
)


@pytest.fixture(scope="module")
def digits() -> Task:
    return TASKS["digits"]()


def trials() -> list[Trial]:
    """One that trains, one whose updates are too small, one that blows up."""
    return [
        Trial(
            number=number,
            configuration=number,
            seed=number,
            hyperparameters={
                "depth": 2,
                "width": 16,
                "activation": "relu",
                "initialization": "he_normal",
                "learning_rate": rate,
                "momentum": 0.9,
                "clip_norm": clip,
                "batch_size": 64,
            },
        )
        for number, (rate, clip) in enumerate([(0.1, 1.0), (1e-9, 1.0), (1e15, "none")])
    ]


def run(
    digits: Task, statistics: str, sharpness_steps: tuple[int, ...] | None = None
) -> tuple[CohortRecord, CohortTables]:
    record = train_cohort(
        trials(),
        task=digits,
        network=NETWORKS["mlp"],
        steps=STEPS,
        statistics=statistics,
        sharpness_steps=sharpness_steps,
    )
    tables = cohort_tables(record, task=digits, metadata=METADATA, thresholds=DEFAULT)
    return record, tables


def test_minimal_has_no_layer_rows_and_no_regime(digits: Task) -> None:
    _, tables = run(digits, "minimal")
    assert tables.layers.num_rows == 0
    rows = tables.trials.to_pandas()
    assert rows.verdict.tolist() == ["stable", "stalled", "exploding"]
    assert rows[["regime_initial", "regime_final", "delta_ratio_initial"]].isna().all().all()
    assert "gradients were not measured by layer" in rows.explanation[1]
    steps = tables.steps.to_pandas()
    assert steps.update_ratio.notna().sum() >= 2 * 9
    assert steps[["noise_scale", "sharpness"]].isna().all().all()


@pytest.mark.slow
def test_standard_and_minimal_agree_in_all_that_both_measure(digits: Task) -> None:
    (_, standard), (_, minimal) = run(digits, "standard"), run(digits, "minimal")
    assert standard.steps.equals(minimal.steps)
    of_layers = {"regime_initial", "regime_final", "explanation", "train_seconds"}
    of_layers |= {"delta_ratio_initial", "delta_ratio_final", "depth_scale_initial"}
    of_layers |= {"dead_fraction", "saturated_fraction", "alarms"}
    for name in set(standard.trials.column_names) - of_layers:
        assert standard.trials.column(name).equals(minimal.trials.column(name)), name
    layers = standard.layers.to_pandas()
    assert (layers.calls == 1).all()
    for name in ("delta_rms_first_call", "delta_rms_last_call"):
        np.testing.assert_array_equal(layers[name], layers.delta_rms)


def test_full_fills_the_columns_of_the_loss_surface(digits: Task) -> None:
    record, tables = run(digits, "full")
    steps, rows = tables.steps.to_pandas(), tables.trials.to_pandas()
    first = steps[steps.step == 0]
    np.testing.assert_array_equal(rows.sharpness_initial, first.sharpness)
    np.testing.assert_array_equal(rows.sharpness_initial, record.sharpness[:, 0])
    assert (rows.sharpness_initial > 0).all()
    sparse = steps[(steps.trial == 0) & steps.sharpness.notna()]
    assert sparse.step.tolist() == [0, 1, 2, 3, 13, 39]
    assert steps[steps.trial < 2].noise_scale.notna().all()


def test_a_schedule_of_sharpness_adds_steps_and_changes_no_label(digits: Task) -> None:
    (_, plain), (_, own) = run(digits, "standard"), run(digits, "standard", (0, 4, 30))
    assert own.layers.equals(plain.layers)
    own_ways = {"sharpness_initial", "predicted_max_learning_rate", "edge_ratio"}
    # Published rules look at the losses of all rows.
    own_ways |= {"explanation", "train_seconds", "alarms"}
    for name in set(plain.trials.column_names) - own_ways:
        assert own.trials.column(name).equals(plain.trials.column(name)), name
    steps = own.steps.to_pandas().query("trial == 0")
    assert steps.step[steps.sharpness.notna()].tolist() == [0, 4, 30]
    between = steps[steps.update_ratio.isna()]
    assert between.step.tolist() == [4, 30] and between.loss.notna().all()


def test_clipped_fraction_counts_the_steps_run(digits: Task) -> None:
    record, tables = run(digits, "minimal")
    expected = [
        np.mean(record.clip_factor[place, :ran] < 1) for place, ran in enumerate(record.steps_run)
    ]
    rows = tables.trials.to_pandas()
    np.testing.assert_array_equal(rows.clipped_fraction, expected)
    assert 0 < rows.clipped_fraction[0] < 1 and rows.clipped_fraction[2] == 0
    assert clipped_fraction(np.array([1.0, 0.5, 1.0, 0.0])) == 0.5
