"""Rows of many parts as one table, each trial once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from study.errors import TableError
from study.tables.files import part_path, read_part
from study.tables.index import PartIndex
from study.tables.metadata import attach, metadata_of
from study.tables.schema import TRIAL_FIGURES, TRIAL_IDENTITY, TRIAL_LABELS

_BEFORE = tuple(column.name for column in TRIAL_IDENTITY)
_AFTER = tuple(column.name for column in (*TRIAL_LABELS, *TRIAL_FIGURES))


def read_rows(
    folder: Path, index: PartIndex, wanted: set[int], columns: Sequence[str] | None
) -> list[pa.Table]:
    """Rows of the wanted trials from the parts that own them, a table a part.

    The part of the highest trial comes last: its metadata is the study's newest.

    Args:
        folder: Of one table's parts.
        index: Of the trials' parts.
        wanted: Trials, all of them recorded.
        columns: Names beside `trial`; all columns if None.
    """
    owned: dict[str, set[int]] = {}
    for trial in wanted:
        owned.setdefault(index.owner(trial), set()).add(trial)
    names = None if columns is None else list(dict.fromkeys(["trial", *columns]))
    tables = []
    for part in sorted(owned, key=lambda name: max(owned[name])):
        table = read_part(part_path(folder, part), names)
        if index.doubled(part) or len(owned[part]) < len(index.owned(part)):
            keep = pa.array(sorted(owned[part]), type=pa.int64())
            table = table.filter(pc.is_in(table.column("trial"), value_set=keep))
        tables.append(table)
    return tables


def merge(name: str, tables: Sequence[pa.Table], runs: Mapping[int, str]) -> pa.Table:
    """One table of all rows, with the metadata of the last.

    Columns that a part lacks (a hyperparameter added by a later extension) are null there, and
    whole numbers become float64 where another part has fractions.

    Args:
        name: Which table; "trials" is sorted by trial and gets its MLflow runs.
        tables: At least one.
        runs: MLflow run id by trial.

    Raises:
        TableError: If a column is a number in one part and a name in another.
    """
    metadata = metadata_of(tables[-1].schema)
    try:
        table = pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowTypeError, pa.ArrowInvalid) as error:
        raise TableError(f"the parts of {name} must agree in their types, but: {error}") from error
    if name == "trials":
        table = _with_runs(table.sort_by("trial"), runs).select(_in_order(table.column_names))
    return attach(table, metadata)


def empty_trials() -> pd.DataFrame:
    """The trials table of a study that has recorded none: every column but hyperparameters."""
    types = {"int64": "int64", "float64": "float64", "float32": "float32", "string": "str"}
    columns = (*TRIAL_IDENTITY, *TRIAL_LABELS, *TRIAL_FIGURES)
    return pd.DataFrame({one.name: pd.Series(dtype=types[one.type]) for one in columns})


def _with_runs(table: pa.Table, runs: Mapping[int, str]) -> pa.Table:
    place = (
        table.column_names.index("mlflow_run_id") if "mlflow_run_id" in table.schema.names else -1
    )
    if place < 0 or not runs:
        return table
    known = table.column("mlflow_run_id").to_pylist()
    trials = table.column("trial").to_pylist()
    filled = [runs.get(trial, old) for trial, old in zip(trials, known, strict=True)]
    return table.set_column(place, "mlflow_run_id", pa.array(filled, type=pa.string()))


def _in_order(names: Sequence[str]) -> list[str]:
    before = [name for name in _BEFORE if name in names]
    after = [name for name in _AFTER if name in names]
    return [*before, *(name for name in names if name not in {*before, *after}), *after]
