from __future__ import annotations

import math

import numpy as np
import pytest

from study.verdicts import DEFAULT, Outcome
from study.verdicts.outcome import outcomes

STALLED = {"metric_final": 0.11, "loss_final": 2.3}
SLOW = {"metric_final": 0.5, "loss_final": 1.5}
ERROR = {
    "metric_chance": 4.0,
    "metric_ceiling": 0.0,
    "metric_target": 1.0,
    "loss_chance": 4.0,
    "loss_initial": 4.2,
}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "trained"),
        ({"metric_final": 0.80}, "trained"),
        ({"metric_final": 0.79}, "slow"),
        (SLOW, "slow"),
        # 5 % of the way from 0.1 to 1.0 is 0.145.
        ({**STALLED, "metric_final": 0.146}, "slow"),
        ({**STALLED, "metric_final": 0.144}, "stalled"),
        ({**STALLED, "metric_final": 0.02}, "stalled"),
        ({**STALLED, "metric_final": math.nan}, "stalled"),
        ({"failure_step": 13, "loss_final": math.nan}, "nonfinite"),
        ({"failure_step": 0, "loss_initial": math.nan, "loss_final": math.nan}, "nonfinite"),
        # A parameter turned NaN in the last update, the losses are fine.
        ({"failure_step": 199}, "nonfinite"),
        ({"loss_final": math.inf}, "nonfinite"),
        ({"loss_final": 2.4 * 1.051, "metric_final": 0.1}, "diverged"),
        ({"loss_final": 2.4 * 1.049, "metric_final": 0.1}, "stalled"),
        ({"loss_final": 1.0, "loss_max": 2.41e6}, "diverged"),
        ({"loss_final": 1.0, "loss_max": 2.39e6}, "trained"),
    ],
)
def test_outcome(make_trials, change: dict[str, object], expected: str) -> None:
    assert outcomes(make_trials(change), DEFAULT).tolist() == [expected]


def test_a_lucky_first_batch_is_no_divergence(make_trials) -> None:
    # Seen: depth 16, sigmoid, learning rate 1e-5; the network stood still, its first batch had
    # easy labels, and 2.2 -> 2.44 was called a divergence and the trial exploding.
    still = {
        "loss_initial": 2.2,
        "loss_final": 2.44,
        "loss_swing": 0.09,
        "metric_final": 0.1,
        "update_ratio_median": 1e-6,
    }
    rows = [
        still,
        {**still, "update_ratio_median": 1e-2},
        {**still, "loss_final": 2.46},
        {**still, "update_ratio_median": None},
    ]
    assert outcomes(make_trials(*rows), DEFAULT).tolist() == [
        "stalled",
        "diverged",
        "diverged",
        "diverged",
    ]


def test_a_catapult_that_trains_is_trained(make_trials) -> None:
    assert outcomes(make_trials({"loss_max": 5e4}), DEFAULT).tolist() == ["trained"]


def test_a_lucky_first_batch_of_a_noisy_loss_is_no_divergence(make_trials) -> None:
    # Batches of 4 with squared errors: the first had 0.6 of the usual loss, and a network that
    # moved and learned nothing was called exploding.
    noisy = {
        "loss_initial": 0.6,
        "loss_final": 1.0,
        "loss_chance": 1.0,
        "loss_swing": 0.4,
        "metric_final": 0.1,
        "batch_size": 4,
        "update_ratio_median": 1e-2,
    }
    rows = [noisy, {**noisy, "loss_final": 1.1}, {**noisy, "loss_swing": 0.1}]
    assert outcomes(make_trials(*rows), DEFAULT).tolist() == ["stalled", "diverged", "diverged"]


def test_what_was_learned_and_lost_again_is_an_oscillation(make_trials) -> None:
    # Seen: depth 50, momentum 0.9: accuracy 0.84, and 0.14 at the end, once called stalled.
    lost = {"metric_best": 0.84, "metric_final": 0.14, "loss_final": 2.27}
    rows = [
        lost,
        {**lost, "metric_final": 0.62},  # 0.24 of the way from 0.1 to 1 lost
        {**lost, "metric_final": 0.61},
        {**lost, "metric_best": 1.0, "metric_final": 0.8},
    ]
    expected = ["oscillating", "slow", "oscillating", "trained"]
    assert outcomes(make_trials(*rows), DEFAULT).tolist() == expected


def test_a_huge_first_loss_that_falls_to_chance_has_stalled(make_trials) -> None:
    # He initialization with a large gain: logits of thousands, then chance.
    trials = make_trials({"loss_initial": 8e4, "loss_max": 8e4, **STALLED})
    assert outcomes(trials, DEFAULT).tolist() == ["stalled"]


