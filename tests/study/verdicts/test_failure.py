from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from study.verdicts import DEFAULT, Outcome, Regime, label_trials
from study.verdicts.failure import Failure, Regimes, failures, rose, violent

BARRED = ["vanishing", "dead", "saturated"]
FAILING = ["oscillating", "stalled", "slow"]
FRUITLESS = ["stalled", "slow"]


def failure(
    outcome: str,
    initial: str | None,
    final: str | None,
    *,
    start: str | None = "as initial",
    violent: bool = False,
    rose: bool = False,
    learning: bool = False,
) -> str:
    def column(value: str | None) -> np.ndarray:
        return np.array([value], dtype=object)

    regimes = Regimes(
        start=column(initial if start == "as initial" else start),
        initial=column(initial),
        final=column(final),
    )
    return str(
        failures(column(outcome), regimes, *map(np.array, ([violent], [rose], [learning])))[0]
    )


@pytest.mark.parametrize("regime", list(Regime))
def test_what_trained_has_no_cause_of_failure(regime: Regime) -> None:
    assert failure("trained", regime, regime, violent=True, rose=True) == Failure.NONE


@pytest.mark.parametrize("regime", list(Regime))
@pytest.mark.parametrize("outcome", ["nonfinite", "diverged"])
def test_what_blew_up_blew_up(outcome: str, regime: Regime) -> None:
    assert failure(outcome, regime, regime) == Failure.BLOWN_UP


@pytest.mark.parametrize("outcome", FAILING)
def test_gradients_that_explode_at_the_end(outcome: str) -> None:
    for initial in Regime:
        assert failure(outcome, initial, "exploding") == Failure.GRADIENTS


@pytest.mark.parametrize("final", BARRED)
@pytest.mark.parametrize("outcome", FAILING)
def test_gradients_that_exploded_and_are_gone_since(outcome: str, final: str) -> None:
    # A chaotic tanh network saturates after its first update.
    assert failure(outcome, "exploding", final) == Failure.GRADIENTS


def test_gradients_that_exploded_and_are_healthy_since() -> None:
    # A recurrent network whose loss fell from 453 to 0.083, short of its target, was once called
    # exploding for what its first gradients were.
    assert failure("slow", "exploding", "healthy") == Failure.NONE
    assert failure("stalled", "exploding", "healthy") == Failure.GRADIENTS


@pytest.mark.parametrize("final", BARRED)
@pytest.mark.parametrize("outcome", FRUITLESS)
def test_violent_updates_that_killed_a_sound_network(outcome: str, final: str) -> None:
    # A learning rate 100 times too large kills ReLU networks without a loss that diverges; they
    # were once called vanishing.
    assert failure(outcome, "healthy", final, violent=True) == Failure.UPDATES
    assert failure(outcome, "healthy", final, violent=False) == Failure.BARRED


@pytest.mark.parametrize("outcome", FRUITLESS)
def test_violent_updates_after_which_the_loss_rose(outcome: str) -> None:
    assert failure(outcome, "healthy", "healthy", violent=True, rose=True) == Failure.UPDATES
    assert failure(outcome, "healthy", "healthy", violent=True, rose=False) == Failure.NONE
    assert failure(outcome, "healthy", "healthy", violent=False, rose=True) == Failure.NONE


@pytest.mark.parametrize("regime", BARRED)
def test_a_network_without_gradients_from_the_start_is_not_killed_by_updates(regime: str) -> None:
    assert failure("stalled", regime, regime, violent=True, rose=True) == Failure.BARRED
    # Seen: a GRU with R = 6e-4 and a learning rate of 0.7 under Adam; it had learned something.
    assert failure("slow", regime, regime, violent=True) == Failure.UPDATES
    assert failure("slow", regime, regime) == Failure.BARRED


def test_a_network_judged_after_the_updates_that_killed_it() -> None:
    # With batch normalization the initial regime is that of steps 1 to 3.
    assert failure("stalled", "dead", "dead", start="exploding", violent=True) == Failure.UPDATES
    # Residual branches of zero have no gradient at step 0, and are sound.
    assert (
        failure("stalled", "healthy", "dead", start="vanishing", violent=True) == Failure.UPDATES
    )


@pytest.mark.parametrize("regime", BARRED)
def test_gradients_that_do_not_arrive(regime: str) -> None:
    for outcome in FRUITLESS:
        assert failure(outcome, regime, regime) == Failure.BARRED
        assert failure(outcome, "healthy", regime) == Failure.BARRED
    assert failure("stalled", regime, "healthy") == Failure.BARRED
    # It learns, and its gradients arrive by now: it is only slow.
    assert failure("slow", regime, "healthy") == Failure.NONE


@pytest.mark.parametrize("regime", [*BARRED, "healthy"])
def test_swings_are_put_down_to_nothing_but_exploding_gradients(regime: str) -> None:
    assert failure("oscillating", regime, regime, violent=True, rose=True) == Failure.NONE


@pytest.mark.parametrize("outcome", FAILING)
def test_without_regimes_nothing_is_known(outcome: str) -> None:
    assert failure(outcome, None, None) == Failure.NONE


def test_every_combination_has_a_cause() -> None:
    known = set(Failure)
    for outcome in Outcome:
        for initial in (*Regime, None):
            for final in (*Regime, None):
                assert failure(outcome, initial, final, violent=True, rose=True) in known


def test_updates_are_violent_above_the_threshold(make_trials) -> None:
    trials = make_trials(
        {"update_ratio_max": 0.1},
        {"update_ratio_max": 0.11},
        {"update_ratio_max": np.inf},
        {"update_ratio_max": None},
    )
    assert violent(trials, DEFAULT).tolist() == [False, True, True, False]


def test_a_loss_rises_against_the_first_or_against_chance(make_trials) -> None:
    trials = make_trials(
        {"loss_initial": 2.0, "loss_max": 3.9},
        {"loss_initial": 2.0, "loss_max": 4.1},
        # A perfect start: chance is the measure.
        {"loss_initial": 0.0, "loss_chance": 2.0, "loss_max": 1.9},
        {"loss_initial": 0.0, "loss_chance": 2.0, "loss_max": 2.1},
        {"loss_initial": 2.0, "loss_max": np.inf},
    )
    assert rose(trials, DEFAULT).tolist() == [False, True, False, True, True]


STALLED = {"metric_final": 0.10, "metric_best": 0.12, "loss_final": 2.3}


def test_labels_of_a_network_killed_by_its_first_update(make_trials, make_layers) -> None:
    killed = {**STALLED, "update_ratio_max": 0.6}
    layers = make_layers(steps=(0,), factor=1.0)
    dead = make_layers(steps=(1, 2, 3), deltas=[0.0] * 30, dead=1.0)
    row = label_trials(make_trials(killed), pd.concat([layers, dead])).iloc[0]
    assert (row.outcome, row.regime_initial, row.regime_final) == ("stalled", "healthy", "dead")
    assert row.verdict == "exploding"
    assert (
        "An update moved the parameters by 0.60 of their size (violent above 0.10), at step 3, 100"
    ) in row.explanation
    assert row.cause == "killed_by_update"
