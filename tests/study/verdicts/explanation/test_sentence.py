from __future__ import annotations

import itertools
import math
import re

import pandas as pd
import pytest

from study.verdicts import DEFAULT, Outcome, Regime, label_trials

OUTCOMES: dict[str, dict[str, object]] = {
    "nonfinite": {
        "failure_step": 13,
        "failure_tensor": "gradient:hidden.2.weight",
        "loss_final": math.nan,
        "grad_norm_max": 4e11,
    },
    "diverged": {"loss_final": 14.0, "metric_final": 0.1},
    "oscillating": {"loss_final": 1.9, "loss_swing": 1.2, "metric_final": 0.4},
    "stalled": {"loss_final": 2.3, "metric_final": 0.103, "update_ratio_median": 1.2e-7},
    "slow": {"loss_final": 1.5, "metric_final": 0.45},
    "trained": {"metric_final": 0.97},
}
REGIMES: dict[str, dict[str, object]] = {
    "exploding": {"factor": 1.5},
    "dead": {"dead": 0.98},
    "saturated": {"saturated": 0.764},
    "vanishing": {"factor": 0.24},
    "healthy": {"factor": 0.99},
}


def evidence(row: pd.Series) -> str:
    """What follows the clause of the cause, and begins as a sentence does."""
    if row["cause"] in ("none", "unknown"):
        return str(row["explanation"])
    text = str(row["explanation"]).split(". ", 1)[1]
    return text[:1].lower() + text[1:]


@pytest.fixture
def explain(make_trials, make_layers):
    """The sentence about one trial whose layers look the same at steps 0 to 199."""

    def sentence(change: dict[str, object], **shape: object) -> str:
        layers = make_layers(steps=(0, 1, 2, 144, 199), **shape)
        return evidence(label_trials(make_trials(change), layers, metric="accuracy").iloc[0])

    return sentence


def test_vanishing(explain) -> None:
    assert explain(OUTCOMES["stalled"], depth=30, factor=0.24) == (
        "at initialization gradients shrink to 0.24 of their size at every layer on average, layer"
        " 1 receives 1.1e-18 of what layer 30 does (vanishing below 1e-3), and accuracy never left"
        " chance (accuracy 0.10, chance 0.10; stalled below 5 % of the way to 1.0)."
    )


def test_nonfinite(explain) -> None:
    assert explain(OUTCOMES["nonfinite"]) == (
        "the gradient of hidden.2.weight became non-finite at step 13, after the gradient norm"
        " rose from 3.1 to 4e11."
    )


def test_diverged(explain) -> None:
    assert explain(OUTCOMES["diverged"]) == (
        "the loss rose from 2.4 to 14 in 200 steps (diverged above 2.5)."
    )
    stopped = {"loss_max": 3.1e7, "loss_final": 1e6, "steps_run": 12}
    assert explain(stopped) == (
        "the loss rose from 2.4 to 3.1e7 within 12 steps, more than 1e6 times the first."
    )
    assert explain({**stopped, "rise_step": 7}).endswith(
        "more than 1e6 times the first, and was above twice the first from step 7 on."
    )
    ran_away = {"failure_origin": "state", "failure_detail": "layer 2 (cell) grows from 1 to 9e6"}
    assert explain({**stopped, **ran_away}).endswith(
        "the first; the recurrent state ran away: layer 2 (cell) grows from 1 to 9e6."
    )
    assert explain(OUTCOMES["diverged"], factor=1.5).endswith(
        "; at initialization gradients grow by a factor of 1.5 at every layer on average, layer 1"
        " receives 1.3e5 times what layer 30 does (exploding above 70)."
    )


def test_oscillating(explain) -> None:
    assert explain({**OUTCOMES["oscillating"], "batch_size": 64}) == (
        "the loss still swings by 1.2 from step to step at the end (violent above 0.80), with"
        " accuracy 0.40 short of the target 0.80."
    )


def test_healthy_but_stalled_names_the_step_size(explain) -> None:
    assert explain(OUTCOMES["stalled"], factor=0.99) == (
        "accuracy never left chance (accuracy 0.10, chance 0.10; stalled below 5 % of the way to"
        " 1.0), though gradients are healthy (layer 1 receives 0.75 of layer 30's); an update"
        " moves the parameters by 1.2e-7 of their size."
    )


def test_what_is_below_chance_by_chance_alone_never_left_it(explain) -> None:
    below = {**OUTCOMES["stalled"], "metric_chance": 0.98, "metric_final": 0.977}
    below |= {"metric_target": 0.99, "loss_noise": 0.01}
    assert "ended worse than chance" in explain({**below, "metric_noise": 1e-6}, factor=0.99)
    assert explain({**below, "metric_noise": 0.02}, factor=0.99).startswith(
        "accuracy never left chance (accuracy 0.98, chance 0.98; batches of its size are off by"
        " up to 0.013 by chance), though"
    )


