"""A study file that changes the space of a study that exists: from which trial on, or why not."""

from __future__ import annotations

import copy

import pytest

from search_spaces import InputError
from study.run.space_history import plan_study
from study.run.study_description import NUMERIC_LISTS, describe
from study.study_file import StudyConfig


def config(
    *, trials: int = 40, network: str = "mlp", own: dict[str, object] | None = None, **more: object
) -> StudyConfig:
    hyperparameters: dict[str, object] = {
        "depth": [2, 4],
        "learning_rate": {"low": 0.001, "high": 1.0, "log": True},
        "width": 16,
    }
    hyperparameters |= own or {}
    hyperparameters = {name: one for name, one in hyperparameters.items() if one != "left out"}
    values = {"study": "s", "task": "digits", "steps": 10, "trials": trials, "network": network}
    return StudyConfig(**{**values, **more, "hyperparameters": hyperparameters})


WIDER = {"learning_rate": {"low": 1e-5, "high": 1.0, "log": True}}
STORED = describe(config()) | {NUMERIC_LISTS: True}


def firsts(plan) -> list[int]:
    return [each.first for each in plan.versions.all]


def test_a_new_study_is_sampled_from_its_file() -> None:
    plan = plan_study(config(), {}, 0)
    assert firsts(plan) == [0] and plan.notice is None
    assert plan.description == STORED


def test_more_trials_of_the_same_space_are_no_change() -> None:
    plan = plan_study(config(trials=80), STORED, 40)
    assert firsts(plan) == [0] and plan.notice is None and plan.description == STORED


def test_a_changed_space_holds_from_the_next_trial_on() -> None:
    wanted = config(trials=80, own=WIDER | {"width": 32})
    plan = plan_study(wanted, STORED, 40)
    assert firsts(plan) == [0, 40]
    assert plan.notice == (
        "study s: from trial 40 on learning_rate: was {low: 0.001, high: 1.0, log: True}, "
        "now {low: 1e-05, high: 1.0, log: True}; width: was 16, now 32"
    )
    assert plan.versions.all[0].space.fixed["width"] == 16
    assert plan.versions.all[1].space.fixed["width"] == 32
    assert plan.hyperparameters["width"] == {"kind": "choice", "choices": [32, 16]}
    # What is kept says it all: the next run goes on from it.
    again = plan_study(config(trials=80, own=WIDER | {"width": 32}), plan.description, 60)
    assert firsts(again) == [0, 40] and again.notice is None
    assert again.description == plan.description
    third = plan_study(config(trials=99, own=WIDER | {"width": 64}), plan.description, 60)
    assert firsts(third) == [0, 40, 60]
    assert third.hyperparameters["width"] == {"kind": "choice", "choices": [64, 32, 16]}


def test_the_seeds_of_a_configuration_stay_in_one_space_version() -> None:
    stored = describe(config(seeds=4))
    plan = plan_study(config(seeds=4, trials=80, own={"width": 32}), stored, 41)
    assert firsts(plan) == [0, 44]


def test_a_change_without_further_trials_is_told_and_not_kept() -> None:
    plan = plan_study(config(own={"width": 32}), STORED, 40)
    assert firsts(plan) == [0] and plan.description == STORED
    assert plan.notice is not None and "no effect yet of width: was 16, now 32" in plan.notice
    assert "--trials" in plan.notice


def test_a_space_version_that_never_began_is_replaced() -> None:
    asked = plan_study(config(trials=80, own={"width": 32}), STORED, 40)
    other = plan_study(config(trials=80, own={"width": 64}), asked.description, 40)
    assert firsts(other) == [0, 40] and other.versions.all[1].space.fixed["width"] == 64
    back = plan_study(config(trials=80), asked.description, 40)
    assert firsts(back) == [0] and back.description == STORED


def test_a_hyperparameter_at_its_default_before_may_be_added() -> None:
    plan = plan_study(config(trials=80, own={"activation": ["relu", "tanh"]}), STORED, 40)
    assert firsts(plan) == [0, 40]
    # To state the default is no change at all.
    default = config().space.fixed["activation"]
    assert firsts(plan_study(config(trials=80, own={"activation": default}), STORED, 40)) == [0]


def test_what_the_catalogue_gained_since_was_at_its_default() -> None:
    """A study of an older gradscape, whose description lacks a hyperparameter."""
    old = copy.deepcopy(STORED)
    del old["hyperparameters"]["optimizer"], old["hyperparameters"]["dtype"]
    plan = plan_study(config(trials=80), old, 40)
    assert firsts(plan) == [0] and plan.notice is None
    plan = plan_study(config(trials=80, own={"optimizer": "adam"}), old, 40)
    assert firsts(plan) == [0, 40] and "optimizer: was sgd, now adam" in str(plan.notice)


def test_a_hyperparameter_of_ones_own_may_come_and_go() -> None:
    own = {"network": "mine:network"}
    stored = describe(config(**own))
    plan = plan_study(config(trials=80, own={"blocks": [1, 2]}, **own), stored, 40)
    assert firsts(plan) == [0, 40] and "blocks: was absent, now [1, 2]" in str(plan.notice)
    gone = plan_study(config(trials=99, **own), plan.description, 80)
    assert firsts(gone) == [0, 40, 80] and "blocks" in gone.hyperparameters


@pytest.mark.parametrize(
    ("wanted", "difference"),
    [
        ({"steps": 20}, "steps: was 10, now 20"),
        ({"seed": 1}, "seed: was 0, now 1"),
        ({"sampler": "random"}, "sampler: was qmc, now random"),
        ({"statistics": "full"}, "statistics: was standard, now full"),
        (
            {"own": {"depth": {"low": 2, "high": 8}}},
            "depth: was [2, 4], now {low: 2, high: 8, log: False} (a list and a range cannot",
        ),
        (
            {"own": {"learning_rate": {"low": 0.001, "high": 1.0}}},
            "learning_rate: was {low: 0.001, high: 1.0, log: True}, "
            "now {low: 0.001, high: 1.0, log: False} (log cannot change",
        ),
        ({"network": "rnn", "task": "adding"}, "network: was mlp, now rnn"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_cannot_change_is_refused_with_the_difference(
    wanted: dict[str, object], difference: str
) -> None:
    with pytest.raises(InputError) as refused:
        plan_study(config(trials=80, **wanted), STORED, 40)
    text = str(refused.value)
    assert text.startswith("study: study s exists with other settings; give this one another name")
    assert f"restore: {difference}" in text or f"; {difference}" in text


def test_a_grid_grows_and_never_shrinks() -> None:
    grid = {"sampler": "grid", "trials": 2}
    small = {"learning_rate": 0.1}
    stored = describe(config(own=small, **grid))
    grown = config(own=small | {"width": [16, 32]}, sampler="grid", trials=4)
    assert firsts(plan_study(grown, stored, 2)) == [0, 2]
    with pytest.raises(InputError) as refused:
        plan_study(config(own=small | {"width": [32, 64]}, sampler="grid", trials=4), stored, 2)
    assert "width: was 16, now [32, 64]; a grid must keep the configurations" in str(refused.value)
