"""From pydantic's list of errors to the one line that a person reads.

What pydantic says ("Input should be greater than or equal to 1") is not shown: the line states the
whole rule of a value, which is read off the JSON Schema of its type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from search_spaces.errors import InputError, unknown
from search_spaces.values import show
from study.study_file.fields import StudyName

_KINDS = {"integer": "an integer", "number": "a number", "string": "text"}
# Not "maximum": that is the largest integer a data base holds, of which nobody thinks.
_BOUNDS = {"minimum": ">=", "exclusiveMinimum": ">", "exclusiveMaximum": "<"}
_Schema = Mapping[str, Any]


def read_as(rules: Any, given: object) -> Any:
    """One value by the rules of its type.

    Raises:
        InputError: If it breaks one. Without the key of the value itself.
    """
    try:
        return TypeAdapter(rules).validate_python(given)
    except ValidationError as error:
        problem = first_problem(error, given, rules)
    raise problem


def read_study(given: object) -> str:
    """A study's name where it stands alone, as it was given on the command line.

    Raises:
        InputError: If it is none. Without a key.
    """
    return str(read_as(StudyName, given))


def first_problem(error: ValidationError, values: object, rules: Any) -> InputError:
    """The error that a person should fix first.

    Args:
        error: What pydantic raised.
        values: What was validated, with the keys in the order of the file.
        rules: The type that it was validated as.
    """
    # A mistyped key leaves another one missing: the mistyped one is the cause.
    rank = {"extra_forbidden": 0, "invalid_key": 0, "missing": 1}
    details = error.errors(include_url=False, include_input=False)
    first = min(details, key=lambda each: (rank.get(each["type"], 2), _index(each, values)))
    steps = [*first["loc"]]
    name = steps.pop() if first["type"] == "invalid_key" else None
    if steps[-1:] == ["[key]"]:
        name = steps[-2]
        del steps[-2:]
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, InputError):
        return InputError(cause.rule, key=cause.key or ".".join(map(str, steps)) or None)
    key, above, schema, given = _look_up(steps, TypeAdapter(rules).json_schema(), values)
    if name is not None:
        text = f"names must be text, but got {show(name)}; put it in quotes"
    else:
        text = _text(first["type"], key, above, schema, given)
    return InputError(text, key=".".join(key) or None)


def _text(kind: str, key: list[str], above: _Schema, schema: _Schema, given: object) -> str:
    if kind == "extra_forbidden":
        return unknown("key", key[-1], above["properties"])
    if kind == "missing":
        return f"is required; for example `{key[-1]}: {schema['examples'][0]}`"
    if kind == "string_type" and given is not None:
        return f"must be text, but got {show(given)}; put it in quotes"
    return f"must be {_rule(schema)}, but got {show(given)}"


def _look_up(
    steps: list[Any], schema: _Schema, value: Any
) -> tuple[list[str], _Schema, _Schema, object]:
    """Where an error is: its key, the schemas of the mapping around it and of it, and its value.

    Pydantic's path goes on into the parts of a union or of a list; the key ends before those.
    """
    definitions: _Schema = schema.get("$defs", {})
    above: _Schema = {}
    key: list[str] = []
    for step in steps:
        inside = schema.get("properties", {}).get(step, schema.get("additionalProperties"))
        if inside is None:
            break
        key.append(str(step))
        above, value = schema, value.get(step)
        schema = _resolved(inside if isinstance(inside, Mapping) else {}, definitions)
    return key, above, schema, value


def _resolved(schema: _Schema, definitions: _Schema) -> _Schema:
    """The schema itself: not a reference to it, nor the choice between it and null."""
    some = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(some) == 1:
        return _resolved({**schema, "anyOf": (), **some[0]}, definitions)
    if "$ref" in schema:
        return {**definitions[schema["$ref"].rpartition("/")[2]], **schema}
    return schema


def _rule(schema: _Schema) -> str:
    if "properties" in schema:
        return f"a mapping of {', '.join(schema['properties'])}"
    if "description" in schema:
        return str(schema["description"])
    if "const" in schema:
        return str(schema["const"])
    if "enum" in schema:
        return " or ".join(schema["enum"])
    if schema.get("anyOf"):
        return " or ".join(_rule(each) for each in schema["anyOf"])
    bounds = [f"{sign} {schema[name]}" for name, sign in _BOUNDS.items() if name in schema]
    return f"{_KINDS[schema['type']]} {' and '.join(bounds)}".rstrip()


def _index(detail: ErrorDetails, values: object) -> int:
    """The path of an error's key in the file, such as `resources.workers`."""
    keys = list(values) if isinstance(values, Mapping) else []
    first = detail["loc"][0] if detail["loc"] else None
    return keys.index(first) if first in keys else len(keys)
