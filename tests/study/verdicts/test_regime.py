from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from study.verdicts import DEFAULT, Regime, label_trials
from study.verdicts.profiles.layer_profile import profiles
from study.verdicts.regime import at_first_step, final_moment, initial_moment, regime


@pytest.mark.parametrize(
    ("ratio", "dead", "saturated", "expected"),
    [
        (1.0, 0.0, 0.0, "healthy"),
        (1.01e-3, 0.0, 0.0, "healthy"),
        (0.99e-3, 0.0, 0.0, "vanishing"),
        (0.0, 0.0, 0.0, "vanishing"),
        (69.9, 0.0, 0.0, "healthy"),
        (70.1, 0.0, 0.0, "exploding"),
        (math.inf, 0.0, 0.0, "dead"),
        (1e300, 0.0, 0.0, "exploding"),
        (1.0, 0.5, 0.0, "healthy"),
        (1.0, 0.9, 0.0, "dead"),
        (0.0, 1.0, 0.0, "dead"),
        (1.0, 0.0, 0.5, "healthy"),
        (1.0, 0.0, 0.51, "saturated"),
        (0.0, 0.0, 0.9, "saturated"),
        (1.0, 0.9, 0.9, "dead"),
        (1e3, 0.9, 0.9, "exploding"),
        (math.nan, math.nan, math.nan, "healthy"),
    ],
)
def test_regime(ratio: float, dead: float, saturated: float, expected: str) -> None:
    arrays = [np.array([value]) for value in (ratio, dead, saturated)]
    assert regime(*arrays, DEFAULT).tolist() == [expected]


def _moments(trials: pd.DataFrame, layers: pd.DataFrame) -> tuple[list[str], list[str]]:
    seen = profiles(layers)
    initial = initial_moment(trials, seen, DEFAULT)
    return initial.regime.tolist(), final_moment(trials, seen, DEFAULT).regime.tolist()


def test_initial_is_step_0_and_final_is_the_middle_of_the_last_three(
    make_trials, make_layers
) -> None:
    layers = pd.concat(
        make_layers(steps=(step,), deltas=[ratio, 1.0])
        for step, ratio in [(0, 1e-9), (1, 1e-9), (2, 100.0), (3, 2.0), (5, 0.5)]
    )
    seen = profiles(layers)
    final = final_moment(make_trials({}), seen, DEFAULT)
    assert final.ratio.tolist() == [2.0]
    assert seen.step[final.profile].tolist() == [3]
    assert _moments(make_trials({}), layers) == (["vanishing"], ["healthy"])


@pytest.mark.parametrize(
    ("ratios", "middle"),
    [
        ([3.0], 3.0),
        ([5.0, 0.2], 0.2),
        ([math.inf, 0.5, math.inf], math.inf),
        ([9.0, 8.0, 7.0], 8.0),
    ],
)
def test_middle_of_few_steps(make_trials, make_layers, ratios: list[float], middle: float) -> None:
    layers = pd.concat(
        make_layers(steps=(step,), deltas=[1.0, 0.0] if math.isinf(ratio) else [ratio, 1.0])
        for step, ratio in enumerate(ratios)
    )
    assert final_moment(make_trials({}), profiles(layers), DEFAULT).ratio.tolist() == [middle]


def test_steps_with_nonfinite_deltas_are_passed_over(make_trials, make_layers) -> None:
    layers = pd.concat(
        [
            make_layers(steps=(0, 1), deltas=[0.5, 1.0], saturated=0.8),
            make_layers(steps=(2, 3), deltas=[math.nan, math.inf], saturated=0.0),
        ]
    )
    final = final_moment(make_trials({}), profiles(layers), DEFAULT)
    assert final.ratio.tolist() == [0.5]
    # At NaN no unit counts as saturated, so the last step would have hidden it.
    assert final.saturated.tolist() == [0.8]
    assert _moments(make_trials({}), layers) == (["saturated"], ["saturated"])


def test_nothing_finite_is_exploding(make_trials, make_layers) -> None:
    layers = make_layers(steps=(0, 1), deltas=[math.nan, 1.0])
    assert _moments(make_trials({}), layers) == (["exploding"], ["exploding"])
    layers = pd.concat([layers[layers["step"] == 0], make_layers(steps=(1,), depth=2)])
    assert _moments(make_trials({}), layers) == (["exploding"], ["healthy"])


def test_without_hidden_layers_all_is_healthy(make_trials, make_layers) -> None:
    layers = make_layers()
    output = layers[layers["role"] == "output"]
    assert _moments(make_trials({}), output) == (["healthy"], ["healthy"])
    ratio, scale = at_first_step(make_trials({}), profiles(output))
    assert np.isnan([ratio[0], scale[0]]).all()


