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
    """Writes the CSV files that hold what the page shows, as far as it shows it."""
    regions = [
        region.assign(x_name=region.attrs["x"], y_name=region.attrs["y"]).astype(
            {"x": "str", "y": "str"}
        )
        for region in evidence.regions
    ]
    if regions:
        table = pd.concat(regions, ignore_index=True)
        names = ["x_name", "y_name"]
        table[[*names, *table.columns.drop(names)]].to_csv(folder / "regions.csv", index=False)
    if evidence.boundaries is not None:
        evidence.boundaries.to_csv(folder / "boundaries.csv", index=False)
    evidence.importance.to_csv(folder / "importance.csv", index=False)
    if evidence.predictions.any:
        evidence.predictions.groups.to_csv(folder / "theory.csv", index=False)
    if evidence.flags.attrs["recorded"]:
        evidence.flags.to_csv(folder / "flags.csv", index=False)
    if evidence.rules.attrs["recorded"]:
        evidence.rules.to_csv(folder / "published_rules.csv", index=False)
        evidence.kappa.to_csv(folder / "rule_kappa.csv", index_label="rule")


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