def test_slow(explain) -> None:
    assert explain(OUTCOMES["slow"], factor=0.99).startswith(
        "accuracy got from chance (0.10) to 0.45 in 200 steps, short of the target 0.80, though"
        " gradients are healthy"
    )


def test_trained(explain) -> None:
    trained = "trained to accuracy 0.97 (target 0.80, chance 0.10)"
    assert explain(OUTCOMES["trained"]) == f"{trained}."
    assert explain(OUTCOMES["trained"], saturated=[0.1] * 6 + [0.764] + [0.1] * 23) == (
        f"{trained}, though at initialization, 76 % of layer 7's activations are saturated"
        " (limit 50 %)."
    )


def test_dead_layer_is_named(explain) -> None:
    assert explain(OUTCOMES["stalled"], depth=3, dead=[0.2, 0.98, 0.3]).startswith(
        "at initialization, 98 % of layer 2's units are zero on the whole batch (dead from 90 %),"
    )


def test_what_dead_and_saturated_units_do_to_gradients_is_told(explain) -> None:
    dead = explain(OUTCOMES["stalled"], dead=[0.0, 1.0, 0.0], deltas=[0.0, 1.0, 1.0])
    assert "(dead from 90 %) and layer 1 receives no gradient, and accuracy never" in dead
    saturated = explain(OUTCOMES["stalled"], saturated=0.8, factor=0.5, depth=20)
    assert "(limit 50 %) and layer 1 receives 1.9e-6 of what layer 20 does, and" in saturated


def test_the_initial_regime_speaks_where_the_final_one_is_healthy(
    make_trials, make_layers
) -> None:
    layers = pd.concat(
        [make_layers(steps=(0,), factor=1.5), make_layers(steps=(1, 2, 3), factor=1.0)]
    )
    text = evidence(label_trials(make_trials(OUTCOMES["slow"]), layers).iloc[0])
    assert text.startswith("at initialization gradients grow by a factor of 1.5")


def test_gradients_that_are_gone_or_not_finite(explain) -> None:
    assert "no gradient at all reaches layer 1" in explain(
        OUTCOMES["stalled"], deltas=[0.0, 0.0, 1.0]
    )
    assert "layer 2 receives no gradient at all: it is dead" in explain(
        OUTCOMES["stalled"], deltas=[1.0, 0.0]
    )
    assert "at initialization the gradients of the hidden layers are not finite" in explain(
        OUTCOMES["nonfinite"], deltas=[math.nan, 1.0]
    )


def test_shallow_networks(make_trials, make_layers, explain) -> None:
    assert "though gradients pass a single hidden layer;" in explain(OUTCOMES["slow"], depth=1)
    layers = make_layers()
    none = layers[layers["role"] == "output"]
    text = evidence(label_trials(make_trials(OUTCOMES["slow"]), none).iloc[0])
    assert "there is no hidden layer" in text


@pytest.mark.parametrize("outcome", Outcome)
def test_unmeasured_gradients(make_trials, make_layers, outcome: Outcome) -> None:
    none = make_layers().iloc[:0]
    row = label_trials(make_trials(OUTCOMES[outcome]), none, metric="accuracy").iloc[0]
    assert row.outcome == outcome
    fruitless = outcome in (Outcome.STALLED, Outcome.SLOW)
    assert ("; gradients were not measured by layer" in row.explanation) == fruitless
    assert not re.search(r"nan|None|healthy", row.explanation)


def test_recurrent_networks_speak_of_time_steps(explain) -> None:
    assert explain(OUTCOMES["stalled"], calls=64, factor=0.8).startswith(
        "at initialization gradients shrink to 0.80 of their size at every time step on average,"
        " the first of 64 time steps receives 7.8e-7 of what the last does (vanishing below 1e-3),"
    )
    assert (
        "gradients grow by a factor of 1.2 at every time step on average, the first of 64 time"
        " steps receives 9.7e4 times what the last does"
    ) in explain(OUTCOMES["diverged"], calls=64, factor=1.2)
    assert "no gradient at all reaches the first of 64 time steps" in explain(
        OUTCOMES["stalled"], calls=64, factor=0.0
    )
    assert "(the first of 64 time steps receives 0.53 of the last's)" in explain(
        OUTCOMES["slow"], calls=64, factor=0.99
    )
    assert "saturated (limit 50 %) and the first of 64 time steps receives" in explain(
        OUTCOMES["slow"], calls=64, factor=0.8, saturated=0.9
    )


