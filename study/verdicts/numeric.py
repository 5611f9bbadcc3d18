"""Columns of a frame as the arrays that labels are computed from."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd


def numbers(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Reads a numeric column as float64, nulls as NaN, shape (rows,)."""
    column = frame[name]
    if column.dtype == object:
        column = pd.to_numeric(column)
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def require(frame: pd.DataFrame, names: Iterable[str], table: str) -> None:
    """Checks that a table has the columns that labels are made from.

    Raises:
        ValueError: If some are missing; the message names them.
    """
    missing = [name for name in names if name not in frame.columns]
    if missing:
        raise ValueError(f"{table} must have the columns of its schema, missing: {missing}")


def numbers_or_nan(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Reads a numeric column as `numbers` does; all NaN where the table lacks it."""
    if name not in frame.columns:
        return np.full(len(frame), np.nan)
    return numbers(frame, name)


def names(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Reads a column of texts, nulls as None; all None where the table lacks it, (rows,)."""
    if name not in frame.columns:
        return np.full(len(frame), None, dtype=object)
    column = frame[name].astype(object)
    return column.where(column.notna(), None).to_numpy(dtype=object)
