from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from study.verdicts.profiles.layer_profile import profiles


@pytest.mark.parametrize("factor", [0.24, 0.9, 1.0, 1.5])
def test_geometric_deltas_give_the_exact_ratio_and_slope(make_layers, factor: float) -> None:
    profile = profiles(make_layers(depth=30, factor=factor))
    assert profile.ratio == pytest.approx([factor**29], rel=1e-12)
    # ln delta_l^2 = const - 2 l ln(factor)
    assert profile.slope == pytest.approx([-2 * math.log(factor)], rel=1e-9, abs=1e-12)
    assert (profile.first_layer.tolist(), profile.last_layer.tolist()) == ([1], [30])


def test_slope_is_the_least_squares_one(make_layers) -> None:
    deltas = list(np.exp(np.random.default_rng(1).normal(size=12)))
    expected = np.polyfit(np.arange(1, 13), np.log(np.square(deltas)), 1)[0]
    assert profiles(make_layers(deltas=deltas)).slope == pytest.approx([expected])


def test_rows_in_any_order_and_trials_of_any_depth(make_layers) -> None:
    layers = pd.concat(
        [
            make_layers(trial=5, steps=(0, 1), depth=3, factor=0.5),
            make_layers(trial=2, steps=(0, 7), depth=10, factor=2.0),
        ]
    )
    profile = profiles(layers.sample(frac=1, random_state=0))
    assert list(zip(profile.trial.tolist(), profile.step.tolist(), strict=True)) == [
        (2, 0),
        (2, 7),
        (5, 0),
        (5, 1),
    ]
    assert profile.ratio == pytest.approx([2.0**9, 2.0**9, 0.25, 0.25])


def test_edge_cases_of_delta(make_layers) -> None:
    cases = {
        "one layer": ([3.0], 1.0, math.nan),
        "nothing arrives": ([0.0, 1e-30, 1.0], 0.0, math.log(1e60)),
        "no gradient at all": ([0.0, 0.0], 0.0, math.nan),
        "one layer without any": ([0.0], 0.0, math.nan),
        "none at the end": ([1.0, 0.0], math.inf, math.nan),
        "nan": ([math.nan, 1.0], math.nan, math.nan),
        "inf inside": ([1.0, math.inf, 1.0], math.nan, math.nan),
    }
    for deltas, ratio, slope in cases.values():
        profile = profiles(make_layers(deltas=deltas))
        assert profile.ratio == pytest.approx([ratio], nan_ok=True)
        assert profile.slope == pytest.approx([slope], nan_ok=True)
        assert profile.finite.tolist() == [np.isfinite(deltas).all()]


def test_the_worst_layer_is_named(make_layers) -> None:
    layers = make_layers(depth=3, dead=[0.1, 0.7, 0.7], saturated=[math.nan, 0.2, 0.3])
    profile = profiles(layers)
    assert (profile.dead.tolist(), profile.dead_layer.tolist()) == ([0.7], [2])
    assert (profile.saturated.tolist(), profile.saturated_layer.tolist()) == ([0.3], [3])
    unmeasured = profiles(make_layers(depth=3, saturated=math.nan))
    assert np.isnan(unmeasured.saturated).all()


@pytest.mark.parametrize(
    ("received", "shares", "dead", "layer"),
    [
        pytest.param(
            [1, 1e-33, 0, 0], [0.4, 0.3, 1, 1], 0.4, 1, id="the signal shrank to nothing"
        ),
        pytest.param([1, 0, 0, 0], [0.4, 1, 1, 1], 1, 2, id="weights of zero"),
        pytest.param([1, 1, 1, 0], [0.4, 0, 1, 1], 1, 3, id="units that died behind a signal"),
        pytest.param([math.nan] * 4, [0.4, 1, 1, 1], 1, 2, id="unmeasured"),
    ],
)
def test_a_layer_that_no_signal_reaches_is_not_dead(
    make_layers, received: list[float], shares: list[float], dead: float, layer: int
) -> None:
    layers = make_layers(depth=4, dead=shares).assign(preactivation_rms=[*received, 1.0])
    profile = profiles(layers)
    assert (profile.dead.tolist(), profile.dead_layer.tolist()) == ([dead], [layer])


def test_output_layers_do_not_count_and_none_may_be_left(make_layers) -> None:
    layers = make_layers(depth=2)
    assert len(profiles(layers[layers["role"] == "output"])) == 0


def _recurrent(*layers: tuple[int, float, float]) -> pd.DataFrame:
    """One profile of hidden layers given as (calls, delta at the first call, at the last)."""
    return pd.DataFrame(
        [
            {
                "trial": 0,
                "step": 0,
                "layer": number,
                "role": "hidden",
                "delta_rms": first,
                "dead_fraction": 0.0,
                "saturated_fraction": 0.0,
                "calls": calls,
                "delta_rms_first_call": first,
                "delta_rms_last_call": last,
            }
            for number, (calls, first, last) in enumerate(layers, start=1)
        ]
    )


def test_time_steps_of_a_recurrent_network(make_layers) -> None:
    # An input map, two recurrent layers whose gradient halves every time step, a dense layer.
    layers = _recurrent((1, 3.0, 3.0), (11, 2.0**-12, 2.0**-2), (11, 2.0**-11, 2.0**-1), (1, 9, 9))
    profile = profiles(layers)
    assert profile.ratio == pytest.approx([2.0**-11])
    assert profile.slope == pytest.approx([2 * math.log(2)])
    assert (profile.first_layer.tolist(), profile.last_layer.tolist()) == ([2], [3])
    assert profile.calls.tolist() == [11]
    # Beside a feed-forward trial, whose columns of calls may be null.
    both = pd.concat([make_layers(trial=7, depth=30, factor=0.5), layers])
    profile = profiles(both)
    assert profile.ratio == pytest.approx([2.0**-11, 0.5**29])
    assert profile.slope == pytest.approx([2 * math.log(2), 2 * math.log(2)])
    assert profile.calls.tolist() == [11, 1]
    assert profile.last_layer.tolist() == [3, 30]


def test_time_steps_without_a_gradient() -> None:
    gone = profiles(_recurrent((5, 0.0, 1.0)))
    assert gone.ratio.tolist() == [0.0] and np.isnan(gone.slope).all()
    half = profiles(_recurrent((5, 0.0, 1.0), (5, 1.0, 2.0**4)))
    assert half.slope == pytest.approx([2 * math.log(2)])
    broken = profiles(_recurrent((5, math.nan, 1.0)))
    assert np.isnan(broken.ratio).all() and not broken.finite.any()


def test_a_missing_column_is_named(make_layers) -> None:
    with pytest.raises(ValueError, match=r"layers must have .* missing: \['delta_rms'\]"):
        profiles(make_layers().drop(columns="delta_rms"))
