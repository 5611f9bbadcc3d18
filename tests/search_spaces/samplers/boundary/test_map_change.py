"""When a map stops changing, against regions that are known."""

from __future__ import annotations

import numpy as np
import optuna
import pytest

from search_spaces.samplers.boundary.map_change import map_changes

AXES = {name: optuna.distributions.FloatDistribution(0, 1) for name in ("x", "y")}


def study(trials: int, *, moves_at: int | None = None):
    rng = np.random.default_rng(0)
    points = [{"x": float(x), "y": float(y)} for x, y in rng.random((trials, 2))]
    hits = [
        each["x"] < (0.8 if moves_at is not None and number >= moves_at else 0.4)
        for number, each in enumerate(points)
    ]
    return points, hits


def test_changes_fall_as_trials_agree() -> None:
    changes = map_changes(AXES, *study(1024), every=128)
    assert [each.trials for each in changes] == list(range(128, 1025, 128))
    assert [each.before for each in changes] == list(range(64, 513, 64))
    assert changes[-1].change < 0.01 < 0.02 < changes[0].change


def test_a_boundary_that_moves_is_noticed() -> None:
    quiet = map_changes(AXES, *study(1024), every=256)
    moved = map_changes(AXES, *study(1024, moves_at=512), every=256)
    assert [each.trials for each in moved] == [256, 512, 768, 1024]
    assert abs(moved[1].change - quiet[1].change) < 0.02, "nothing has moved by then"
    assert moved[2].change > 5 * quiet[2].change


def test_the_last_looks_are_those_of_all_looks() -> None:
    trials = study(640)
    whole = map_changes(AXES, *trials, every=128)
    assert map_changes(AXES, *trials, every=128, last=2) == whole[-2:]


def test_looks_begin_where_half_of_the_trials_make_a_map() -> None:
    assert map_changes(AXES, *study(63), every=16) == []
    assert [each.trials for each in map_changes(AXES, *study(100), every=16)] == [64, 80, 96]
    with pytest.raises(ValueError, match="every >= 1"):
        map_changes(AXES, *study(10), every=0)
