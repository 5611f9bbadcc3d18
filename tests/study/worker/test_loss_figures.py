"""What the trials table says of losses and metrics, with batches of one and of many."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from study.engine import NETWORKS, TASKS, CohortRecord, Task, train_cohort
from study.trial import Trial
from study.worker.loss_figures import loss_figures, metric_figures

STEPS = 80


@pytest.fixture(scope="module")
def digits() -> Task:
    return TASKS["digits"]()


def run(digits: Task, batch_size: int, steps: int = STEPS) -> CohortRecord:
    trial = Trial(
        number=0,
        configuration=0,
        seed=0,
        hyperparameters={
            "depth": 1,
            "width": 8,
            "activation": "tanh",
            "initialization": "xavier_normal",
            "learning_rate": 0.05,
            "batch_size": batch_size,
        },
    )
    return train_cohort([trial], task=digits, network=NETWORKS["mlp"], steps=steps)


def with_losses(record: CohortRecord, losses: list[float]) -> CohortRecord:
    return dataclasses.replace(
        record,
        loss=np.array([losses]),
        steps_run=np.array([len(losses)]),
        loss_after=np.array([np.nan]),
    )


def test_a_loss_that_falls_at_every_step_has_no_zigzag(digits: Task) -> None:
    # Seen: 28 of 40 trials were called oscillating whose loss fell at every step.
    falling = [16.1, 3.5, 3.0, 2.9, 2.6, 2.4, 2.3, 2.2, 2.1, 2.0]
    figures = loss_figures(with_losses(run(digits, 64), falling), 0, digits)
    assert figures["loss_zigzag"] == pytest.approx(0.0, abs=1e-12)
    assert figures["loss_final"] == pytest.approx(np.mean(falling[5:]))


def test_a_loss_that_goes_back_and_forth_has_all_of_it(digits: Task) -> None:
    figures = loss_figures(with_losses(run(digits, 64), [1.0, 3.0] * 40), 0, digits)
    # 19 changes of 2, of which one is the net change.
    assert figures["loss_zigzag"] == pytest.approx(2.0 * 18 / 19)
    assert figures["loss_swing"] == pytest.approx(2.0)


@pytest.mark.parametrize("batch_size", [1, 4, 64])
def test_noise_is_that_of_a_batch_of_the_data(digits: Task, batch_size: int) -> None:
    still = run_still(digits, batch_size)
    figures = loss_figures(still, 0, digits) | metric_figures(still, 0, digits)
    assert figures["loss_noise"] == pytest.approx(still.loss[0].std(), rel=0.15)
    assert figures["metric_noise"] == pytest.approx(still.metric[0].std(), rel=0.15)


def run_still(digits: Task, batch_size: int) -> CohortRecord:
    """A network that hardly moves, so that steps differ by their batches alone."""
    record = run(digits, batch_size)
    (trial,) = record.trials
    values = {**trial.hyperparameters, "learning_rate": 1e-12}
    still = dataclasses.replace(trial, hyperparameters=values)
    return train_cohort([still], task=digits, network=NETWORKS["mlp"], steps=1000)


def test_a_batch_of_all_examples_has_no_noise(digits: Task) -> None:
    record = run(digits, digits.examples, steps=4)
    assert loss_figures(record, 0, digits)["loss_noise"] == 0.0
    assert loss_figures(record, 0, digits)["loss_initial_error"] == 0.0


def test_first_and_final_figures_of_small_batches_are_those_of_a_sample(digits: Task) -> None:
    record = run(digits, 1)
    figures = loss_figures(record, 0, digits) | metric_figures(record, 0, digits)
    assert figures["loss_initial"] == record.loss_before[0] != record.loss[0, 0]
    assert figures["loss_final"] == record.loss_after[0]
    assert figures["metric_final"] == record.metric_after[0]
    large = run(digits, 256)
    figures = loss_figures(large, 0, digits) | metric_figures(large, 0, digits)
    assert figures["loss_initial"] == large.loss[0, 0]
    assert figures["loss_final"] == pytest.approx(large.loss[0, -20:].mean())
    assert figures["metric_final"] == pytest.approx(large.metric[0, -20:].mean())


def test_the_best_metric_of_batches_of_one_is_no_maximum_of_noise(digits: Task) -> None:
    # Seen: "accuracy fell back from 0.95 to 0.70", of 20 batches of one; it never was above 0.8.
    record = run(digits, 1, steps=2000)
    noise = np.random.default_rng(0).random((1, 2000)) < 0.7
    record = dataclasses.replace(record, metric=noise.astype(float), metric_after=np.array([0.7]))
    best = metric_figures(record, 0, digits)["metric_best"]
    assert 0.7 <= best < 0.8
    assert np.lib.stride_tricks.sliding_window_view(noise[0], 20).mean(axis=1).max() >= 0.95
