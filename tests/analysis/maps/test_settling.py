"""Whether a map has settled, against maps whose truth is known."""

from __future__ import annotations

import numpy as np
import optuna
import pandas as pd
import pytest

from analysis.maps.settling import map_settling, settled_at
from search_spaces.samplers.boundary.map_change import map_changes
from search_spaces.settling import settled_at as settled_of_looks

SPACE = {
    "learning_rate": {"kind": "range", "low": 1e-4, "high": 1.0, "log": True},
    "activation": {"kind": "choice", "choices": ["tanh", "relu"]},
}


def study(number: int, *, turn: int | None = None) -> pd.DataFrame:
    """Stable below a learning rate of 0.01; from trial `turn` on, above it."""
    rng = np.random.default_rng(0)
    rate = 10 ** rng.uniform(-4, 0, number)
    stable = rate < 1e-2
    if turn is not None:
        stable[turn:] ^= True
    trials = pd.DataFrame(
        {
            "trial": np.arange(number),
            "configuration": np.arange(number),
            "seed": 0,
            "verdict": np.where(stable, "stable", "exploding"),
            "learning_rate": rate,
            "activation": rng.choice(["tanh", "relu"], number),
        }
    )
    trials.attrs = {"hyperparameters": SPACE}
    return trials


def test_a_sharp_edge_settles_and_each_doubling_changes_less() -> None:
    found = map_settling(study(1024))
    assert found["trials"].tolist() == [64, 128, 256, 512, 1024]
    assert found["before"].tolist() == [32, 64, 128, 256, 512]
    assert found["change"].iloc[-1] < 0.01 < found["change"].iloc[0]
    settled = settled_at(found)
    assert settled is not None and settled <= 512
    after = found[found["before"] >= settled]["change"]
    assert (after < 0.02).all()


def test_what_turns_at_the_end_has_not_settled() -> None:
    """The second half says the opposite: half of the probability moves by about a half."""
    found = map_settling(study(512, turn=256))
    assert 0.4 < found["change"].iloc[-1] < 0.6
    assert settled_at(found) is None


def test_the_order_of_rows_does_not_matter_and_small_studies_say_nothing() -> None:
    trials = study(128, turn=64)
    mixed = trials.sample(frac=1.0, random_state=1)
    mixed.attrs = trials.attrs
    pd.testing.assert_frame_equal(map_settling(trials), map_settling(mixed))
    small = map_settling(study(63))
    assert small.empty and settled_at(small) is None


def plane(number: int, *, seed: int, coin: bool) -> pd.DataFrame:
    """Stable on one side of a line through two ranges; or as a coin falls, wherever it is."""
    rng = np.random.default_rng(seed)
    exponent, momentum = rng.uniform(-4, 0, number), rng.random(number)
    stable = rng.random(number) < 0.5 if coin else exponent + momentum < -1.5
    trials = pd.DataFrame(
        {
            "trial": np.arange(number),
            "configuration": np.arange(number),
            "seed": 0,
            "verdict": np.where(stable, "stable", "exploding"),
            "learning_rate": 10**exponent,
            "momentum": momentum,
        }
    )
    momentum_range = {"kind": "range", "low": 0.0, "high": 1.0, "log": False}
    trials.attrs = {
        "hyperparameters": {
            "learning_rate": SPACE["learning_rate"],
            "momentum": momentum_range,
        }
    }
    return trials


def both(trials: pd.DataFrame) -> tuple[int | None, int | None]:
    """Since when the map has settled: for the report, and for `stop_when` at the same looks."""
    axes = {
        "learning_rate": optuna.distributions.FloatDistribution(1e-4, 1.0, log=True),
        "momentum": optuna.distributions.FloatDistribution(0.0, 1.0),
    }
    report = map_settling(trials)
    settings = trials[list(axes)].to_dict("records")
    looks = map_changes(axes, settings, (trials["verdict"] == "stable").tolist(), every=64)
    doublings = [look for look in looks if look.trials in set(report["trials"])]
    assert [look.before for look in doublings] == report["before"].tolist()
    changes = [look.change for look in doublings]
    # One model: only the points at which maps are compared are others.
    np.testing.assert_allclose(report["change"], changes, atol=0.003)
    return settled_at(report), settled_of_looks(doublings)


@pytest.mark.slow
def test_a_plane_settles_for_the_report_and_for_stop_when_alike() -> None:
    report, stop_when = both(plane(1024, seed=0, coin=False))
    assert report == stop_when and report is not None and report <= 512


def test_what_a_coin_decides_settles_once_the_coin_is_known() -> None:
    # Compared with 128 trials before, `stop_when` ended such a study whatever its map was.
    report, stop_when = both(plane(1024, seed=0, coin=True))
    # A share of 512 trials is known within 0.02.
    assert report == stop_when and (report is None or report >= 512)
