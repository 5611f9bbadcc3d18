"""Either side of every threshold of AutoTrainer."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

FAILS = {"metric_best": 0.5}


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (0.99e-4, 0.1, True),
        (1.01e-4, 0.2, False),  # Too large by itself.
        (0.99e-4, 0.09, False),  # Too large beside the last.
        (0.0, 0.2, True),
        (0.0, 0.0, False),
        (math.nan, 0.2, False),
    ],
)
def test_vanishing_gradient(little, first: float, last: float, expected: bool) -> None:
    """Norms, of weights of 2048 and 320 numbers."""
    study = little().trial(**FAILS)
    study.layer(1, weight_grad_rms=first / math.sqrt(2048))
    study.layer(4, weight_grad_rms=last / math.sqrt(320))
    assert ("autotrainer.vanishing_gradient" in study.alarms()) == expected


@pytest.mark.parametrize(("ratio", "expected"), [(69.0, False), (71.0, True), (math.inf, True)])
def test_exploding_gradient(little, ratio: float, expected: bool) -> None:
    study = little().trial(**FAILS)
    study.layer(1, weight_grad_rms=70.0 / math.sqrt(2048))
    study.layer(4, weight_grad_rms=70.0 / ratio / math.sqrt(320))
    assert ("autotrainer.exploding_gradient" in study.alarms()) == expected


@pytest.mark.parametrize("best", [0.3, 0.95])
def test_what_is_not_finite_explodes_whatever_was_reached(little, best: float) -> None:
    study = little().trial(metric_best=best, failure_step=20)
    assert "autotrainer.exploding_gradient" in study.alarms()


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ({"metric_best": 0.59}, True),
        ({"metric_best": 0.61}, False),
        ({"metric_best": math.nan}, True),
        # A squared error: from 2 by chance to 0, 0.6 of the way is 0.8.
        ({"metric_chance": 2.0, "metric_ceiling": 0.0, "metric_best": 0.81}, True),
        ({"metric_chance": 2.0, "metric_ceiling": 0.0, "metric_best": 0.79}, False),
        # A correlation: from 0 to 1.
        ({"metric_chance": 0.0, "metric_best": 0.59}, True),
        ({"metric_chance": 0.0, "metric_best": 0.61}, False),
    ],
)
def test_a_symptom_counts_only_where_training_fails(little, figures, expected: bool) -> None:
    study = little().trial(**figures).layer(1, weight_grad_rms=1.0)
    assert ("autotrainer.exploding_gradient" in study.alarms()) == expected


def zero_share(dead: tuple[float, ...], units: tuple[int, ...], seed: int) -> float:
    """Of all numbers in the weights' gradients of a ReLU network, by making them."""
    rng = np.random.default_rng(seed)
    alive = [np.ones(units[0], dtype=bool)]
    for share, width in zip(dead, units[1:], strict=True):
        unit = np.arange(width) >= round(share * width)
        alive.append(rng.permutation(unit))
    gradients = [
        rng.normal(size=(len(after), len(before))) * np.outer(after, before)
        for before, after in zip(alive, alive[1:], strict=False)
    ]
    return float(np.mean(np.concatenate([g.ravel() for g in gradients]) == 0))


@pytest.mark.parametrize("dead", [(0.5, 0.5, 0.25), (0.5, 0.75, 0.5), (0.25, 0.5, 1.0)])
def test_dying_relu(little, dead: tuple[float, float, float]) -> None:
    study = little().trial(**FAILS)
    for layer, share in enumerate(dead, start=1):
        study.layer(layer, dead_fraction=share)
    share = zero_share((*dead, 0.0), (64, 32, 32, 32, 10), seed=0)
    assert abs(share - 0.7) > 0.01
    assert ("autotrainer.dying_relu" in study.alarms()) == (share > 0.7)


def test_a_gradient_of_zeros_has_died_though_units_live(little) -> None:
    """Behind a dead layer, or underflowed."""
    study = little().trial(**FAILS)
    for layer in (1, 2):
        study.layer(layer, weight_grad_rms=0.0, dead_fraction=0.0)
    study.layer(3, dead_fraction=0.0)
    assert "autotrainer.dying_relu" not in study.alarms()  # 3072 of 4416 numbers: 0.696.
    study.layer(3, dead_fraction=0.1)
    assert "autotrainer.dying_relu" in study.alarms()


def accuracies(swings: int, size: float) -> list[float]:
    """10 recorded steps, some of which are maxima followed by a fall."""
    values = [0.3] * 10
    for swing in range(swings):
        values[2 * swing + 1] += size
    return values


@pytest.mark.parametrize(
    ("batch", "swings", "size", "expected"),
    [
        (None, 2, 0.031, True),
        (None, 2, 0.029, False),
        (None, 1, 0.9, False),
        # 3 sqrt(2 * 0.3 * 0.7 / B) is about 0.25 for 64 and 0.008 for 64,000 examples.
        (64, 4, 0.24, False),
        (64, 2, 0.3, True),
        (64_000, 2, 0.031, True),
    ],
)
def test_oscillating_loss(
    little, batch: int | None, swings: int, size: float, expected: bool
) -> None:
    study = little().trial(**FAILS, batch_size=batch).along(metric=accuracies(swings, size))
    assert ("autotrainer.oscillating_loss" in study.alarms()) == expected


def test_two_swings_of_eleven_steps_are_too_few(little) -> None:
    study = little().trial(**FAILS, batch_size=None)
    for steps, expected in ((10, True), (11, False)):
        metric = [*accuracies(2, 0.1), 0.3][:steps]
        study.steps = pd.DataFrame({"trial": 7, "step": range(steps), "metric": metric})
        assert ("autotrainer.oscillating_loss" in study.alarms()) == expected


def test_the_noise_of_batches_hardly_ever_oscillates(little) -> None:
    rng = np.random.default_rng(0)
    fired = [
        "autotrainer.oscillating_loss"
        in little().trial(**FAILS).along(metric=list(rng.binomial(64, 0.1, 10) / 64)).alarms()
        for _ in range(200)
    ]
    assert np.mean(fired) < 0.01


@pytest.mark.parametrize(("best", "expected"), [(0.18, True), (0.2, False)])
def test_slow_convergence(little, best: float, expected: bool) -> None:
    """9 recorded steps after the first: 0.09 above 0.1."""
    assert (
        "autotrainer.slow_convergence" in little().trial(metric_best=best).alarms()
    ) == expected


def test_a_trial_of_one_step_converges_neither_slowly_nor_fast(little) -> None:
    study = little().trial(metric_best=0.05)
    study.steps, study.layers = study.steps[:1], study.layers[:4]
    assert "autotrainer.slow_convergence" not in study.alarms()


@pytest.mark.filterwarnings("error")
def test_metrics_that_are_not_finite_are_no_swing(little) -> None:
    # An error that became infinite; differences of infinities once made NumPy warn.
    endless = [math.inf, math.inf, -math.inf, math.inf, math.nan] * 2
    for best in (math.inf, 0.5):
        alarms = little().trial(metric_best=best).along(metric=endless).alarms()
        assert "autotrainer.oscillating_loss" not in alarms