def test_violent_swings_short_of_the_target_are_oscillating(make_trials) -> None:
    # Batches of 64: 2.8 / 8 = 0.35 of the level, which is chance or the final loss.
    rows = [
        {**SLOW, "loss_swing": 0.36 * 2.3, "batch_size": 64},
        {**SLOW, "loss_swing": 0.34 * 2.3, "batch_size": 64},
        {"loss_swing": 5.0, "batch_size": 64},
        {**STALLED, "loss_swing": 5.0, "batch_size": 64},
        {
            **STALLED,
            "loss_initial": 500.0,
            "loss_final": 100.0,
            "loss_swing": 30.0,
            "batch_size": 64,
        },
        {
            **STALLED,
            "loss_initial": 500.0,
            "loss_final": 100.0,
            "loss_swing": 40.0,
            "batch_size": 64,
        },
        {**SLOW, "loss_swing": 0.21 * 2.3, "batch_size": 10_000},
        {**SLOW, "loss_swing": 0.19 * 2.3, "batch_size": 10_000},
    ]
    assert outcomes(make_trials(*rows), DEFAULT).tolist() == [
        "oscillating",
        "slow",
        "trained",
        "oscillating",
        "stalled",
        "oscillating",
        "oscillating",
        "slow",
    ]


def test_without_a_batch_size_noise_is_not_allowed_for(make_trials) -> None:
    trials = make_trials({**SLOW, "loss_swing": 0.21 * 2.3})
    assert outcomes(trials, DEFAULT).tolist() == ["oscillating"]


def test_swings_within_the_measured_noise_are_no_oscillation(make_trials) -> None:
    # Seen: 2 % positives, batches of 64: a batch with more of them has a higher loss. All of
    # three trials were called oscillating, whose loss on all data fell at every step.
    rare = {**STALLED, "loss_chance": 0.1, "loss_final": 0.15, "batch_size": 64}
    rows = [
        {**rare, "loss_swing": 0.07, "loss_zigzag": 0.066, "loss_noise": 0.06},
        {**rare, "loss_swing": 0.07, "loss_zigzag": 0.066, "loss_noise": 0.02},
        # Below a fifth of the level nothing is violent, however little noise there is.
        {**rare, "loss_swing": 0.07, "loss_zigzag": 0.029, "loss_noise": 0.0},
        # An older study, whose noise was not measured.
        {**rare, "loss_swing": 0.07},
    ]
    expected = ["stalled", "oscillating", "stalled", "oscillating"]
    assert outcomes(make_trials(*rows), DEFAULT).tolist() == expected


def test_a_loss_that_falls_at_every_step_does_not_oscillate(make_trials) -> None:
    # Seen: twelve steps of 512 examples, 16.1, 3.5, 3.0, ..., 2.0.
    falling = {**SLOW, "loss_swing": 1.3, "batch_size": 512, "loss_noise": 0.05}
    rows = [{**falling, "loss_zigzag": 0.0}, {**falling, "loss_zigzag": 1.2}]
    assert outcomes(make_trials(*rows), DEFAULT).tolist() == ["slow", "oscillating"]


def test_a_rise_within_the_measured_noise_is_no_divergence(make_trials) -> None:
    risen = {"loss_final": 2.9, "metric_final": 0.1, "loss_swing": 0.01, "loss_noise": 0.1}
    rows = [
        {**risen, "loss_initial_error": 0.2},
        {**risen, "loss_initial_error": 0.1},
        # The final loss is a mean of 20 batches, each within 1.0.
        {**risen, "loss_initial_error": 0.0, "loss_noise": 1.0},
        {**risen, "loss_initial_error": 0.0, "loss_noise": 0.5},
    ]
    expected = ["stalled", "diverged", "stalled", "diverged"]
    assert outcomes(make_trials(*rows), DEFAULT).tolist() == expected


def test_what_never_left_chance_cannot_be_lost(make_trials) -> None:
    # An error of 4.2 where guessing has 4.0 is no progress, and 50 is nothing lost of it.
    rows = [
        {**ERROR, "loss_final": 3.0, "metric_best": best, "metric_final": 50.0}
        for best in (4.2, 3.9, 2.9)
    ]
    expected = ["stalled", "stalled", "oscillating"]
    assert outcomes(make_trials(*rows), DEFAULT).tolist() == expected


def test_a_fall_of_the_metric_within_its_noise_is_no_relapse(make_trials) -> None:
    lost = {**ERROR, "loss_final": 3.0, "metric_best": 2.5, "metric_final": 3.7}
    rows = [{**lost, "metric_noise": noise} for noise in (2.0, 0.4, None)]
    expected = ["stalled", "oscillating", "oscillating"]
    assert outcomes(make_trials(*rows), DEFAULT).tolist() == expected


