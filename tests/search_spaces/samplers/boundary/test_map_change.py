"""When a map stops changing, against regions that are known."""

from __future__ import annotations

import numpy as np
import optuna
import pytest

from search_spaces.samplers.boundary.map_change import MapChange, has_settled, map_changes

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
    assert [each.trials for each in changes] == list(range(256, 1025, 128))
    assert changes[-1].change < 0.01 < 0.02 < changes[0].change


def test_a_boundary_that_moves_is_noticed() -> None:
    quiet = map_changes(AXES, *study(1024), every=256)
    moved = map_changes(AXES, *study(1024, moves_at=512), every=256)
    assert moved[1].change > 5 * quiet[1].change


def test_the_last_looks_are_those_of_all_looks() -> None:
    trials = study(640)
    whole = map_changes(AXES, *trials, every=128)
    assert map_changes(AXES, *trials, every=128, last=2) == whole[-2:]


def test_one_look_has_nothing_to_compare_with() -> None:
    assert map_changes(AXES, *study(200), every=128) == []
    with pytest.raises(ValueError, match="every >= 1"):
        map_changes(AXES, *study(10), every=0)


def test_settled_needs_quiet_looks_in_a_row() -> None:
    seen = [
        MapChange(trials=100 * place, change=change)
        for place, change in enumerate([0.2, 0.01, 0.2, 0.01, 0.01, 0.3])
    ]
    assert not has_settled(seen, below=0.05, looks=1)
    quiet = [end for end in range(7) if has_settled(seen[:end], below=0.05, looks=2)]
    assert quiet == [5], "after the looks at 300 and 400 trials, not before and not after"
    assert not any(has_settled(seen[:end], below=0.05, looks=3) for end in range(7))
