from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis import AnalysisError, clipping_effect, gradient_profiles, step_sizes, time_profiles
from tests.support.synthetic import synthetic_tables


@pytest.fixture(scope="module")
def tables():
    return synthetic_tables(300)


def with_attrs(tables):
    trials = tables.trials.copy()
    trials.attrs = dict(tables.metadata)
    return trials


def test_the_ratio_by_layer_is_the_median_of_the_trials(tables):
    trials, layers = with_attrs(tables), tables.layers.copy()
    layers["role"] = np.where(
        layers["layer"] == layers.groupby("trial")["layer"].transform("max"), "output", "hidden"
    )
    profiles = gradient_profiles(trials, layers, "activation")
    assert profiles.attrs["layers"] == 32
    assert list(profiles["value"].unique()) == ["sigmoid", "tanh", "relu", "gelu", "selu"]
    deep = trials[(trials["depth"] == 32) & (trials["activation"] == "tanh")]["trial"]
    by_hand = []
    for trial in deep:
        rows = layers[(layers["trial"] == trial) & (layers["step"] == 0)].set_index("layer")
        by_hand.append(rows.loc[3, "delta_rms"] / rows.loc[32, "delta_rms"])
    row = profiles[
        (profiles["value"] == "tanh")
        & (profiles["moment"] == "at initialization")
        & (profiles["layer"] == 3)
    ].iloc[0]
    assert row["ratio"] == pytest.approx(np.median(by_hand)) and row["trials"] == len(deep)
    last = profiles[profiles["layer"] == 32]
    assert last["ratio"].eq(1.0).all()


def test_theory_falls_evenly_from_the_last_layer_to_r_at_the_first(tables):
    trials = with_attrs(tables)
    trials["predicted_ratio"] = 1e-4
    layers = tables.layers.assign(role="hidden")
    theory = gradient_profiles(trials, layers, "activation").query("value == 'relu'")
    initial = theory[theory["moment"] == "at initialization"].set_index("layer")["theory"]
    assert initial.iloc[0] == pytest.approx(1e-4) and initial.iloc[-1] == pytest.approx(1.0)
    assert np.diff(np.log(initial)) == pytest.approx(np.diff(np.log(initial))[0])
    assert theory[theory["moment"] == "at the end"]["theory"].isna().all()


def test_the_gradient_at_some_time_steps_is_compared_with_the_last(tables):
    # Of 17 calls these are 16, 12, 8, 4 and 0 steps back.
    shrunk = {"first": 2.0**-16, "early": 2.0**-12, "middle": 2.0**-8, "late": 2.0**-4, "last": 1}
    columns = {f"delta_rms_{name}_call": value for name, value in shrunk.items()}
    layers = tables.layers.assign(calls=17, **columns)
    profiles = time_profiles(with_attrs(tables), layers, "activation")
    assert set(profiles["back"]) == {0, 4, 8, 12, 16}
    np.testing.assert_allclose(profiles["ratio"], 0.5 ** profiles["back"])
    # Tables of before have the two ends alone.
    earlier = layers.drop(
        columns=[f"delta_rms_{name}_call" for name in ("early", "middle", "late")]
    )
    assert set(time_profiles(with_attrs(tables), earlier, "activation")["back"]) == {0, 16}
    assert time_profiles(with_attrs(tables), tables.layers, "activation").empty


def test_clipping_and_step_sizes_are_medians_by_step(tables):
    steps = tables.steps.assign(grad_norm=4.0, clip_factor=0.25, update_ratio=1e-3)
    effect = clipping_effect(with_attrs(tables), steps)
    assert effect["before"].eq(4.0).all() and effect["after"].eq(1.0).all()
    assert list(effect["value"].unique()) == ["0.1", "1", "10", "none"]
    sizes = step_sizes(with_attrs(tables), steps)
    assert sizes["ratio"].eq(1e-3).all() and set(sizes["verdict"]) <= set(tables.trials["verdict"])


def test_what_does_not_vary_by_name_is_refused(tables):
    with pytest.raises(AnalysisError, match="normalization"):
        gradient_profiles(pd.DataFrame(with_attrs(tables)), tables.layers, "normalization")
