"""Causes of trials whose signs are those of one thing that went wrong."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from study.tables.schema import CAUSES
from study.verdicts import Cause, label_trials
from study.verdicts.causes.rules import RULES

RECORDED = (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 199)
STALLED = {"metric_final": 0.10, "loss_final": 2.3, "loss_fall": 0.0, "update_ratio_median": 5e-3}
SLOW = {"metric_final": 0.45, "loss_final": 1.5, "loss_fall": 0.4}


@pytest.fixture
def label(make_trials, make_layers):
    """The row of one trial with healthy layers, whose table is changed as told."""

    def row(
        change: dict[str, object],
        *,
        rate: object = 0.1,
        update: object = 5e-3,
        loss: object = 2.3,
        clip: float = 1.0,
        layers: dict[str, object] | None = None,
        weights: tuple[float, float] = (0.1, 0.1),
        **shape: object,
    ) -> pd.Series:
        trials = make_trials(change)
        steps = pd.DataFrame({"trial": 0, "step": RECORDED})
        steps = steps.assign(
            loss=loss, metric=0.1, grad_norm=1.0, clip_factor=clip, learning_rate=rate
        )
        steps["update_ratio"] = update
        at = pd.concat(
            [
                make_layers(steps=RECORDED[:1], **shape).assign(weight_rms=weights[0]),
                make_layers(steps=RECORDED[1:], **{**shape, **(layers or {})}).assign(
                    weight_rms=weights[1]
                ),
            ]
        ).assign(weight_count=100)
        return label_trials(trials, at, steps=steps, metric="accuracy").iloc[0]

    return row


def test_what_trained_has_no_cause(label) -> None:
    row = label({"input_rms": 57.0})
    assert (row.verdict, row.cause) == ("stable", "none")
    assert row.explanation.startswith("trained to accuracy")


@pytest.mark.parametrize("outcome", [STALLED, SLOW, {"loss_final": 14.0, "metric_final": 0.1}])
def test_inputs_and_targets_far_from_the_scale_of_initial_weights(label, outcome) -> None:
    row = label({**outcome, "input_rms": 57.0, "target_rms": 4e7})
    assert row.cause == "input_scale"
    assert row.explanation.startswith(
        "the inputs have a root mean square of 57, where networks start from 1, and the targets"
        " one of 4e7. "
    )
    assert label({**outcome, "target_rms": 4e7}).cause == "target_scale"
    assert label({**outcome, "input_rms": 3.0}).cause != "input_scale"


def test_a_loss_function_that_makes_nan_of_finite_outputs(label) -> None:
    broken = {
        "failure_step": 337,
        "failure_tensor": "loss",
        "failure_origin": "loss",
        "failure_detail": "the loss of 3 of 64 examples (rows 7, 90, 412)",
        "loss_final": math.nan,
    }
    row = label(broken)
    assert (row.verdict, row.cause) == ("exploding", "loss_function")
    assert "rows 7, 90, 412" in row.explanation.split(". ")[0]
    # Outputs that had run away before made the same.
    assert label({**broken, "loss_max": 1e30}).cause != "loss_function"
    # From an ordinary loss to infinity in one step: it was the outputs that ran away.
    assert label({**broken, "failure_output": 2e25}).cause != "loss_function"
    assert label({**broken, "failure_output": 3.0}).cause == "loss_function"


def test_a_loss_without_lower_bound(label) -> None:
    row = label({**STALLED, "loss_final": -4e5, "loss_best": -4e5})
    assert row.cause == "unbounded_loss"
    assert "it fell to -4e5 from 2.4" in row.explanation
    assert "cross-entropy" not in row.explanation
    mask = label({**STALLED, "loss_final": -4e5, "loss_best": -4e5, "target_rms": 180.0})
    assert "has none where targets lie beyond 0 and 1" in mask.explanation


@pytest.mark.parametrize(
    ("calls", "cause"), [(1, "growing_through_depth"), (50, "growing_through_time")]
)
def test_gradients_that_grow(label, calls: int, cause: str) -> None:
    row = label({"loss_final": 14.0, "metric_final": 0.1}, factor=1.5, calls=calls)
    assert (row.verdict, row.cause) == ("exploding", cause)


@pytest.mark.parametrize(
    ("calls", "cause"), [(1, "shrinking_through_depth"), (50, "shrinking_through_time")]
)
def test_gradients_that_shrink(label, calls: int, cause: str) -> None:
    row = label(STALLED, factor=0.5, calls=calls)
    assert (row.verdict, row.cause) == ("vanishing", cause)


def test_a_chaotic_network_that_saturates_later(label) -> None:
    later = {"saturated": 0.9, "factor": 1.0}
    row = label({**STALLED, "predicted_ratio": 130.0}, factor=1.13, layers=later)
    assert (row.regime_initial, row.regime_final) == ("healthy", "saturated")
    assert row.cause == "growing_through_depth"


def test_a_recurrent_state_that_adds_up(label) -> None:
    away = {"loss_final": 1e9, "loss_max": 1e9, "metric_final": 0.1}
    row = label(away, calls=200, factor=0.9)
    assert (row.verdict, row.cause) == ("exploding", "growing_state")
    # No word of gradients that do not arrive: two opposite statements about one trial.
    assert "shrink" not in row.explanation
    assert label({**away, "update_ratio_max": 3.0}, calls=200).cause == "large_steps"


@pytest.mark.parametrize(
    ("units", "at_first", "later"),
    [("dead", "dead_from_start", "killed_by_update"),
     ("saturated", "saturated_from_start", "saturated_by_update")],
)  # fmt: skip
def test_units_from_the_start_or_by_an_update(label, units, at_first, later) -> None:
    assert label(STALLED, **{units: 0.99}).cause == at_first
    violent = [*[0.6] * 3, *[1e-4] * 10]
    row = label({**STALLED, "update_ratio_max": 0.6}, update=violent, layers={units: 0.99})
    assert row.cause == later
    assert "(the first violent one at step 0)" in row.explanation


def test_unscaled_inputs_give_all_seeds_one_verdict(label) -> None:
    """Seeds with 56 % of the first layer saturated were vanishing, those with 45 % stalled."""
    for share in (0.45, 0.56):
        row = label({**STALLED, "input_rms": 58.0}, saturated=share)
        assert (row.verdict, row.cause) == ("stalled", "input_scale")
    assert label(STALLED, saturated=0.56).verdict == "vanishing"
    gone = label({**STALLED, "input_rms": 58.0}, saturated=0.56, factor=0.05)
    assert gone.verdict == "vanishing"


def test_a_saturated_network_that_learns_steadily_is_short_of_steps(label) -> None:
    """Of one configuration, seeds above and below half of the units saturated had two causes."""
    for share in (0.45, 0.66):
        row = label({**SLOW, "metric_final": 0.7}, saturated=share)
        assert (row.verdict, row.cause) == ("slow", "short_training")
    assert label({**SLOW, "metric_final": 0.3}, saturated=0.66).cause == "saturated_from_start"


def test_a_learning_rate_that_has_decayed_away(label) -> None:
    rate = [0.02 * 0.1 ** (step / 10) for step in RECORDED]
    row = label(STALLED, rate=rate)
    assert (row.verdict, row.cause) == ("stalled", "decayed_rate")
    assert row.explanation.startswith(
        "the learning rate has decayed away: 0.020 at first, below 1 % of it from step 21 on, "
        "2.5e-22 at the end. "
    )
    cosine = [0.02 * (1 + math.cos(math.pi * step / 200)) / 2 for step in RECORDED]
    assert label(STALLED, rate=cosine).cause != "decayed_rate"


def test_weights_that_decay_has_shrunk(label) -> None:
    row = label({**STALLED, "weight_decay": 0.5}, weights=(0.1, 0.01))
    assert row.cause == "weight_decay"
    assert "a weight decay of 0.50 has shrunk the weights to 0.10" in row.explanation
    assert label({**SLOW, "weight_decay": 0.0}, weights=(0.1, 0.01)).cause != "weight_decay"


def test_weights_that_a_penalty_in_the_loss_has_shrunk(label) -> None:
    """The loss fell by the penalty alone, and was said to be still learning."""
    row = label({**STALLED, "loss_final": 2.4, "loss_fall": 1.3}, weights=(0.1, 0.01))
    assert row.cause == "weight_decay"
    assert "without a weight decay: a term of the loss" in row.explanation


def test_steps_that_are_too_large_and_the_first_of_them(label) -> None:
    update = [1e-2] * 5 + [0.4] * 8
    row = label({"loss_final": 14.0, "metric_final": 0.1, "update_ratio_max": 0.4}, update=update)
    assert row.cause == "large_steps"
    assert "the first violent one was step 8" in row.explanation


def test_a_rate_far_below_its_limit_is_no_evidence_of_large_steps(label) -> None:
    relapsed = {"metric_best": 0.7, "metric_final": 0.2, "loss_final": 2.2}
    assert "of its limit" not in label({**relapsed, "edge_ratio": 0.08}).explanation
    assert "is 1.3 of its limit" in label({**relapsed, "edge_ratio": 1.3}).explanation


def test_first_steps_of_an_adaptive_optimizer(label) -> None:
    update = [0.4, 0.3] + [1e-3] * 11
    loss = [2.3, 9.0, 8.0] + [4.0] * 10
    diverged = {"loss_final": 14.0, "metric_final": 0.1, "update_ratio_median": 1e-3}
    assert label({**diverged, "optimizer": "adam"}, update=update, loss=loss).cause == "cold_start"
    assert label({**diverged, "optimizer": "sgd"}, update=update, loss=loss).cause == "large_steps"
    warm = {**diverged, "optimizer": "adam", "warmup_steps": 50}
    assert label(warm, update=update, loss=loss).cause == "large_steps"


def test_first_steps_after_which_gradients_die_away(label) -> None:
    stuck = {**STALLED, "optimizer": "adam", "update_ratio_median": 1e-3}
    update = [0.02, 0.01, 0.01] + [1e-3] * 10
    assert label(stuck, update=update, layers={"factor": 0.9}).cause == "cold_start"
    warm = {**stuck, "warmup_steps": 50}
    assert label(warm, update=update, layers={"factor": 0.9}).cause != "cold_start"
    assert label(stuck, update=update).cause != "cold_start"
    # Where gradients die away because units did, these are to be told of.
    killed = label(stuck, update=update, layers={"factor": 0.9, "dead": 1.0})
    assert killed.cause == "killed_by_update"


def test_steps_that_are_too_small(label) -> None:
    row = label({**STALLED, "update_ratio_median": 1e-6, "edge_ratio": 1e-5})
    assert (row.verdict, row.cause) == ("stalled", "small_steps")
    assert "200 of them, joined end to end, make 2e-4 of the parameters' size" in row.explanation


def test_a_warm_up_that_outlasts_the_training(label) -> None:
    """What crept ahead so was said to need more steps."""
    row = label({**SLOW, "warmup_steps": 10_000}, rate=[1e-7 * (s + 1) for s in RECORDED])
    assert row.cause == "small_steps"
    assert "a warm-up of 10000 steps outlasts the 200 of the training" in row.explanation
    assert label({**SLOW, "warmup_steps": 20}).cause == "short_training"


def test_epsilon_above_the_size_of_gradients(label) -> None:
    adam = {**STALLED, "optimizer": "adam", "grad_norm_median": 1.0}
    # 3,100 weights and a gradient of norm 1: 0.018 a component.
    assert label({**adam, "epsilon": 1.0}).cause == "epsilon"
    assert label({**adam, "epsilon": 1e-8}).cause != "epsilon"


def test_a_gradient_of_which_clipping_leaves_nothing(label) -> None:
    assert label({**STALLED, "update_ratio_median": 1e-6}, clip=1e-4).cause == "clipped_away"


def test_an_answer_that_is_nearly_always_right(label) -> None:
    one = {**STALLED, "majority_share": 0.98, "metric_chance": 0.98, "metric_target": 0.99}
    row = label({**one, "metric_final": 0.98, "metric_best": 0.98})
    assert row.cause == "majority_answer"
    assert "one answer is right for 98 % of the examples" in row.explanation
    # 0.99 of a few batches is no more than 0.98, and a loss that falls has not got there yet.
    lucky = {**one, "metric_final": 0.987, "metric_best": 0.987, "metric_noise": 0.02}
    row = label(
        lucky, loss=[0.7, 0.6, 0.5, 0.4, 0.3, 0.28, 0.25, 0.2, 0.18, 0.16, 0.14, 0.12, 0.1]
    )
    assert (row.verdict, row.cause) == ("stalled", "majority_answer")


def test_what_still_learns_is_slow_and_needs_more_steps(label) -> None:
    row = label(SLOW)
    assert (row.verdict, row.cause) == ("slow", "short_training")
    assert "in their second half the loss fell from 1.9 to 1.5" in row.explanation
    # Neither one violent update nor gradients that exploded at first make it exploding.
    violent = [0.11] + [1e-2] * 12
    assert label({**SLOW, "update_ratio_max": 0.11}, update=violent, factor=1.5).verdict == "slow"


def test_what_learned_and_falls_no_more_is_not_still_learning(label) -> None:
    """It was said to be still learning, and to need more steps."""
    row = label({**SLOW, "loss_fall": 0.0, "update_ratio_median": 5e-3})
    assert (row.verdict, row.cause) == ("slow", "levelled_off")
    assert "its loss fell no more: 1.5 halfway, 1.5 at the end" in row.explanation
    # Of older tables, without the figure, it is not said.
    unknown = {**SLOW, "loss_fall": None, "update_ratio_median": 5e-3}
    assert label(unknown, loss=math.nan).cause == "short_training"


@pytest.mark.parametrize(
    ("shape", "cause"), [({}, "depth"), ({"calls": 30}, "time")], ids=["layers", "time steps"]
)
def test_gradients_that_are_gone_at_the_end_are_no_lack_of_steps(label, shape, cause) -> None:
    # What had learned a little was "vanishing because it is still learning".
    for change in ({**SLOW, "loss_fall": 0.0, "update_ratio_median": 5e-3}, STALLED):
        row = label(change, layers={"factor": 0.05}, **shape)
        assert (row.verdict, row.cause) == ("vanishing", f"shrinking_through_{cause}")
    assert label(SLOW, layers={"factor": 0.05}, **shape).verdict == "slow"


def test_what_has_no_sign_has_no_cause(label) -> None:
    row = label({**STALLED, "update_ratio_median": 0.02})
    assert (row.verdict, row.cause) == ("stalled", "unknown")


def test_every_cause_has_a_rule_and_a_meaning() -> None:
    assert [cause.value for cause in Cause] == list(CAUSES)
    assert {rule.cause for rule in RULES} == set(Cause) - {Cause.UNKNOWN, Cause.NONE}


@pytest.mark.parametrize(
    "fault",
    ["broadcast", "unseen_inputs", "mixed_examples", "alike_units", "own_noise", "linear_network"],
)
def test_what_is_odd_about_the_wiring_of_what_did_not_learn(label, fault: str) -> None:
    odd = {"wiring_fault": fault, "wiring_detail": "something is odd"}
    row = label({**STALLED, **odd})
    assert row.cause == fault and row.explanation.startswith("something is odd. ")
    # What trains as it is has nothing to be blamed for.
    assert label(odd).cause == "none"


def test_frozen_layers_are_to_blame_where_nothing_else_is(label) -> None:
    """What was frozen was noticed before training, and the cause was unknown."""
    frozen = {"still_parts": "0, 2 (requires_grad is False)", "still_share": 0.0}
    row = label({**STALLED, **frozen})
    assert row.cause == "still_part"
    assert "is not enough: 0, 2 (requires_grad is False). " in row.explanation
    assert label({**STALLED, **frozen, "input_rms": 58.0}).cause == "input_scale"
    assert label({**SLOW, **frozen}).cause == "short_training"


def test_a_linear_network_that_is_still_learning_needs_time(label) -> None:
    odd = {"wiring_fault": "linear_network", "wiring_detail": "no bend"}
    assert label({**SLOW, **odd}).cause == "short_training"
    settled = {**SLOW, **odd, "loss_fall": 0.0, "update_ratio_median": 5e-3}
    assert label(settled).cause == "linear_network"


def test_inputs_that_tell_nothing_of_the_targets(label) -> None:
    assert label({**STALLED, "signal": 0.0}).cause == "no_signal"
    # Learned by heart: it falls, but there is nothing to find.
    by_heart = {**SLOW, "metric_final": 0.2, "signal": 0.0}
    assert label(by_heart).cause == "no_signal"
    assert label({**by_heart, "metric_final": 0.7}).cause == "short_training"
    assert label({**STALLED, "signal": None}).cause != "no_signal"


def test_time_steps_inside_of_one_module(label) -> None:
    row = label({**STALLED, "time_ratio": 1e-9})
    assert row.cause == "shrinking_through_time"
    assert "the first one receives 1e-9 of what the last one does" in row.explanation
    assert label({**STALLED, "time_ratio": 0.1}).cause != "shrinking_through_time"
    # Where something has been learned a memory that long was not what it needed.
    assert label({**SLOW, "time_ratio": 1e-9}).cause == "short_training"


def test_a_function_inside_the_network(label) -> None:
    broken = {
        "failure_step": 0,
        "failure_tensor": "loss",
        "failure_origin": "network",
        "failure_detail": "a division by 0 for 8 of 64 examples (rows 0, 9, 18, ...)",
        "loss_final": math.nan,
    }
    row = label(broken)
    assert (row.verdict, row.cause) == ("exploding", "network_function")
    assert "a division by 0 for 8 of 64 examples" in row.explanation.split(". ")[0]
    assert label({**broken, "failure_step": 50, "loss_max": 1e30}).cause != "network_function"


def test_a_catapult_that_is_passed_and_goes_on_falling(label) -> None:
    # Twelve steps of large batches: 16, up to 117, down to 0.75 and falling, was called exploding.
    steps = {"steps_run": 12, "loss_initial": 16.1, "loss_max": 117.0, "update_ratio_max": 0.11}
    trial = {**STALLED, **steps, "loss_final": 0.75, "loss_fall": 0.64, "loss_chance": 0.45}
    row = label(trial)
    assert (row.verdict, row.cause) == ("stalled", "short_training")
    assert label({**trial, "loss_fall": 0.0}).verdict == "exploding"
    assert label({**trial, "loss_final": 14.0}).verdict == "exploding"


def test_a_loss_that_falls_beside_a_metric_that_does_not_asks_for_something_else(label) -> None:
    """It was "nothing that was measured explains it", or whatever gradients did afterwards."""
    satisfied = {**STALLED, "loss_chance": 2.3, "update_ratio_median": 0.02}
    row = label({**satisfied, "loss_final": 0.2})
    assert (row.verdict, row.cause) == ("stalled", "other_goal")
    assert "the loss fell to 0.20, below the 2.3 of the best constant answer" in row.explanation
    assert label({**satisfied, "loss_final": 1.9}).cause == "unknown"
    # A metric far below chance says it of a smaller fall.
    worse = {**satisfied, "loss_final": 1.9, "metric_final": -0.6}
    assert label(worse).cause == "other_goal"
    # What learned, and a loss of which nobody knows the chance, are none of it.
    assert label({**SLOW, "loss_chance": 2.3, "loss_final": 0.2}).cause != "other_goal"
    assert label({**satisfied, "loss_final": 0.2, "loss_chance": None}).cause == "unknown"


def test_a_gradient_of_zero_in_every_layer_is_none_that_shrinks_on_its_way(label) -> None:
    gone = {**STALLED, "grad_norm_median": 0.0}
    row = label(gone, layers={"factor": 0.05})
    assert row.cause == "flat_loss"
    assert "exactly zero in every layer, the last one too" in row.explanation
    some = {**STALLED, "grad_norm_median": 1e-9}
    assert label(some, layers={"factor": 0.05}).cause == "shrinking_through_depth"
    # Units that an update killed are told before what they leave.
    violent = [*[0.6] * 3, *[1e-4] * 10]
    killed = label({**gone, "update_ratio_max": 0.6}, update=violent, layers={"dead": 0.99})
    assert killed.cause == "killed_by_update"
