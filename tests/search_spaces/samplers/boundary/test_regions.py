"""Regions whose boundary is known: where trials go, and that nothing is missed or chased."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import optuna
import pytest

from search_spaces.samplers import DESIGN, BoundarySampler
from search_spaces.samplers.design import SYSTEM_DESIGN

Region = Callable[[optuna.Trial], bool]
assert DESIGN == "design"


@pytest.fixture(autouse=True)
def quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def run(
    region: Region,
    *,
    seed: int,
    trials: int,
    batch: int = 32,
    until_found: bool = False,
    **options,
) -> optuna.Study:
    study = optuna.create_study(sampler=BoundarySampler(seed=seed, **options))
    found = False
    while len(study.get_trials(deepcopy=False)) < trials and not (until_found and found):
        asked = [study.ask() for _ in range(batch)]
        stable = [region(trial) for trial in asked]
        found = found or any(stable)
        for trial, one in zip(asked, stable, strict=True):
            trial.set_user_attr("verdict", "stable" if one else "exploding")
            study.tell(trial, 0.0)
    return study


def of(study: optuna.Study, design: str) -> list[optuna.trial.FrozenTrial]:
    return [
        trial
        for trial in study.get_trials(deepcopy=False)
        if trial.system_attrs[SYSTEM_DESIGN] == design
    ]


def band(trial: optuna.Trial) -> bool:
    """Stable in a tilted band of width 0.3 of the unit square."""
    x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 1e-4, 1, log=True)
    return abs(x + math.log10(y) / 4) < 0.15


def test_trials_go_to_the_edges_of_a_band() -> None:
    study = run(band, seed=0, trials=256)

    def distance(trial: optuna.trial.FrozenTrial) -> float:
        across = trial.params["x"] + math.log10(trial.params["y"]) / 4
        return abs(abs(across) - 0.15)

    near = np.median([distance(trial) for trial in of(study, "boundary")])
    anywhere = np.median([distance(trial) for trial in of(study, "space-filling")])
    assert near < anywhere / 3
    across = [
        trial.params["x"] + math.log10(trial.params["y"]) / 4 for trial in of(study, "boundary")
    ]
    # Both edges, evenly.
    assert 0.35 < np.mean(np.array(across) > 0) < 0.65


def test_trials_that_are_asked_together_do_not_clump() -> None:
    study = run(band, seed=1, trials=96)
    asked = [study.ask() for _ in range(64)]
    for trial in asked:
        band(trial)
    points = np.array([(each.params["x"], 1 + math.log10(each.params["y"]) / 4) for each in asked])
    apart = np.linalg.norm(points[:, None] - points[None], axis=2) + np.eye(len(points))
    # Of 48 trials along two lines of length 1: neighbours 0.02 apart on an average.
    assert np.median(apart.min(axis=1)) > 0.01


def island(trial: optuna.Trial) -> bool:
    """2 % of the volume: a box with sides of 0.02 ** (1/3)."""
    x, y, z = (trial.suggest_float(name, 0, 1) for name in "xyz")
    side = 0.02 ** (1 / 3)
    return all(0.61 < one < 0.61 + side for one in (x, y, z))


@pytest.mark.slow
def test_an_island_of_two_percent_is_found() -> None:
    counts = []
    for seed in range(6):
        study = run(island, seed=seed, trials=256, batch=64)
        counts.append(sum(t.user_attrs["verdict"] == "stable" for t in study.trials))
    # Found, and then looked into: of 256 uniform trials 5 would lie there.
    assert min(counts) > 0 and np.mean(counts) > 10


def noisy(trial: optuna.Trial) -> bool:
    """A clean edge at x = 0.3; where x > 0.8, a fifth of the space, chance alone decides."""
    x = trial.suggest_float("x", 0, 1)
    for name in ("y", "z"):
        trial.suggest_float(name, 0, 1)
    trial.suggest_categorical("a", ["p", "q", "r"])
    trial.suggest_categorical("b", ["p", "q"])
    if x > 0.8:
        return bool(np.random.default_rng([17, trial.number]).random() < 0.5)
    return x < 0.3


@pytest.mark.slow
def test_noise_is_not_chased() -> None:
    study = run(noisy, seed=0, trials=320, batch=64)
    inside = [trial.params["x"] > 0.8 for trial in study.get_trials(deepcopy=False)]
    assert np.mean(inside) <= 0.5


def three(trial: optuna.Trial) -> str:
    return "low" if (x := trial.suggest_float("x", 0, 1)) < 0.2 else "mid" if x < 0.7 else "high"


@pytest.mark.slow
def test_boundaries_of_several_classes_without_a_stable_one() -> None:
    study = optuna.create_study(sampler=BoundarySampler(seed=0, startup=16))
    for _ in range(96):
        trial = study.ask()
        trial.suggest_float("y", 0, 1)
        trial.set_user_attr("verdict", three(trial))
        study.tell(trial, 0.0)
    xs = np.array([trial.params["x"] for trial in of(study, "boundary")])
    for edge in (0.2, 0.7):
        assert np.mean(abs(xs - edge) < 0.1) > 0.25


@pytest.mark.slow
def test_places_that_fail_are_left() -> None:
    """Infrastructure loses every trial at the edge: the sampler tries it, and goes away."""

    def tried(fails: bool) -> int:
        study = optuna.create_study(sampler=BoundarySampler(seed=0, startup=16))
        near = 0
        for _ in range(160):
            trial = study.ask()
            x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
            lost = abs(x - 0.5) < 0.1 and y > 0.5
            near += lost
            if lost and fails:
                study.tell(trial, state=optuna.trial.TrialState.FAIL)
            else:
                trial.set_user_attr("verdict", "stable" if x < 0.5 else "exploding")
                study.tell(trial, 0.0)
        return near

    # A tenth of the space, and half of the boundary.
    assert tried(fails=True) < 80


@pytest.mark.slow
def test_the_island_is_found_in_19_of_20_seeds() -> None:
    found = 0
    for seed in range(20):
        study = run(island, seed=seed, trials=512, batch=64, until_found=True)
        found += any(trial.user_attrs["verdict"] == "stable" for trial in study.trials)
    assert found >= 19
