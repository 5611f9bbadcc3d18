"""Samplers of a study whose space was changed: each version fills its own space."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import optuna
import pytest

from search_spaces import InputError, SearchSpace, build_space, make_sampler
from search_spaces.samplers import Numbering, SpaceVersion, SpaceVersions

RATE = {"low": 1e-3, "high": 1.0, "log": True}


def space(**hyperparameters: object) -> SearchSpace:
    return build_space(hyperparameters, network="mlp", task="digits")


def space_versions(*spaces: tuple[int, SearchSpace]) -> SpaceVersions:
    return SpaceVersions([SpaceVersion(first=first, space=one) for first, one in spaces])


def ask(
    name: str, of: SpaceVersions | SearchSpace, trials: int, *, seed: int = 3, seeds: int = 1
) -> list[dict[str, object]]:
    """The configurations of the first trials, asked one by one as a ledger does."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if isinstance(of, SpaceVersions):
        of = SpaceVersions(of.all, Numbering(seeds))
    study = optuna.create_study(sampler=make_sampler(name, space=of, seed=seed, seeds=seeds))
    asked = []
    for number in range(trials):
        trial = study.ask()
        asked.append(dict(of.suggest(trial)))
        study.tell(trial, float(number % 5))
    return asked


def rates(configurations: Sequence[dict[str, object]]) -> np.ndarray:
    """Learning rates as coordinates in the unit interval of the range 1e-3 to 1."""
    return np.array([np.log10(float(str(one["learning_rate"]))) / 3 + 1 for one in configurations])


NARROW = space(depth=[2, 4], learning_rate=RATE, width=16)
WIDE = space(depth=[2, 4], learning_rate=RATE | {"low": 1e-5, "high": 10.0}, width=32)


@pytest.mark.parametrize("name", ["qmc", "random", "tpe"])
def test_the_earlier_trials_stay_as_they_were(name: str) -> None:
    both = ask(name, space_versions((0, NARROW), (20, WIDE)), 40)
    assert both[:20] == ask(name, NARROW, 20)
    assert {one["width"] for one in both[:20]} == {16}
    assert {one["width"] for one in both[20:]} == {32}
    # Trial by trial a pure function of seed and number, whatever ran before or after.
    if name != "tpe":
        again = ask(name, space_versions((0, NARROW), (20, WIDE)), 40)
        assert again == both


@pytest.mark.parametrize("name", ["qmc", "random", "tpe"])
def test_a_narrower_range_is_kept_to(name: str) -> None:
    later = ask(name, space_versions((0, WIDE), (64, NARROW)), 96)[64:]
    assert all(1e-3 <= float(str(one["learning_rate"])) <= 1 for one in later)
    assert len({one["learning_rate"] for one in later}) == 32


@pytest.mark.parametrize("name", ["qmc", "random", "tpe"])
def test_an_axis_may_become_fixed_and_a_fixed_value_an_axis(name: str) -> None:
    before = space(depth=[2, 4], learning_rate=RATE, optimizer="sgd", momentum=0.9)
    after = space(depth=4, learning_rate=RATE, optimizer=["sgd", "adam"], momentum=[0.0, 0.9])
    later = ask(name, space_versions((0, before), (20, after)), 60)[20:]
    assert {one["depth"] for one in later} == {4}
    assert {one["optimizer"] for one in later} == {"sgd", "adam"}
    assert all(("momentum" in one) == (one["optimizer"] == "sgd") for one in later)
    assert {one.get("momentum") for one in later} == {None, 0.0, 0.9}


@pytest.mark.parametrize("name", ["qmc", "random", "tpe"])
def test_a_wider_range_is_sampled_beyond_the_earlier_one(name: str) -> None:
    later = ask(name, space_versions((0, NARROW), (64, WIDE)), 128)[64:]
    found = rates(later)
    assert (found < 0).any() or (found > 1).any()
    assert all(1e-5 <= float(str(one["learning_rate"])) <= 10 for one in later)


def test_qmc_fills_each_space_version_evenly_from_its_first_trial_on() -> None:
    # The second begins at 52, in the middle of what would be a balanced block of the first.
    of = space_versions((0, NARROW), (52, space(depth=[2, 4], learning_rate=RATE, width=32)))
    later = rates(ask("qmc", of, 52 + 32)[52:])
    # 32 points of a scrambled Sobol sequence: one in each of 32 equal parts of the axis.
    assert sorted((later * 32).astype(int)) == list(range(32))


def test_qmc_repeats_no_coordinate_of_an_earlier_space_version() -> None:
    of = space_versions((0, NARROW), (64, space(depth=[2, 4], learning_rate=RATE, width=32)))
    found = rates(ask("qmc", of, 128))
    assert len(np.unique(found.round(9))) == 128


def test_the_seeds_of_a_configuration_share_their_values_in_each_space_version() -> None:
    asked = ask("qmc", space_versions((0, NARROW), (12, WIDE)), 24, seeds=3)
    for start in range(0, 24, 3):
        assert asked[start] == asked[start + 1] == asked[start + 2]
    assert asked[0] != asked[3] and asked[12] != asked[15]


def test_a_larger_grid_runs_what_the_smaller_one_left_out() -> None:
    small = space(depth=[2, 4, 8], width=16, activation=["tanh", "relu"])
    large = space(depth=[2, 4, 8], width=[16, 32], activation=["tanh", "relu"])
    # The small grid was stopped after five of its six cells.
    asked = ask("grid", space_versions((0, small), (5, large)), 12)
    cells = [(one["depth"], one["width"], one["activation"]) for one in asked]
    assert sorted(cells) == sorted(itertools.product([2, 4, 8], [16, 32], ["tanh", "relu"]))
    assert asked[:5] == ask("grid", small, 5)
    with pytest.raises(InputError, match="the grid has 7 configurations"):
        ask("grid", space_versions((0, small), (5, large)), 13)


def test_a_grid_of_three_space_versions_and_two_seeds() -> None:
    first = space(depth={"low": 2, "high": 4, "step": 2}, width=8)
    second = space(depth={"low": 2, "high": 6, "step": 2}, width=8)
    third = space(depth={"low": 2, "high": 6, "step": 2}, width=[8, 16])
    asked = ask("grid", space_versions((0, first), (4, second), (6, third)), 12, seeds=2)
    assert asked[::2] == asked[1::2]
    cells = [(one["depth"], one["width"]) for one in asked[::2]]
    assert sorted(cells) == sorted(itertools.product([2, 4, 6], [8, 16]))


def test_a_grid_without_configurations_that_were_run_is_refused() -> None:
    small, other = space(depth=[2, 4], width=16), space(depth=[2, 4], width=[32, 64])
    with pytest.raises(InputError) as refused:
        make_sampler("grid", space=space_versions((0, small), (2, other)), seed=0, seeds=1)
    assert "2 of 2 are none of this one" in str(refused.value)


@pytest.mark.parametrize("firsts", [[], [3], [0, 4, 4], [0, 8, 4]])
def test_space_versions_follow_each_other(firsts: list[int]) -> None:
    with pytest.raises(ValueError, match="begin at 0 and go up"):
        space_versions(*((first, NARROW) for first in firsts))
