"""The report's tables as Parquet and CSV."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterator, Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from analysis.report.evidence import Evidence
from analysis.report.sections import SECTIONS
from analysis.tables import load_layers, load_steps
from study.tables.schema import METADATA_KEY

_BLOCK = 5_000
"""Trials held in memory at a time."""

_SERIES: dict[str, Callable[..., pd.DataFrame]] = {"steps": load_steps, "layers": load_layers}


def write_tables(
    folder: Path, trials: pd.DataFrame, study: str | Path, *, home: str | Path | None = None
) -> None:
    """Writes trials, steps and layers, each as one Parquet and one CSV file."""
    _write(folder, "trials", iter([trials]), trials.attrs)
    numbers = trials["trial"].tolist()
    for name, load in _SERIES.items():
        blocks = (
            load(study, home=home, trials=numbers[start : start + _BLOCK])
            for start in range(0, len(numbers), _BLOCK)
        )
        _write(folder, name, blocks, trials.attrs)


def write_derived(folder: Path, evidence: Evidence) -> None:
    """Writes the sections' CSV files."""
    for section in SECTIONS:
        for name, table in section.tables(evidence).items():
            table.to_csv(folder / name, index=table.index.name is not None)


def _write(
    folder: Path, name: str, blocks: Iterator[pd.DataFrame], metadata: Mapping[Hashable, object]
) -> None:
    first = next(blocks)
    table = pa.Table.from_pandas(first, preserve_index=False)
    schema = table.schema.with_metadata({METADATA_KEY: json.dumps(metadata).encode()})
    with (
        pq.ParquetWriter(folder / f"{name}.parquet", schema, compression="zstd") as parquet,
        pa_csv.CSVWriter(folder / f"{name}.csv", table.schema) as csv,
    ):
        while True:
            parquet.write_table(table.replace_schema_metadata(schema.metadata))
            csv.write_table(table)
            block = next(blocks, None)
            if block is None:
                return
            table = pa.Table.from_pandas(block, schema=table.schema, preserve_index=False)
