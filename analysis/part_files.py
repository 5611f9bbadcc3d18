"""Single Parquet files of a study's tables, read one after the other and brought to one schema."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.errors import AnalysisError
from study.tables.schema import METADATA_KEY, SCHEMA_VERSION

_THREADS = 2
_AHEAD = 8
"""Files that are read while an earlier one is worked on."""

In = TypeVar("In")
Out = TypeVar("Out")


def part_files(folder: Path, table: str) -> list[Path]:
    """The finished parts of a table of the study in this folder, sorted by name."""
    found = (folder / "tables" / table).glob("part-*.parquet")
    return sorted(found, key=lambda path: path.stem)


def read_file(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Rows of one part, of these columns alone if they are named (absent ones are left out).

    Raises:
        AnalysisError: If the file is missing, damaged, no gradscape table, or of a newer one.
    """
    try:
        # A part is small and read whole: fetching it ahead costs more than it saves.
        with pq.ParquetFile(path, pre_buffer=False) as file:
            metadata_of(file.schema_arrow, path)
            present = set(file.schema_arrow.names)
            wanted = None if columns is None else [name for name in columns if name in present]
            return file.read(columns=wanted, use_threads=False)
    except FileNotFoundError as error:
        raise AnalysisError(f"{path} is missing though its trials are recorded") from error
    except pa.ArrowInvalid as error:
        raise AnalysisError(f"{path} is damaged: {error}") from error


def read_footer(path: Path) -> tuple[int, pa.Schema]:
    """Rows of one part and their schema, without metadata; errors as `read_file`."""
    try:
        footer = pq.read_metadata(path)
    except FileNotFoundError as error:
        raise AnalysisError(f"{path} is missing though its trials are recorded") from error
    except pa.ArrowInvalid as error:
        raise AnalysisError(f"{path} is damaged: {error}") from error
    schema = footer.schema.to_arrow_schema()
    metadata_of(schema, path)
    return footer.num_rows, schema.remove_metadata()


def metadata_of(schema: pa.Schema, path: Path) -> Mapping[str, object]:
    """What a part says about its study.

    Raises:
        AnalysisError: If it is no gradscape table, or one of a newer gradscape.
    """
    raw = (schema.metadata or {}).get(METADATA_KEY)
    if raw is None:
        raise AnalysisError(f"{path} is no gradscape table: it lacks the metadata key 'gradscape'")
    metadata: dict[str, object] = json.loads(raw)
    version = metadata.get("schema_version")
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise AnalysisError(
            f"{path} has schema version {version}, but this gradscape reads up to "
            f"{SCHEMA_VERSION}; upgrade gradscape to read it"
        )
    return metadata


def in_order(work: Callable[[In], Out], items: Sequence[In]) -> Iterator[Out]:
    """`work` of each item, in order, a few ahead in other threads: decoding leaves Python's lock.

    Unlike `Executor.map` it never holds more than a few results.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        rest = iter(items)
        ahead: list[Future[Out]] = [pool.submit(work, item) for item in islice(rest, _AHEAD)]
        while ahead:
            done = ahead.pop(0)
            ahead += [pool.submit(work, item) for item in islice(rest, 1)]
            yield done.result()


def unified(schemas: Sequence[pa.Schema]) -> pa.Schema:
    """One schema for parts that differ: a column null in one, integers in an older one.

    Raises:
        AnalysisError: If a column is a number in one part and a name in another.
    """
    try:
        return pa.unify_schemas(list(dict.fromkeys(schemas)), promote_options="permissive")
    except (pa.ArrowTypeError, pa.ArrowInvalid) as error:
        raise AnalysisError(f"the parts of a table must agree in types, but: {error}") from error


def conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The rows in this schema; what they lack is null."""
    if table.schema.equals(schema):
        return table.replace_schema_metadata(None)
    columns = [
        table[field.name].cast(field.type)
        if field.name in table.column_names
        else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def concatenated(tables: Sequence[pa.Table]) -> pa.Table:
    """Rows of all tables, at least one, in one schema; errors as `unified`."""
    bare = [table.replace_schema_metadata(None) for table in tables]
    schema = unified([table.schema for table in bare])
    return pa.concat_tables([conform(table, schema) for table in bare])
