"""Parts whose columns differ brought to one schema.

A study that was extended, or continued by a later gradscape, has parts that lack a column, hold
nothing but nulls in it, or whole numbers where another part has fractions.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from study.errors import TableError
from study.tables.schema import (
    ARROW_TYPES,
    LAYERS,
    STEPS,
    TRIAL_FIGURES,
    TRIAL_IDENTITY,
    TRIAL_LABELS,
    Column,
)

if TYPE_CHECKING:
    import pandas as pd

_SERIES: Mapping[str, Sequence[Column]] = {"steps": STEPS, "layers": LAYERS}
_BEFORE = tuple(column.name for column in TRIAL_IDENTITY)
_AFTER = tuple(column.name for column in (*TRIAL_LABELS, *TRIAL_FIGURES))


def series_schema(table: str, parts: Sequence[pa.Schema]) -> pa.Schema:
    """The columns of `steps` or `layers`, and what these parts have beside them.

    Raises:
        TableError: If a column is a number in one part and a name in another.
    """
    own = pa.schema([(column.name, ARROW_TYPES[column.type]) for column in _SERIES[table]])
    return _unified(table, [own, *parts])


def merge_series(table: str, parts: Sequence[pa.Table], *, complete: bool) -> pa.Table:
    """Rows of `steps` or `layers` of all parts, without metadata; errors as `series_schema`.

    Args:
        table: Which.
        parts: At least one.
        complete: Whether columns of the schema that no part has are filled with nulls.
    """
    schemas = [_bare(part).schema for part in parts]
    schema = series_schema(table, schemas) if complete else _unified(table, schemas)
    return pa.concat_tables([conform(part, schema) for part in parts])


def merge_trials(parts: Sequence[pa.Table], runs: Mapping[int, str]) -> pa.Table:
    """Rows of `trials` of all parts, sorted by trial, without metadata; errors as above.

    Args:
        parts: At least one.
        runs: MLflow run id by trial.
    """
    schema = _unified("trials", [_bare(part).schema for part in parts])
    names = _in_order(schema.names)
    table = pa.concat_tables([conform(part, schema) for part in parts]).select(names)
    numbers = table.column("trial").to_numpy()
    if np.any(numbers[:-1] > numbers[1:]):
        table = table.take(pa.array(np.argsort(numbers, kind="stable")))
    return _with_runs(table, runs)


def conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The rows in this schema, without metadata; what they lack is null."""
    if table.schema.equals(schema):
        return _bare(table)
    columns = [
        table[field.name].cast(field.type)
        if field.name in table.column_names
        else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def empty_trials() -> pd.DataFrame:
    """The trials table of a study that has recorded none: every column but hyperparameters."""
    import pandas as pd

    types = {"int64": "int64", "float64": "float64", "float32": "float32", "string": "str"}
    columns = (*TRIAL_IDENTITY, *TRIAL_LABELS, *TRIAL_FIGURES)
    return pd.DataFrame({each.name: pd.Series(dtype=types[each.type]) for each in columns})


def empty_series(table: str) -> pd.DataFrame:
    """`steps` or `layers` without rows: every column."""
    return series_schema(table, []).empty_table().to_pandas()


def _bare(table: pa.Table) -> pa.Table:
    return table.replace_schema_metadata(None)


def _unified(table: str, schemas: Collection[pa.Schema]) -> pa.Schema:
    try:
        return pa.unify_schemas(list(dict.fromkeys(schemas)), promote_options="permissive")
    except (pa.ArrowTypeError, pa.ArrowInvalid) as error:
        raise TableError(
            f"the parts of {table} must agree in their types, but: {error}"
        ) from error


def _with_runs(table: pa.Table, runs: Mapping[int, str]) -> pa.Table:
    if not runs or "mlflow_run_id" not in table.column_names:
        return table
    delivered = pa.array(runs.keys(), type=pa.int64())
    ids = pa.array(runs.values(), type=pa.string())
    found = ids.take(pc.index_in(table.column("trial"), value_set=delivered))
    index = table.column_names.index("mlflow_run_id")
    return table.set_column(
        index, "mlflow_run_id", pc.coalesce(found, table.column("mlflow_run_id").cast(pa.string()))
    )


def _in_order(names: Sequence[str]) -> list[str]:
    before = [name for name in _BEFORE if name in names]
    after = [name for name in _AFTER if name in names]
    return [*before, *(name for name in names if name not in {*before, *after}), *after]
