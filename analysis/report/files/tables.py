"""The report's tables as Parquet and CSV, streamed from the study's parts."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from analysis.errors import table_errors
from analysis.reading import SERIES
from analysis.report.findings.evidence import Evidence
from analysis.report.sections import SECTIONS
from study.tables.encoding import parquet_options
from study.tables.schema import METADATA_KEY

Tables = Literal["auto", "all", "trials"]
"""Which tables the report's folder has: as their size allows, all, or the trials alone."""

CSV_ROWS = 1_048_575
"""Steps and layers of more rows are not written as CSV: a spreadsheet opens no more."""

PARQUET_ROWS = 30_000_000
"""Nor as one Parquet file above this (1 to 2 GB): the study's own parts hold the same."""

_GROUP_ROWS = 131_072
"""Parts are joined to row groups of about this size."""


@dataclass(frozen=True, kw_only=True)
class TableFiles:
    """What becomes of one table.

    Attributes:
        table: "trials", "steps" or "layers".
        rows: Number of its rows.
        parquet: Whether it is written as Parquet.
        csv: Whether it is written as CSV.
        why: What is left out and why, in a sentence; "" if nothing is.
    """

    table: str
    rows: int
    parquet: bool
    csv: bool
    why: str = ""


def write_tables(
    folder: Path, evidence: Evidence, tables: Tables, stop: threading.Event
) -> tuple[TableFiles, ...]:
    """Writes trials, steps and layers, as far as their size makes sense; says which and why.

    The trials are sorted; steps and layers lie as in the study's parts, sorted within a trial.

    Args:
        folder: Where to.
        evidence: Of the report.
        tables: What was asked for.
        stop: Once it is set, nothing more is written.

    Raises:
        AnalysisError: If a part cannot be read.
    """
    trials = pa.Table.from_pandas(evidence.trials, preserve_index=False)
    trials = trials.replace_schema_metadata(None)
    files = TableFiles(table="trials", rows=trials.num_rows, parquet=True, csv=True)
    _write(folder, files, trials.schema, iter([trials]), evidence.metadata)
    done = [files]
    with table_errors():
        for name in SERIES:
            stream = evidence.store.stream(name, evidence.trials["trial"].tolist())
            files = _plan(name, stream.rows, tables)
            if files.parquet or files.csv:
                until = takewhile(lambda block: not stop.is_set(), stream.blocks)
                _write(folder, files, stream.schema, until, evidence.metadata)
            done.append(files)
    return tuple(done)


def _plan(name: str, rows: int, tables: Tables) -> TableFiles:
    """How steps or layers of so many rows are written."""
    parquet = tables != "trials" and (tables == "all" or rows <= PARQUET_ROWS)
    csv = tables != "trials" and (tables == "all" or rows <= CSV_ROWS)
    why = ""
    if tables == "trials":
        why = f"{name} were not asked for"
    elif not parquet:
        why = f"{rows:,} rows of {name} are left where they are: beyond {PARQUET_ROWS:,} a copy"
        why += " says nothing more"
    elif not csv:
        why = f"{rows:,} rows of {name} are not written as CSV: a spreadsheet opens {CSV_ROWS:,}"
    return TableFiles(table=name, rows=rows, parquet=parquet, csv=csv, why=why)


def write_derived(folder: Path, evidence: Evidence) -> None:
    """Writes the sections' CSV files."""
    for section in SECTIONS:
        for name, table in section.tables(evidence).items():
            table.to_csv(folder / name, index=table.index.name is not None)


def _write(
    folder: Path,
    files: TableFiles,
    schema: pa.Schema,
    blocks: Iterator[pa.Table],
    metadata: Mapping[str, object],
) -> None:
    stored = schema.with_metadata({METADATA_KEY: json.dumps(metadata).encode()})
    writers: list[pq.ParquetWriter | pa_csv.CSVWriter] = []
    try:
        if files.parquet:
            path = folder / f"{files.table}.parquet"
            writers.append(pq.ParquetWriter(path, stored, **parquet_options(schema)))
        if files.csv:
            writers.append(pa_csv.CSVWriter(folder / f"{files.table}.csv", schema))
        for block in _groups(blocks):
            for writer in writers:
                writer.write_table(block.replace_schema_metadata(stored.metadata))
    finally:
        for writer in writers:
            writer.close()


def _groups(blocks: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in fewer, larger tables."""
    waiting: list[pa.Table] = []
    for block in blocks:
        waiting.append(block)
        if sum(one.num_rows for one in waiting) >= _GROUP_ROWS:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)
