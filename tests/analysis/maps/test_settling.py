"""Whether a map has settled, against maps whose truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.maps.settling import map_settling, settled_at

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
    found = map_settling(study(1024), "learning_rate", "activation")
    assert found["trials"].tolist() == [64, 128, 256, 512, 1024]
    assert found["before"].tolist() == [32, 64, 128, 256, 512]
    assert found["change"].iloc[-1] < 0.01 < found["change"].iloc[0]
    settled = settled_at(found)
    assert settled is not None and settled <= 512
    after = found[found["before"] >= settled]["change"]
    assert (after < 0.02).all()


def test_what_turns_at_the_end_has_not_settled() -> None:
    """The second half says the opposite: half of the probability moves by about a half."""
    found = map_settling(study(512, turn=256), "learning_rate", "activation")
    assert 0.4 < found["change"].iloc[-1] < 0.6
    assert settled_at(found) is None


def test_the_order_of_rows_does_not_matter_and_small_studies_say_nothing() -> None:
    trials = study(128, turn=64)
    mixed = trials.sample(frac=1.0, random_state=1)
    mixed.attrs = trials.attrs
    pd.testing.assert_frame_equal(
        map_settling(trials, "learning_rate"), map_settling(mixed, "learning_rate")
    )
    small = map_settling(study(63), "learning_rate")
    assert small.empty and settled_at(small) is None
