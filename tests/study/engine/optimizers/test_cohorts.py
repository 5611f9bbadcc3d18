"""Cohorts of trials with mixed optimizer settings equal each trial alone, and plain torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from study.engine import NETWORKS, CohortRecord, Task, train_cohort
from study.engine.optimizers import OPTIMIZERS
from study.engine.schedules import SCHEDULES
from study.trial import Trial
from tests.study.engine.conftest import make_trial
from tests.study.engine.reference import train_plainly

STEPS = 21
TRIALS = 12
KINDS: dict[str, dict[str, Any]] = {
    **{name: {"optimizer": name} for name in OPTIMIZERS},
    "nesterov": {"optimizer": "sgd", "momentum_kind": "nesterov"},
}


def cohort(kind: str) -> list[Trial]:
    """Trials that differ in everything that may differ, and are clipped by every rule and none."""
    rng = np.random.default_rng(7)
    trials = []
    for number in range(TRIALS):
        values: dict[str, Any] = {
            **KINDS[kind],
            "learning_rate": float(10 ** rng.uniform(-3, -1.5)),
            "lr_decay": list(SCHEDULES)[number % len(SCHEDULES)],
            "warmup_steps": (0, 5, 1, 40)[number % 4],
            "clip_norm": ("none", 0.5)[number % 2],
            "clip_value": ("none", "none", 0.02)[number % 3],
            "clip_agc": ("none", 0.03, "none", "none", 0.3)[number % 5],
            "beta1": float(rng.uniform(0, 0.95)),
            "beta2": float(rng.uniform(0.5, 0.999)),
            "alpha": float(rng.uniform(0.5, 0.99)),
            "epsilon": float(10 ** rng.uniform(-8, -4)),
        }
        trials.append(make_trial(number, **values))
    return trials


def train(trials: list[Trial], task: Task, execution: str = "auto") -> CohortRecord:
    return train_cohort(
        trials, task=task, network=NETWORKS["mlp"], steps=STEPS, execution=execution
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_equals_a_plain_loop(digits: Task, kind: str) -> None:
    trials = cohort(kind)
    record = train(trials, digits)
    for position, trial in enumerate(trials):
        plain = train_plainly(trial, digits, STEPS)
        for name in ("loss", "grad_norm", "clip_factor", "learning_rate"):
            got = getattr(record, name)[position]
            np.testing.assert_allclose(got, plain[name], rtol=1e-8, err_msg=f"{name} {position}")
    unclipped = [
        all(
            trial.hyperparameters[name] == "none"
            for name in ("clip_norm", "clip_value", "clip_agc")
        )
        for trial in trials
    ]
    assert any(unclipped) and (record.clip_factor[unclipped] == 1).all()
    assert (record.clip_factor < 0.99).any(axis=1).sum() >= 6


@pytest.mark.slow
@pytest.mark.parametrize("execution", ["fused", "chain", "vectorized"])
@pytest.mark.parametrize("kind", KINDS)
def test_equals_each_trial_alone(digits: Task, kind: str, execution: str) -> None:
    trials = cohort(kind)
    together = train(trials, digits, execution)
    for position in range(0, TRIALS, 3):
        alone = train([trials[position]], digits)
        for name in ("loss", "metric", "grad_norm", "clip_factor", "learning_rate"):
            np.testing.assert_allclose(
                getattr(together, name)[position], getattr(alone, name)[0], rtol=1e-8, err_msg=name
            )


@pytest.mark.parametrize("kind", KINDS)
def test_trials_that_are_lost_leave_the_others_as_they_are(digits: Task, kind: str) -> None:
    """Their momenta, limits and schedules leave the cohort with them."""
    trials = cohort(kind)
    lost = make_trial(99, **{**trials[0].hyperparameters, "initialization": "he_normal"})
    lost.hyperparameters["init_gain"] = 1e307  # type: ignore[index]
    record = train([*trials[:3], lost, *trials[3:6]], digits)
    assert record.steps_run.tolist() == [STEPS] * 3 + [1] + [STEPS] * 3
    np.testing.assert_allclose(
        record.loss[[0, 1, 2, 4, 5, 6]], train(trials[:6], digits).loss, rtol=1e-9
    )