def test_a_trial_without_layers_was_not_measured(make_trials, make_layers) -> None:
    other = make_layers(trial=1, factor=0.1)
    assert _moments(make_trials({}, {}), other) == ([None, "vanishing"], [None, "vanishing"])
    assert _moments(make_trials({}), other.iloc[:0]) == ([None], [None])
    ratio, scale = at_first_step(make_trials({}), profiles(other))
    assert np.isnan([ratio[0], scale[0]]).all()


def test_one_hidden_layer_passes_everything(make_trials, make_layers) -> None:
    layers = make_layers(depth=1)
    assert _moments(make_trials({}), layers) == (["healthy"], ["healthy"])
    assert at_first_step(make_trials({}), profiles(layers))[0].tolist() == [1.0]


def test_depth_scale_of_geometric_deltas(make_trials, make_layers) -> None:
    # chi = 0.938636 a layer is tanh at s_w^2 = 1.5, s_b^2 = 0.05; xi = 1 / |ln chi| = 15.8.
    layers = make_layers(depth=50, factor=math.sqrt(0.938636))
    assert at_first_step(make_trials({}), profiles(layers))[1] == pytest.approx([15.8], abs=0.05)
    flat = make_layers(depth=4, factor=1.0)
    assert at_first_step(make_trials({}), profiles(flat))[1].tolist() == [math.inf]


def test_batch_normalization_is_not_judged_at_step_0_alone(make_trials, make_layers) -> None:
    layers = pd.concat(
        make_layers(trial=trial, steps=(step,), deltas=[ratio, 1.0])
        for trial in (0, 1)
        for step, ratio in [(0, 1e6), (1, 80.0), (2, 3.0), (3, 2.0), (5, 1e6)]
    )
    trials = make_trials({"normalization": "batch"}, {"normalization": "none"})
    seen = profiles(layers)
    initial = initial_moment(trials, seen, DEFAULT)
    assert initial.regime.tolist() == ["healthy", "exploding"]
    assert initial.ratio.tolist() == [3.0, 1e6]
    # The column is still that of step 0: it shows the explosion.
    assert at_first_step(trials, seen)[0].tolist() == [1e6, 1e6]
    # A trial that ended at once has nothing else.
    only = layers[layers["step"] == 0]
    assert initial_moment(trials, profiles(only), DEFAULT).regime.tolist() == ["exploding"] * 2


@pytest.mark.parametrize("way", ["fixup", "zero_last"])
def test_weights_of_zero_are_not_judged_before_the_first_update(
    make_trials, make_layers, way: str
) -> None:
    """Behind a readout of zeros no layer has a gradient, which is no sign of vanishing."""
    layers = pd.concat(
        make_layers(steps=(step,), deltas=deltas)
        for step, deltas in [(0, [1e-9, 1.0]), (1, [0.4, 1.0]), (2, [0.5, 1.0]), (3, [0.6, 1.0])]
    )
    seen = profiles(layers)
    for values, expected in [({"residual_initialization": way}, "healthy"), ({}, "vanishing")]:
        trials = make_trials(values)
        assert initial_moment(trials, seen, DEFAULT).regime.tolist() == [expected]


def test_trials_in_any_order_find_their_own_layers(make_trials, make_layers) -> None:
    layers = pd.concat(
        [make_layers(trial=0, factor=0.1), make_layers(trial=1), make_layers(trial=2, factor=9.0)]
    )
    trials = make_trials({}, {}, {}).iloc[[2, 0, 1]]
    assert _moments(trials, layers)[0] == ["exploding", "vanishing", "healthy"]


def test_members_carry_their_meaning() -> None:
    assert Regime("dead") is Regime.DEAD
    assert all(one.meaning for one in Regime)


def test_a_readout_of_zero_is_judged_from_the_first_gradients(make_trials, make_layers) -> None:
    none, some = make_layers(steps=(0,), deltas=[0.0] * 3), make_layers(steps=(1, 2, 3), depth=3)
    slow = {"metric_final": 0.5, "loss_final": 1.9}
    labelled = label_trials(make_trials(slow), pd.concat([none, some])).iloc[0]
    assert labelled.regime_initial == "healthy"
    assert "no gradient" not in labelled.explanation
    # A network that has died before its first step gets none later either.
    dead = make_layers(steps=(0, 1, 2, 3), deltas=[0.0] * 3)
    assert label_trials(make_trials(slow), dead).iloc[0].regime_initial == "vanishing"
