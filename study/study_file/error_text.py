"""From pydantic's list of errors to the one line that a person reads."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from search_spaces.errors import InputError, unknown
from search_spaces.values import show

_EXAMPLES = {
    "study": "study: my-study",
    "task": "task: digits",
    "network": "network: mlp",
    "hyperparameters": "hyperparameters: {depth: [2, 8, 32]}",
    "steps": "steps: 200",
}


def first_problem(
    error: ValidationError,
    values: Mapping[str, object],
    model: type[BaseModel],
    nested: type[BaseModel],
) -> InputError:
    """The error that a person should mend first.

    Args:
        error: Of pydantic.
        values: The keys given, in the order of the file.
        model: The study file.
        nested: The model of its key `resources`.
    """
    details = error.errors(include_url=False, include_input=False)
    # A mistyped key leaves another one missing: the mistyped one is the cause.
    rank = {"extra_forbidden": 0, "missing": 1}
    first = min(details, key=lambda each: (rank.get(each["type"], 2), _place(each, values)))
    where = [str(part) for part in first["loc"]]
    key = ".".join(where)
    if first["type"] == "extra_forbidden":
        known = (model if len(where) == 1 else nested).model_fields
        return InputError(unknown("key", where[-1], known), key=key)
    if first["type"] == "missing":
        return InputError(f"is required; for example `{_EXAMPLES[key]}`", key=key)
    if first["type"] in ("model_type", "model_attributes_type"):
        known = nested.model_fields
        return InputError(
            f"must be a mapping of {', '.join(known)}, but got {show(values[key])}", key=key
        )
    cause = first.get("ctx", {}).get("error")
    if not isinstance(cause, InputError):
        return InputError(first["msg"], key=key or None)
    return InputError(cause.rule, key=cause.key or key)


def _place(detail: ErrorDetails, values: Mapping[str, object]) -> int:
    keys = list(values)
    first = detail["loc"][0] if detail["loc"] else None
    if detail["type"] == "default_factory_not_called":
        return len(keys) + 1
    return keys.index(str(first)) if first in keys else len(keys)
