"""What makes a study the same study: everything that its trials depend on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from study.study_file import StudyConfig

_OPTIONS = "task_options"
_SETTINGS = ("task", "network", "steps", "seeds", "seed", "sampler", "thresholds", "statistics")
_BEFORE = {"statistics": "standard"}
"""What studies did whose description lacks a setting that is younger than they are."""


def describe(config: StudyConfig) -> dict[str, Any]:
    """The settings and the search space as JSON; the number of trials is no part of it."""
    description: dict[str, Any] = {name: getattr(config, name) for name in _SETTINGS}
    if config.task_options:
        # As written: a folder may lie elsewhere on another machine, a password is never stored.
        description[_OPTIONS] = dict(config.written_task_options)
    description["hyperparameters"] = config.space.metadata()
    return description


def differences(stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[str]:
    """Why the trials of two descriptions cannot be one study; empty if they can.

    Returns:
        One text a difference, e.g. "steps: was 200, now 100".
    """
    found = []
    for name in _SETTINGS:
        before = stored.get(name, _BEFORE.get(name))
        if before != wanted.get(name):
            found.append(f"{name}: was {before}, now {wanted.get(name)}")
    options = stored.get(_OPTIONS, {}), wanted.get(_OPTIONS, {})
    for name in dict.fromkeys([*options[0], *options[1]]):
        before, after = (one.get(name, "absent") for one in options)
        if before != after:
            found.append(f"{_OPTIONS}.{name}: was {before}, now {after}")
    was, now = stored.get("hyperparameters", {}), wanted.get("hyperparameters", {})
    for name in dict.fromkeys([*was, *now]):
        if was.get(name) != now.get(name):
            found.append(f"{name}: was {_setting(was.get(name))}, now {_setting(now.get(name))}")
    return found


def _setting(entry: Mapping[str, Any] | None) -> str:
    if entry is None:
        return "absent"
    if entry["kind"] == "fixed":
        return str(entry["value"])
    if entry["kind"] == "choice":
        return "[" + ", ".join(str(choice) for choice in entry["choices"]) + "]"
    return "{" + ", ".join(f"{key}: {entry[key]}" for key in entry if key != "kind") + "}"
