"""Keys without a value: `storage:` with nothing after it asks for the default."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from study.study_file.resources import Resources
from study.study_file.scaling import Scaling
from study.study_file.stop_when import StopWhen
from study.study_file.tracking import Tracking

_INSIDE: Mapping[str, Collection[str] | None] = {
    "task_options": None,
    "resources": Resources.model_fields,
    "scaling": Scaling.model_fields,
    "stop_when": StopWhen.model_fields,
    "tracking": Tracking.model_fields,
}


def present_keys(values: Mapping[str, Any], known: Collection[str]) -> dict[str, object]:
    """Returns the keys of a study file that have a value, as `with_values` has them.

    Args:
        values: As written.
        known: Keys that a study file may have.
    """
    return with_values(values, known, _INSIDE)


def with_values(
    values: Mapping[str, Any],
    known: Collection[str],
    inside: Mapping[str, Collection[str] | None],
) -> dict[str, object]:
    """The keys that have a value.

    Not of `hyperparameters`, where a value of nothing switches one off. A key that does not exist
    stays, to be refused.

    Args:
        values: As written.
        known: Keys that exist.
        inside: Keys that exist within a key; None where every key does.
    """
    present = _with_value(values, known)
    for key, keys in inside.items():
        inner = present.get(key)
        if isinstance(inner, Mapping):
            present[key] = _with_value(inner, inner if keys is None else keys)
    return present


def _with_value(given: Mapping[str, Any], known: Collection[str]) -> dict[str, object]:
    return {key: each for key, each in given.items() if each is not None or key not in known}