def test_a_metric_within_its_noise_of_chance_has_stalled(make_trials) -> None:
    # 2 % positives, all of them missed: 0.982 of the last 20 batches instead of 0.98 is luck.
    rare = {
        "metric_chance": 0.98,
        "metric_target": 0.99,
        "metric_final": 0.982,
        "loss_final": 0.1,
        "loss_chance": 0.1,
        "loss_initial": 0.7,
    }
    rows = [
        {**rare, "metric_noise": 0.0175, "batch_size": 64},
        {**rare, "metric_noise": 0.0025, "batch_size": 64},
        # A sample of 512 examples, where batches are of one.
        {**rare, "metric_noise": 0.14, "batch_size": 1},
        {**rare, "metric_final": 0.9995, "metric_noise": 0.14, "batch_size": 1},
        rare,
    ]
    expected = ["stalled", "slow", "stalled", "trained", "slow"]
    assert outcomes(make_trials(*rows), DEFAULT).tolist() == expected


@pytest.mark.parametrize("batch_size", [1, 4, 16, 64, 256])
def test_random_batches_at_chance_do_not_oscillate(make_trials, batch_size: int) -> None:
    # A network that predicts the mean of Gaussian targets: nothing happens, only batches differ.
    random = np.random.default_rng(0)
    losses = 4.0 * random.gamma(batch_size / 2, 2 / batch_size, size=(2000, 20))
    trials = make_trials(*[{**ERROR, "batch_size": batch_size, "metric_final": 4.0}] * 2000)
    trials["loss_final"] = losses.mean(axis=1)
    trials["loss_initial"] = 100.0
    trials["loss_swing"] = np.abs(np.diff(losses, axis=1)).mean(axis=1)
    assert (outcomes(trials, DEFAULT) == "oscillating").mean() < 0.003


@pytest.mark.parametrize(
    ("metric_final", "expected"),
    [(0.9, "trained"), (1.1, "slow"), (3.7, "slow"), (3.9, "stalled"), (50.0, "stalled")],
)
def test_metrics_that_fall(make_trials, metric_final: float, expected: str) -> None:
    trials = make_trials({**ERROR, "metric_final": metric_final, "loss_final": 3.0})
    assert outcomes(trials, DEFAULT).tolist() == [expected]


@pytest.mark.parametrize(
    ("loss_initial", "loss_final", "expected"),
    [
        (0.0, 0.05, "trained"),
        (0.0, 0.2, "diverged"),
        (-2.0, -3.0, "trained"),
        (-2.0, -1.95, "trained"),
        (-2.0, -1.5, "diverged"),
    ],
)
def test_a_first_loss_of_zero_or_less(
    make_trials, loss_initial: float, loss_final: float, expected: str
) -> None:
    losses = {"loss_initial": loss_initial, "loss_final": loss_final, "loss_max": 1.0}
    # Calm updates to the target are no divergence.
    trials = make_trials({**losses, "update_ratio_max": 0.5}).assign(loss_chance=2.0)
    assert outcomes(trials, DEFAULT).tolist() == [expected]


def test_a_task_without_room_to_learn_stalls(make_trials) -> None:
    trials = make_trials({"metric_chance": 1.0, "metric_ceiling": 1.0, "metric_final": 1.0})
    assert outcomes(trials, DEFAULT).tolist() == ["stalled"]


def test_index_is_kept_and_members_carry_their_meaning(make_trials) -> None:
    trials = make_trials({}, SLOW).set_index(np.array([7, 3]))
    assert outcomes(trials, DEFAULT).to_dict() == {7: "trained", 3: "slow"}
    assert Outcome("slow") is Outcome.SLOW
    assert all(one.meaning for one in Outcome)


def test_a_loss_that_rises_while_the_metric_reaches_its_target_by_calm_updates(
    make_trials,
) -> None:
    """A codebook's loss grows with what is encoded: its network was said to explode."""
    risen = {"loss_final": 2.4 * 1.5, "loss_max": 2.4 * 3, "metric_final": 0.95}
    rows = [
        {**risen, "update_ratio_max": 0.01},
        {**risen, "update_ratio_max": 0.5},
        {**risen, "update_ratio_max": 0.01, "metric_final": 0.1},
        {**risen, "update_ratio_max": 0.01, "loss_max": 2.41e6},
    ]
    expected = ["trained", "diverged", "diverged", "diverged"]
    assert outcomes(make_trials(*rows), DEFAULT).tolist() == expected
