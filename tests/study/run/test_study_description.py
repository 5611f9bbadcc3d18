"""What a study file may change of a study that exists."""

from __future__ import annotations

import optuna
import pytest

from search_spaces import build_space
from study.run.study_description import (
    describe,
    differences,
    space_changes,
    space_refusals,
)
from study.study_file import StudyConfig
from study.tables.metadata import merged_hyperparameters


def config(**changes: object) -> StudyConfig:
    values: dict[str, object] = {
        "study": "s",
        "task": "digits",
        "network": "mlp",
        "hyperparameters": {"depth": [2, 4]},
        "steps": 10,
        "trials": 8,
    }
    return StudyConfig(**{**values, **changes})


def test_statistics_are_part_of_what_a_study_is() -> None:
    standard, minimal = describe(config()), describe(config(statistics="minimal"))
    assert differences(standard, describe(config(statistics="standard"))) == []
    assert differences(standard, minimal) == ["statistics: was standard, now minimal"]


def test_a_schedule_of_sharpness_is_part_of_what_a_study_is() -> None:
    own = describe(config(sharpness_steps=[0, 4]))
    assert differences(own, describe(config(sharpness_steps=[0, 4]))) == []
    assert differences(describe(config()), own) == ["sharpness_steps: was None, now [0, 4]"]


def test_studies_from_before_there_were_statistics_were_standard() -> None:
    old = describe(config())
    del old["statistics"]
    assert differences(old, describe(config())) == []
    full = describe(config(statistics="full"))
    assert differences(old, full) == ["statistics: was standard, now full"]


def test_a_divergence_factor_that_only_labelled_is_another_study() -> None:
    # Thresholds once only labelled, and trials went on past a factor of their own to the default.
    bounded = config(thresholds={"divergence_factor": 1.1})
    old = describe(bounded)
    del old["divergence_factor"]
    assert differences(old, describe(bounded)) == [
        "divergence_factor: its trials were labelled by 1.1 and trained up to 1e+06 times the "
        "first loss, new ones would stop where the label says"
    ]
    assert differences(describe(bounded), describe(bounded)) == []
    usual = describe(config(thresholds={"swing": 0.3}))
    del usual["divergence_factor"]
    assert differences(usual, describe(config(thresholds={"swing": 0.3}))) == []


def test_another_threshold_is_another_study() -> None:
    usual, bounded = describe(config()), describe(config(thresholds={"divergence_factor": 1.1}))
    assert differences(usual, bounded) == ["thresholds: was {}, now {'divergence_factor': 1.1}"]


def test_more_trials_are_the_same_study() -> None:
    assert differences(describe(config()), describe(config(trials=16))) == []


# What may follow what, by the settings of one hyperparameter of the person's own network.
SETTINGS: list[object] = [
    3,
    4,
    "none",
    [3, 4],
    [3, 4, 5],
    [4, 3],
    ["none", 3],
    {"low": 1, "high": 8},
    {"low": 2, "high": 16},
    {"low": 1, "high": 8, "log": True},
    {"low": 2, "high": 8, "step": 2},
    0.5,
    [0.5, 1.5],
    {"low": 0.5, "high": 1.5},
    {"low": 0.1, "high": 9.5},
    {"low": 0.5, "high": 1.5, "log": True},
    {"low": 0.5, "high": 1.5, "step": 0.5},
]


def entry(setting: object) -> dict[str, object]:
    space = build_space({"own": setting}, network="my:network", task="digits")
    return space.metadata()["own"]


def optuna_takes(*settings: object) -> bool:
    """Whether one Optuna study takes trials of both, asked of its own storage."""
    study = optuna.create_study()
    for setting in settings:
        space = build_space({"own": setting}, network="my:network", task="digits")
        try:
            space.suggest(study.ask())
        except ValueError:
            return False
    return True


@pytest.mark.parametrize("was", SETTINGS, ids=str)
@pytest.mark.parametrize("now", SETTINGS, ids=str)
def test_a_setting_may_follow_another_where_optuna_takes_both(was: object, now: object) -> None:
    refused = space_refusals([{"own": entry(was)}], {"own": entry(now)})
    assert (refused == []) == optuna_takes(was, now), refused


def test_what_cannot_change_is_shown_with_the_reason() -> None:
    was = {"a": entry([1, 2]), "b": entry({"low": 1, "high": 8}), "c": entry(3), "d": entry(4)}
    now = {"a": entry([1, 2, 3]), "b": entry([1, 8]), "c": entry("relu"), "d": entry(5)}
    assert space_refusals([was], now) == [
        "a: was [1, 2], now [1, 2, 3] (this study keeps its lists as they are, as those of tpe "
        "and of before do)",
        "b: was {low: 1, high: 8, log: False}, now [1, 8] (a list and a range cannot follow each "
        "other within a study)",
        "c: was 3, now relu (names and numbers cannot stand in one column)",
    ]
    assert space_changes(was, now)[-1] == "d: was 4, now 5"


def test_a_list_of_numbers_may_change_where_optuna_has_it_as_a_range() -> None:
    was = {"a": entry([1, 2]), "b": entry([0.5, 1.0]), "c": entry(["none", 1.0])}
    now = {"a": entry([1, 2, 3]), "b": entry([0.25, 1.0]), "c": entry(["none", 1.0, 2.0])}
    assert space_refusals([was], now, numeric_lists=True) == [
        "c: was [none, 1.0], now [none, 1.0, 2.0] (a list of names cannot change within a study, "
        "one of numbers can)"
    ]


def test_an_earlier_space_version_counts_too() -> None:
    spaces = [{"a": entry([1, 2])}, {"a": entry(2)}]
    assert space_refusals(spaces, {"a": entry([1, 2])}) == []
    assert len(space_refusals(spaces, {"a": entry([2, 4])})) == 1


def test_the_tables_tell_of_all_space_versions_together() -> None:
    spaces = [
        {"a": entry({"low": 1, "high": 8}), "b": entry(3), "c": entry("none"), "gone": entry(1)},
        {"a": entry({"low": 4, "high": 16}), "b": entry([4, 3]), "c": entry(0.5)},
        {"b": entry(5), "a": entry(6), "c": entry({"low": 1.0, "high": 2.0}), "new": entry("x")},
    ]
    merged = merged_hyperparameters(spaces)
    assert list(merged) == ["b", "a", "c", "new", "gone"]
    assert merged["a"] == {"kind": "range", "low": 1, "high": 16, "log": False}
    assert merged["b"] == {"kind": "choice", "choices": [5, 4, 3]}
    assert merged["c"] == {"kind": "range", "low": 0.5, "high": 2.0, "log": False}
    assert merged["new"] == entry("x") and merged["gone"] == entry(1)
    assert merged_hyperparameters([spaces[0]]) == spaces[0]


def test_a_default_that_is_no_longer_written_down_is_no_change() -> None:
    """Studies of before hold `momentum: 0.0`, which now is each optimizer's own."""
    was = {"optimizer": entry(["sgd", "adam"]), "momentum": entry(0.0), "width": entry(64)}
    now = {"optimizer": entry(["sgd", "adam"]), "width": entry(64)}
    assert space_changes(was, now) == []
    assert space_changes({**was, "momentum": entry(0.9)}, now) == ["momentum: was 0.9, now absent"]
