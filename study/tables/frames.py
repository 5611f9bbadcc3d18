"""DataFrames to Arrow tables of the schema's types, and back.

NaN and None both become null: pandas does not tell them apart. What was NaN is still known, from
`failure_step` and `nonfinite_count`. Infinities stay what they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from search_spaces.catalogue import CATALOGUE, Kind
from study.errors import TableError
from study.tables.encoding import NO_LIMIT
from study.tables.metadata import StudyMetadata, attach, metadata_of
from study.tables.schema import (
    ARROW_TYPES,
    TRIAL_FIGURES,
    TRIAL_IDENTITY,
    TRIAL_LABELS,
    Column,
    ColumnType,
)

if TYPE_CHECKING:
    import pandas as pd

_KIND_TYPES: dict[Kind, ColumnType] = {
    "integer": "int64",
    "number": "float64",
    "number-or-none": "float64",
    "name": "string",
}


def trial_columns(
    metadata: StudyMetadata, frame: pd.DataFrame | None = None
) -> tuple[Column, ...]:
    """Every column of the trials table, hyperparameters included, in order.

    Args:
        metadata: Names the hyperparameters and their values.
        frame: Rows to take a type from where the metadata does not tell it.
    """
    hyperparameters = tuple(
        Column(
            name=name,
            type=_hyperparameter_type(name, entry, _values_seen(frame, name)),
            unit="",
            meaning="hyperparameter",
        )
        for name, entry in metadata.hyperparameters.items()
    )
    return (*TRIAL_IDENTITY, *hyperparameters, *TRIAL_LABELS, *TRIAL_FIGURES)


def to_arrow(frame: pd.DataFrame, columns: Sequence[Column], metadata: StudyMetadata) -> pa.Table:
    """The rows as a typed Arrow table that carries the study's metadata.

    Args:
        frame: One column for each of `columns`, in any order.
        columns: `trial_columns(metadata)`, `schema.STEPS` or `schema.LAYERS`.
        metadata: Goes into the table's schema.

    Raises:
        TableError: If a column is missing or unknown, or a value does not fit its type.
    """
    expected = [column.name for column in columns]
    for name in frame.columns:
        if name not in expected:
            raise TableError(f"unknown column {name!r}; known: {', '.join(expected)}")
    missing = [name for name in expected if name not in frame.columns]
    if missing:
        raise TableError(f"every column of the table must be given, missing: {', '.join(missing)}")
    arrays = [_to_array(frame[column.name], column) for column in columns]
    fields = [pa.field(column.name, ARROW_TYPES[column.type]) for column in columns]
    return attach(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), metadata)


def to_frame(table: pa.Table) -> pd.DataFrame:
    """The table as a DataFrame; its metadata, as a dict, is in ``attrs``.

    Integers with nulls come back as float64 with NaN, as pandas has it.
    """
    attrs = metadata_of(table.schema).to_dict()
    bare = table.replace_schema_metadata(None)
    # Columns are handed over one by one, and freed where the caller kept none, so that there are
    # never two copies of a large table.
    del table
    frame: pd.DataFrame = bare.to_pandas(split_blocks=True, self_destruct=True)
    frame.attrs.update(attrs)
    return frame


def _values_seen(frame: pd.DataFrame | None, name: str) -> list[Any]:
    if frame is None or name not in frame.columns:
        return []
    return [_plain(value) for value in frame[name].dropna().unique()]


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _hyperparameter_type(name: str, entry: Mapping[str, Any], seen: Iterable[Any]) -> ColumnType:
    stated: ColumnType | None = entry.get("type")
    if stated is not None:
        if stated not in ARROW_TYPES:
            raise TableError(f"unknown type {stated!r}; known: {', '.join(ARROW_TYPES)}")
        return stated
    # Values alone cannot tell: a study without clipping has only `none`, which is a number.
    if name in CATALOGUE:
        return _KIND_TYPES[CATALOGUE[name].kind]
    listed = entry.get("choices", [entry[key] for key in ("value", "low", "high") if key in entry])
    values = [*listed, *seen]
    numbers = [value for value in values if _is_number(value)]
    if not numbers or any(not _is_number(value) and value != NO_LIMIT for value in values):
        return "string"
    return "int64" if all(isinstance(value, int) for value in values) else "float64"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _to_array(values: pd.Series, column: Column) -> pa.Array:
    arrow_type = ARROW_TYPES[column.type]
    try:
        if column.type == "string":
            return _strings(values)
        if column.type == "int64":
            return pa.array(values, type=arrow_type, from_pandas=True)
        return pa.array(_floats(values), type=arrow_type, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise TableError(f"{column.name} must be {column.type}, but: {error}") from error


def _strings(values: pd.Series) -> pa.Array:
    import pandas as pd  # Whoever has a Series has it already; reading tables needs none.

    if pd.api.types.is_string_dtype(values):
        return pa.array(values, type=pa.string(), from_pandas=True)
    texts = values.astype(object).where(values.notna(), None)
    return pa.array([_text(value) for value in texts], type=pa.string())


def _floats(values: pd.Series) -> np.ndarray:
    import pandas as pd

    if not pd.api.types.is_numeric_dtype(values.dtype):
        plain = values.astype(object).where(values.notna(), math.nan)
        return np.array([math.inf if value == NO_LIMIT else float(value) for value in plain])
    return values.to_numpy(dtype=np.float64, na_value=math.nan)


def _text(value: Any) -> str | None:
    """Names as they are; a switch or a number among names as a study file would have it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    return str(_plain(value))
