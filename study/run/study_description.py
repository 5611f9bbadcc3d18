"""What makes a study the same study: everything that its trials depend on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from search_spaces.catalogue import optimizer_default
from search_spaces.catalogue.hyperparameter import NONE
from study.losses import DIVERGENCE_FACTOR
from study.study_file import StudyConfig
from study.tables.metadata import Space, setting_values

_OPTIONS = "task_options"
_SETTINGS = (*("task", "network", "steps", "seed", "sampler", "thresholds", "statistics", "stop"),)
_SHARPNESS = "sharpness_steps"
"""Described where it is given: before there was none, and statistics said when."""

_BEFORE = {"statistics": "standard", "stop": "never"}
"""What studies did whose description lacks a setting that is younger than they are."""

_STOPS = "divergence_factor"
"""Where training stops. It is among the thresholds too, but studies from before it was named here
stopped at the default whatever their thresholds said, and labelled alone by their own."""

NUMERIC_LISTS = "numeric_lists"
"""Key of a description of studies whose lists of numbers Optuna has as ranges, so that they may
change. Studies from before have them as choices, which may not; so do those of tpe, which reads
them."""


def describe(config: StudyConfig) -> dict[str, Any]:
    """The settings and the search space as JSON; the number of trials is no part of it."""
    description: dict[str, Any] = {name: getattr(config, name) for name in _SETTINGS}
    description["seeds"] = config.seeds
    if config.sharpness_steps is not None:
        description[_SHARPNESS] = config.sharpness_steps
    if config.task_options:
        # As written: a folder may lie elsewhere on another machine, a password is never stored.
        description[_OPTIONS] = dict(config.written_task_options)
    description[_STOPS] = _factor(description)
    description["hyperparameters"] = config.space.metadata()
    return description


def differences(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Settings in which the trials of one study must agree, and two descriptions do not.

    Returns:
        One text a difference, e.g. "steps: was 200, now 100".
    """
    texts = []
    for name in (*_SETTINGS, _SHARPNESS):
        before = stored.get(name, _BEFORE.get(name))
        if before != wanted.get(name):
            texts.append(f"{name}: was {before}, now {wanted.get(name)}")
    if wanted["seeds"] < stored.get("seeds", 1):
        texts.append(f"seeds: was {stored['seeds']}, now {wanted['seeds']} (they can be raised)")
    trained, labelled = stored.get(_STOPS, DIVERGENCE_FACTOR), _factor(stored)
    if trained != labelled:
        texts.append(
            f"{_STOPS}: its trials were labelled by {labelled:g} and trained up to {trained:g} "
            "times the first loss, new ones would stop where the label says"
        )
    options = stored.get(_OPTIONS, {}), wanted.get(_OPTIONS, {})
    for name in dict.fromkeys([*options[0], *options[1]]):
        before, after = (side.get(name, "absent") for side in options)
        if before != after:
            texts.append(f"{_OPTIONS}.{name}: was {before}, now {after}")
    return texts


def _factor(description: Mapping[str, Any]) -> float:
    thresholds: Mapping[str, float] = description.get("thresholds") or {}
    return thresholds.get(_STOPS, DIVERGENCE_FACTOR)


def space_changes(was: Space, now: Space) -> list[str]:
    """What differs between two spaces, e.g. "width: was 64, now 128"."""
    return [
        f"{name}: was {_setting(was.get(name))}, now {_setting(now.get(name))}"
        for name in dict.fromkeys([*was, *now])
        if was.get(name) != now.get(name) and not (name not in now and _in_force(name, was))
    ]


def _in_force(name: str, space: Space) -> bool:
    """Returns whether a space fixes what its optimizers take without being told.

    Defaults that differ by optimizer are the engine's; earlier versions wrote some of them down.
    """
    optimizer = space.get("optimizer", {})
    optimizers = optimizer.get("choices") or [optimizer.get("value", "sgd")]
    usual = {optimizer_default(name, str(each)) for each in optimizers}
    return space[name].get("kind") == "fixed" and usual == {space[name]["value"]}


def space_refusals(
    earlier: Sequence[Space], now: Space, *, numeric_lists: bool = False
) -> list[str]:
    """Changes that cannot be made within a study, since Optuna and the tables refuse them.

    Args:
        earlier: The spaces that the study has had, each with trials.
        now: The space that the study file asks for.
        numeric_lists: Whether lists of numbers may change.

    Returns:
        One text a change, with the reason.
    """
    refusals = []
    for name, entry in now.items():
        # Networks are settings of the study, whose differences are named already.
        for space in earlier if name not in _SETTINGS else ():
            reason = _refusal(space.get(name), entry, numeric_lists=numeric_lists)
            if reason is not None:
                before = _setting(space[name])
                refusals.append(f"{name}: was {before}, now {_setting(entry)} ({reason})")
                break
    return refusals


def _refusal(
    was: Mapping[str, Any] | None, now: Mapping[str, Any], *, numeric_lists: bool = False
) -> str | None:
    """Why trials with both settings cannot be in one Optuna study and one table."""
    if was is None:
        return None
    if _is_named(was) is not None and _is_named(now) is (not _is_named(was)):
        return "names and numbers cannot stand in one column"
    kinds = {was["kind"], now["kind"]}
    if kinds == {"choice"} and was["choices"] != now["choices"]:
        return _list_refusal(was, now, numeric_lists=numeric_lists)
    if kinds == {"choice", "range"}:
        return "a list and a range cannot follow each other within a study"
    if kinds == {"range"} and was["log"] != now["log"]:
        return "log cannot change within a study"
    if kinds == {"range"} and _is_whole(was) != _is_whole(now):
        return "whole numbers and fractions cannot follow each other within a study"
    return None


def _list_refusal(
    was: Mapping[str, Any], now: Mapping[str, Any], *, numeric_lists: bool = False
) -> str | None:
    types = {type(value) for value in (*setting_values(was), *setting_values(now))}
    if len(types) > 1 or not types <= {int, float}:
        return "a list of names cannot change within a study, one of numbers can"
    if not numeric_lists:
        return "this study keeps its lists as they are, as those of tpe and of before do"
    return None


def _is_named(entry: Mapping[str, Any]) -> bool | None:
    """Whether its values are names and not numbers; None if it has only `none`."""
    values = [value for value in setting_values(entry) if value != NONE]
    return isinstance(values[0], str) if values else None


def _is_whole(entry: Mapping[str, Any]) -> bool:
    return all(isinstance(value, int) for value in setting_values(entry))


def _setting(entry: Mapping[str, Any] | None) -> str:
    if entry is None:
        return "absent"
    if entry["kind"] == "fixed":
        return str(entry["value"])
    if entry["kind"] == "choice":
        return "[" + ", ".join(str(choice) for choice in entry["choices"]) + "]"
    return "{" + ", ".join(f"{key}: {entry[key]}" for key in entry if key != "kind") + "}"
