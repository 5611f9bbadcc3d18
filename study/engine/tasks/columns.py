"""Columns of a file as numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

MOST_VALUES = 100
"""Different texts of a column; more of them are names or sentences, not categories."""

NAMED = 5
"""Rows that a refusal names; it counts the others."""


def read_frame(file: Path, predict: str) -> pd.DataFrame:
    """Reads a file, by its name's end; columns have texts as names.

    Args:
        file: CSV, TSV, Parquet, `.npy` or `.npz`.
        predict: Name of the array in an `.npz` that becomes a column of that name.

    Raises:
        ValueError: If it is of another kind, or is damaged.
        OSError: If it is missing or cannot be read.
    """
    if not file.is_file():
        raise FileNotFoundError(f"there must be a file {file}, but there is none")
    import pandas as pd  # Only here: a study of other tasks needs none of it.

    ends = [end.lower() for end in file.suffixes if end.lower() not in (".gz", ".bz2", ".xz")]
    end = ends[-1] if ends else ""
    readers: dict[str, Callable[[Path], Any]] = {
        ".csv": pd.read_csv,
        ".tsv": lambda path: pd.read_csv(path, sep="\t"),
        ".parquet": pd.read_parquet,
        ".npy": lambda path: _from_array(np.load(path)),
        ".npz": lambda path: _from_arrays(dict(np.load(path)), predict),
    }
    if end not in readers:
        raise ValueError(f"{file} must end with one of {', '.join(readers)}")
    frame: pd.DataFrame = readers[end](file)
    return frame.rename(columns=str)


def _from_array(values: npt.NDArray[Any]) -> pd.DataFrame:
    import pandas as pd

    if values.ndim != 2:
        raise ValueError(f"an array must be (rows, columns), but has shape {values.shape}")
    return pd.DataFrame(values)


def _from_arrays(arrays: dict[str, npt.NDArray[Any]], predict: str) -> pd.DataFrame:
    import pandas as pd

    if predict not in arrays:
        raise ValueError(f"there is no array {predict!r}; known: {', '.join(arrays)}")
    columns: dict[str, npt.NDArray[Any]] = {}
    for name, values in arrays.items():
        flat = values.reshape(len(values), -1)
        single = flat.shape[1] == 1
        columns |= {
            name if single else f"{name}_{index}": flat[:, index] for index in range(flat.shape[1])
        }
    lengths = {name: len(values) for name, values in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"arrays must have as many rows as each other, but got {lengths}")
    return pd.DataFrame(columns)


def no_holes(frame: pd.DataFrame, *, drop: bool) -> pd.DataFrame:
    """Returns the rows that have all cells.

    Args:
        frame: The columns that are used.
        drop: Whether other rows are left out; else there may be none.

    Raises:
        ValueError: If there are empty cells and they are not to be left out, or nothing is left.
    """
    empty = frame.isna()
    rows = empty.any(axis=1).to_numpy()
    if rows.any() and not drop:
        numbers = [str(row) for row in np.flatnonzero(rows)]
        listed = ", ".join([*numbers[:NAMED], *(["..."] if len(numbers) > NAMED else [])])
        names = [str(name) for name in frame.columns[empty.any()]]
        raise ValueError(
            f"cells must not be empty, but {len(numbers)} of {len(frame)} rows have empty ones "
            f"(rows {listed}; columns {', '.join(names[:NAMED])}): fill them in, leave those "
            "columns out, or say `missing: drop`"
        )
    if rows.all():
        raise ValueError("a table must have rows, but none is left" if drop else "has no rows")
    return frame[~rows]


def encoded(frame: pd.DataFrame) -> npt.NDArray[np.float32]:
    """Returns (rows, numbers): texts become a column of 0 and 1 for each of their values.

    Raises:
        ValueError: If a column has texts of too many values, or something else than texts,
            numbers and truth values.
    """
    import pandas as pd

    parts = []
    for name, column in frame.items():
        if column.dtype.kind in "iufb":
            parts.append(column.to_numpy(dtype=np.float32)[:, None])
            continue
        if column.dtype.kind == "M" or column.nunique() > MOST_VALUES:
            kind = "dates" if column.dtype.kind == "M" else f"{column.nunique()} different texts"
            raise ValueError(
                f"columns must be numbers, truth values or texts of at most {MOST_VALUES} "
                f"values, but {name!r} has {kind}: leave it out of `columns`, or make numbers "
                "of it"
            )
        parts.append(pd.get_dummies(column.astype(str), dtype=np.float32).to_numpy())
    return np.ascontiguousarray(np.concatenate(parts, axis=1))
