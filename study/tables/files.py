"""Part files: written whole or not at all, and read by columns."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from study.errors import PartDamaged, TableError
from study.tables.encoding import parquet_options
from study.tables.metadata import check_version
from study.tables.staging import Staging, move_into_place, write_error

_PREFIX = "part-"
_SUFFIX = ".parquet"
_CURE = (
    "copy it back from the artifacts `tables` of the study's parent run in MLflow, or "
    "`gradscape run` trains its trials again"
)
_NEEDED = {
    "trials": ("trial", "verdict", "outcome"),
    "steps": ("trial", "step"),
    "layers": ("trial", "step", "layer"),
    "runs": ("trial", "mlflow_run_id"),
}
"""Columns that parts of every version have, by table, whose name is the folder's."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def part_path(folder: Path, name: str) -> Path:
    """The file of a part.

    Raises:
        ValueError: If the name could not stand in a file's name.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"a part's name must be letters, digits, '-', '_', '.', but got {name!r}")
    return folder / f"{_PREFIX}{name}{_SUFFIX}"


def part_names(folder: Path) -> set[str]:
    """Names of the finished parts in a folder; none if the folder does not exist."""
    try:
        with os.scandir(folder) as entries:
            files = [entry.name for entry in entries]
    except (FileNotFoundError, NotADirectoryError):
        return set()
    return {
        file[len(_PREFIX) : -len(_SUFFIX)]
        for file in files
        if file.startswith(_PREFIX) and file.endswith(_SUFFIX)
    }


def is_part_file(name: str) -> bool:
    """Whether a file of this name is a part; such a name never leads out of its folder."""
    stem = name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
    return name == f"{_PREFIX}{stem}{_SUFFIX}" and _NAME.fullmatch(stem) is not None


def write_part(path: Path, table: pa.Table, staging: Staging | None = None) -> None:
    """Writes a table so that a crash at any moment leaves the whole file or none.

    Args:
        path: Where the part goes; its folder is made where it is missing.
        table: What it holds.
        staging: Staging folder of the writer that holds the study; without it the file is made
            beside `path`.

    Raises:
        TableWriteError: If the system refuses; the message says why and what helps.
    """
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **parquet_options(table.schema))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if staging is None:
            unfinished = path.with_name(f"{path.name}.{os.getpid()}.tmp")
            move_into_place(sink.getvalue(), unfinished, path)
        else:
            staging.write(path, sink.getvalue())
    except OSError as error:
        raise write_error(path, error) from error


def read_part(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Rows of a part, of these columns only if they are named (absent ones are left out).

    Raises:
        TableError: If the file is missing, no Parquet, no table of gradscape or of a later one.
    """
    # A part is small and read whole: fetching it ahead, or in threads, costs more than it saves.
    with _readable(path), pq.ParquetFile(path, pre_buffer=False) as file:
        check_version(file.schema_arrow)
        _check_columns(path, file.schema_arrow)
        present = set(file.schema_arrow.names)
        wanted = None if columns is None else [name for name in columns if name in present]
        return file.read(columns=wanted, use_threads=False)


def read_footer(path: Path) -> tuple[int, pa.Schema]:
    """Number of rows of a part and their schema, without metadata; errors as `read_part`."""
    with _readable(path):
        footer = pq.read_metadata(path)
        schema = footer.schema.to_arrow_schema()
        check_version(schema)
        _check_columns(path, schema)
        return footer.num_rows, schema.remove_metadata()


def _check_columns(path: Path, schema: pa.Schema) -> None:
    for name in _NEEDED.get(path.parent.name, ()):
        if name not in schema.names:
            raise PartDamaged(f"the part {path} is damaged: it has no column {name}; {_CURE}")


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """What is wrong with a file that is being read, with its name."""
    try:
        yield
    except PartDamaged:
        raise
    except TableError as error:
        raise TableError(f"{path}: {error}") from error
    except FileNotFoundError as error:
        raise PartDamaged(
            f"the part {path} is missing though its trials are recorded; {_CURE}"
        ) from error
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        # Arrow's own OSErrors, of what is wrong within a file, have no number.
        if getattr(error, "errno", None) is not None and not path.is_dir():
            raise TableError(f"the part {path} cannot be read: {reason}") from error
        raise PartDamaged(f"the part {path} is damaged: {reason}; {_CURE}") from error
