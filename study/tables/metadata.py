"""What a table file says about its study: a JSON object in its Parquet metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import pyarrow as pa

from study.errors import TableError
from study.tables.encoding import NO_LIMIT
from study.tables.schema import METADATA_KEY, SCHEMA_VERSION

Space = Mapping[str, Mapping[str, Any]]
"""A search space as JSON: the `hyperparameters` of a table's metadata."""

WATCHED = "watched"
"""In place of a task's name: a training loop of its own, of which nothing else is known."""


@dataclass(frozen=True, kw_only=True)
class StudyMetadata:
    """What every table of a study carries beside its rows.

    Attributes:
        study: Name of the study.
        task: The task's name, as in the study file.
        network: The network's name, as in the study file.
        hyperparameters: By name, in the study file's order: ``{"kind": "fixed", "value": ...}``,
            ``{"kind": "choice", "choices": [...]}`` or ``{"kind": "range", "low", "high",
            "log"}``. An entry may also give the column's ``type`` ("int64", "float64",
            "string"); else the catalogue tells it, or the values do.
        thresholds: By name, those that the labels were made with.
        task_options: Options of the task as written in the study file, `${VAR}` included.
        metric: What the task's metric is called, e.g. "accuracy".
        tracking_uri: Address of the MLflow server that has the trials' runs, without user and
            password; empty if they are in a data base.
        schema_version: Version of the tables' schema.
    """

    study: str
    task: str
    network: str
    hyperparameters: Mapping[str, Mapping[str, Any]]
    thresholds: Mapping[str, float] = field(default_factory=dict)
    task_options: Mapping[str, Any] = field(default_factory=dict)
    metric: str = "metric"
    tracking_uri: str = ""
    schema_version: int = SCHEMA_VERSION

    def to_json(self) -> str:
        """The JSON object; `from_json` gives an equal value back."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def to_dict(self) -> dict[str, Any]:
        """The same as plain dicts and lists, as `DataFrame.attrs` holds it."""
        return asdict(self)

    @classmethod
    def from_json(cls, text: str | bytes) -> StudyMetadata:
        """Reads what `to_json` wrote.

        Raises:
            TableError: If it is no such object, or of a later schema version than this one.
        """
        values = _checked(text)
        known = {field.name for field in fields(cls)}
        missing = {"study", "task", "network", "hyperparameters"} - values.keys()
        if missing:
            raise TableError(f"the metadata of a table lacks {', '.join(sorted(missing))}")
        # Keys of a later minor version are dropped: they add, they never change a meaning.
        return cls(**{name: value for name, value in values.items() if name in known})


def attach(table: pa.Table, metadata: StudyMetadata) -> pa.Table:
    """The table with the study's metadata in its schema (pandas' own is dropped)."""
    return table.replace_schema_metadata({METADATA_KEY: metadata.to_json().encode()})


def metadata_of(schema: pa.Schema) -> StudyMetadata:
    """The study's metadata in an Arrow schema.

    Raises:
        TableError: If there is none, or it is of a later schema version than this one.
    """
    return StudyMetadata.from_json(_stored(schema))


def check_version(schema: pa.Schema) -> None:
    """Refuses what is no table of gradscape, or one of a later schema version; errors as above."""
    _checked(_stored(schema))


def _stored(schema: pa.Schema) -> bytes:
    stored: bytes | None = (schema.metadata or {}).get(METADATA_KEY)
    if stored is None:
        raise TableError("the table carries no gradscape metadata; another program wrote it")
    return stored


def _checked(text: str | bytes) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except ValueError as error:
        raise TableError(f"the metadata of a table must be JSON, but: {error}") from error
    version = values.get("schema_version") if isinstance(values, dict) else None
    if not isinstance(version, int):
        raise TableError("the metadata of a table must be an object with schema_version")
    if version > SCHEMA_VERSION:
        raise TableError(
            f"the tables have schema version {version}, but this gradscape reads up to"
            f" {SCHEMA_VERSION}; upgrade gradscape to read them"
        )
    return dict(values)


def setting_values(entry: Mapping[str, Any]) -> list[Any]:
    """The values that a setting names: its choices, its one value, or the ends of its range."""
    if entry["kind"] == "choice":
        return list(entry["choices"])
    return [entry[key] for key in ("value", "low", "high") if key in entry]


def merged_hyperparameters(spaces: Sequence[Space]) -> dict[str, dict[str, Any]]:
    """What the trials of several space versions have had: the `hyperparameters` of their tables.

    Args:
        spaces: From the earliest to the latest, of which none has names where another has numbers.

    Returns:
        The latest's hyperparameters in its order, then those that it has no more. Ranges are the
        widest; fixed values that changed are a choice.
    """
    merged: dict[str, dict[str, Any]] = {name: dict(each) for name, each in spaces[-1].items()}
    for space in reversed(spaces[:-1]):
        for name, entry in space.items():
            merged[name] = _merged(entry, merged[name]) if name in merged else dict(entry)
    return merged


def _merged(was: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    if "range" in (was["kind"], now["kind"]):
        both = (*setting_values(was), *setting_values(now))
        numbers = [value for value in both if value != NO_LIMIT]
        shape = dict(now if now["kind"] == "range" else was)
        if shape["low"] != min(numbers) or shape["high"] != max(numbers):
            shape.pop("step", None)
        return shape | {"low": min(numbers), "high": max(numbers)}
    values = list(dict.fromkeys([*setting_values(now), *setting_values(was)]))
    if len(values) == 1:
        return dict(now)
    return {"kind": "choice", "choices": values}
