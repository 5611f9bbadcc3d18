"""A table of a person's own: CSV, Parquet or NumPy, one column of which is predicted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from study.engine.tasks.columns import encoded, no_holes, read_frame
from study.engine.tasks.data.split import split
from study.engine.tasks.error import TaskError, check_at_least
from study.engine.tasks.measures import squared_error
from study.engine.tasks.task import WORKED_OUT, Task, classification

if TYPE_CHECKING:
    import pandas as pd

MOST_CLASSES = 50
"""Whole numbers of more values than these are numbers to come close to; texts are never."""

KINDS = ("auto", "labels", "numbers")


def table(
    *,
    file: Path,
    predict: str,
    columns: list[str] | None = None,
    kind: str = "auto",
    missing: str = "refuse",
    examples: int | None = None,
    validation: float = 0.0,
    target: float | None = None,
    balanced_metric: bool = False,
) -> Task:
    """Rows (N, columns) of a CSV, Parquet or NumPy file, with one column to predict.

    Texts and categories become a column of 0 and 1 for each of their values. `standardize` under
    hyperparameters scales numbers; what is held out is scaled as what is trained on.

    Args:
        file: `.csv` or `.tsv` (also compressed), `.parquet`, `.npz` of arrays by name, or `.npy`
            of a table whose columns are called 0, 1, ...
        predict: Name of the column to predict; of an `.npz` that of its array.
        columns: What it is predicted from; by default all other columns.
        kind: `labels` or `numbers`; by default texts, truth values and whole numbers of at most
            50 values are labels.
        missing: `refuse` a file with empty cells, or `drop` their rows.
        examples: Only the first so many rows; by default all.
        validation: Share of the rows that no trial trains on.
        target: Accuracy, or explained variance, from which a trial counts as trained.
        balanced_metric: Whether accuracy is the mean over the labels of that among each.

    Raises:
        TaskError: If an argument is out of range, or there is no such column.
        ValueError: If the file's cells are no numbers, texts or truth values, or are empty.
        OSError: If the file is missing or cannot be read.
    """
    _check(kind, missing, examples)
    frame = read_frame(file, predict)
    if examples is not None:
        frame = frame.head(examples)
    names = _chosen(frame, predict, columns)
    frame = no_holes(frame[[*names, predict]], drop=missing == "drop")
    values = frame[predict]
    inputs = torch.from_numpy(encoded(frame[names]))
    kept, held_out = split("table", len(frame), validation)
    labelled = _is_labels(values) if kind == "auto" else kind == "labels"
    if labelled:
        return _of_labels(inputs, values, kept, held_out, target, balanced_metric)
    if balanced_metric:
        raise TaskError(
            f"needs labels, but {predict!r} is predicted as a number", parameter="balanced_metric"
        )
    return _of_numbers(inputs, values, kept, held_out, target)


def _of_labels(
    inputs: Tensor,
    values: pd.Series,
    kept: Tensor,
    held_out: Tensor | None,
    target: float | None,
    balanced_metric: bool,
) -> Task:
    names, codes = np.unique(values.to_numpy().astype(str), return_inverse=True)
    if values.dtype.kind in "iu":  # In the order of the numbers, not of their texts.
        names, codes = np.unique(values.to_numpy(), return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"labels must differ, but {values.name!r} is {names[0]} in all rows")
    labels = torch.from_numpy(codes.astype(np.int64))
    return classification(
        "table",
        inputs[kept],
        labels[kept],
        classes=len(names),
        target=target,
        validation=None if held_out is None else (inputs[held_out], labels[held_out]),
        balanced_metric=balanced_metric,
    )


def _of_numbers(
    inputs: Tensor,
    values: pd.Series,
    kept: Tensor,
    held_out: Tensor | None,
    target: float | None,
) -> Task:
    try:
        numbers = values.to_numpy(dtype=np.float32)
    except (TypeError, ValueError):
        raise TaskError(
            f"numbers are asked for, but {values.name!r} has {values.iloc[0]!r}", parameter="kind"
        ) from None
    targets = torch.from_numpy(numbers).unsqueeze(1)
    return Task(
        name="table",
        inputs=inputs[kept],
        targets=targets[kept],
        outputs=1,
        loss=squared_error,
        target=WORKED_OUT if target is None else target,
        validation=None if held_out is None else (inputs[held_out], targets[held_out]),
    )


def _is_labels(values: pd.Series) -> bool:
    if values.dtype.kind == "f":
        return False
    return values.dtype.kind not in "iu" or values.nunique() <= MOST_CLASSES


def _chosen(frame: pd.DataFrame, predict: str, columns: list[str] | None) -> list[str]:
    known = [str(name) for name in frame.columns]
    for parameter, names in (("predict", [predict]), ("columns", columns or [])):
        for name in names:
            if name not in known:
                raise TaskError(
                    f"there is no column {name!r}; known: {', '.join(known)}", parameter=parameter
                )
    chosen = [name for name in (columns or known) if name != predict]
    if not chosen:
        raise TaskError("must name a column to predict from", parameter="columns")
    return chosen


def _check(kind: str, missing: str, examples: int | None) -> None:
    for name, value, known in (("kind", kind, KINDS), ("missing", missing, ("refuse", "drop"))):
        if value not in known:
            raise TaskError(
                f"must be one of {', '.join(known)}, but got {value!r}", parameter=name
            )
    check_at_least(2, examples=examples)