def test_metrics_worse_than_chance_or_unknown(explain) -> None:
    assert "ended worse than chance (accuracy 0.010" in explain({"metric_final": 0.01})
    assert "(accuracy unknown, chance 0.10)" in explain({"metric_final": math.nan})


@pytest.mark.parametrize(("outcome", "regime"), itertools.product(Outcome, Regime))
def test_every_combination_is_one_sentence_with_its_evidence(
    make_trials, make_layers, explain, outcome: Outcome, regime: Regime
) -> None:
    layers = make_layers(steps=(0, 1, 2), **REGIMES[regime])
    row = label_trials(make_trials(OUTCOMES[outcome]), layers, metric="accuracy").iloc[0]
    assert (row.outcome, row.regime_initial, row.regime_final) == (outcome, regime, regime)
    text = evidence(row)
    assert text.endswith(".") and text.count(". ") == 0
    assert not re.search(r"nan|None|\{|\}|  |unknown", text)
    limits = {
        "exploding": f"exploding above {DEFAULT.exploding_ratio:g}",
        "vanishing": "vanishing below 1e-3",
        "dead": "dead from 90 %",
        "saturated": "saturated (limit 50 %)",
        "healthy": "",
    }
    bounds_left = outcome in ("nonfinite", "diverged", "oscillating")
    if not (bounds_left and regime == "vanishing"):
        assert limits[regime] in text


def test_braces_in_names_are_text(make_trials, make_layers) -> None:
    failed = {**OUTCOMES["nonfinite"], "failure_tensor": "gradient:{metric}.weight"}
    text = evidence(label_trials(make_trials(failed), make_layers(), metric="accuracy").iloc[0])
    assert text.startswith("the gradient of {metric}.weight became")


def test_theory_is_named_where_it_speaks_of_the_same_moment(explain) -> None:
    expected = {"predicted_ratio": 0.24**29, "activation": "sigmoid"}
    assert explain({**OUTCOMES["stalled"], **expected}, factor=0.25).startswith(
        "at initialization gradients shrink to 0.25 of their size at every layer on average"
        " (theory for sigmoid with these weights: 0.24), layer 1 receives 3.5e-18 of what layer"
        " 30 does (vanishing below 1e-3), and accuracy"
    )
    exploding = {"predicted_ratio": 1.4**29, "activation": "tanh"}
    assert "average (theory for tanh with these weights: 1.4), layer 1 receives" in explain(
        {**OUTCOMES["diverged"], **exploding}, factor=1.5
    )
    flat = {"predicted_ratio": 1.0, "predicted_saturated_fraction": 0.77, "activation": "tanh"}
    assert "(limit 50 %; theory for tanh with these weights: 77 %), and accuracy" in explain(
        {**OUTCOMES["stalled"], **flat}, saturated=0.8
    )
    assert (
        "(layer 1 receives 0.75 of layer 30's; theory for this network with these weights: 0.80)"
        in (explain({**OUTCOMES["slow"], "predicted_ratio": 0.8}, factor=0.99))
    )


def test_theory_that_expected_something_else_is_held_against_it(explain) -> None:
    assert (
        "(vanishing below 1e-3), where theory expected healthy gradients: 0.90 of layer 30's,"
        in (explain({**OUTCOMES["stalled"], "predicted_ratio": 0.9}, factor=0.24))
    )
    flat = {"predicted_ratio": 1e-5, "predicted_saturated_fraction": 0.8}
    assert "where theory expected saturated activations: 80 % of a layer's, and" in explain(
        {**OUTCOMES["stalled"], **flat}, factor=0.24
    )


def test_theory_is_silent_of_what_training_did(make_trials, make_layers) -> None:
    layers = pd.concat(
        [make_layers(steps=(0,), factor=1.0), make_layers(steps=(5, 8, 13), factor=0.5)]
    )
    trial = {**OUTCOMES["slow"], "predicted_ratio": 1.0}
    assert "theory" not in label_trials(make_trials(trial), layers).explanation[0]
    wrong = {**OUTCOMES["slow"], "predicted_ratio": 1e3}
    assert (
        "(at initialization it was healthy, theory expected exploding gradients: 1000 of layer"
        " 30's)"
    ) in label_trials(make_trials(wrong), layers).explanation[0]


def test_batch_normalization_is_judged_when_theory_is_over(make_trials, make_layers) -> None:
    """Theory is right about step 0, but its explosion is over one step later."""
    layers = pd.concat(
        [make_layers(steps=(0,), factor=1.2), make_layers(steps=(1, 2, 3), factor=1.0)]
    )
    trial = {**OUTCOMES["slow"], "predicted_ratio": 1.2**29, "normalization": "batch"}
    row = label_trials(make_trials(trial), layers).iloc[0]
    assert (row.regime_initial, row.predicted_regime) == ("healthy", "exploding")
    assert "theory" not in row.explanation
