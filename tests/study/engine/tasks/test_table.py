"""Tables of a person's own: CSV, Parquet and NumPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from study.engine import TASKS, TaskError, make_task

ROWS = 40


def frame() -> pd.DataFrame:
    numbers = np.arange(ROWS)
    return pd.DataFrame(
        {
            "size": numbers * 0.5,
            "colour": np.where(numbers % 3 == 0, "red", "blue"),
            "old": numbers % 2 == 0,
            "price": numbers * 100.0 + 7,
            "kind": np.where(numbers % 4 == 0, "b", "a"),
        }
    )


@pytest.mark.parametrize("end", ["csv", "csv.gz", "tsv", "parquet"])
def test_labels_and_one_column_for_each_text(tmp_path: Path, end: str) -> None:
    file = tmp_path / f"data.{end}"
    if end == "parquet":
        frame().to_parquet(file)
    else:
        frame().to_csv(file, index=False, sep="\t" if end == "tsv" else ",")
    task = TASKS["table"](file=file, predict="kind", columns=["size", "colour", "old"])
    assert (task.outputs, task.metric_name, task.chance) == (2, "accuracy", 0.75)
    expected = np.stack(
        [frame()["size"], frame().colour == "blue", frame().colour == "red", frame().old], axis=1
    )
    np.testing.assert_array_equal(task.inputs.numpy(), expected.astype(np.float32))
    assert task.targets.tolist() == [int(kind == "b") for kind in frame().kind]


def test_numbers_are_standardized_as_what_is_trained_on(tmp_path: Path) -> None:
    file = tmp_path / "data.parquet"
    frame().to_parquet(file)
    options = {"file": file, "predict": "price", "columns": ["size"], "validation": 0.25}
    task = make_task("table", options, {"standardize": "both"})
    assert task.validation is not None
    inputs, targets = task.validation
    assert (len(task.inputs), len(inputs)) == (30, 10)
    assert task.inputs.mean().item() == pytest.approx(0, abs=1e-6)
    # Held-out rows lie on the same line in the same units: price and size are proportional.
    torch.testing.assert_close(inputs, targets, rtol=1e-4, atol=1e-4)
    assert abs(inputs.mean().item()) > 1e-3
    assert task.loss_chance == pytest.approx(1, rel=1e-4)


def test_arrays_of_numpy(tmp_path: Path) -> None:
    x, y = np.random.default_rng(0).normal(size=(ROWS, 2, 3)), np.arange(ROWS) % 5
    np.savez(tmp_path / "data.npz", x=x, y=y)
    task = TASKS["table"](file=tmp_path / "data.npz", predict="y")
    np.testing.assert_array_equal(task.inputs.numpy(), x.reshape(ROWS, 6).astype(np.float32))
    assert task.targets.tolist() == y.tolist()
    np.save(tmp_path / "data.npy", np.column_stack([x[:, 0, 0], x[:, 0, 1]]))
    task = TASKS["table"](file=tmp_path / "data.npy", predict="1")
    np.testing.assert_array_equal(task.targets[:, 0].numpy(), x[:, 0, 1].astype(np.float32))


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"predict": "prize"}, "there is no column 'prize'; known: size, colour"),
        ({"columns": ["hue"]}, "there is no column 'hue'"),
        ({"kind": "classes"}, "must be one of auto, labels, numbers"),
        ({"predict": "kind", "kind": "numbers"}, "numbers are asked for, but 'kind' has 'b'"),
        ({"validation": 1.0}, "leave examples to train on"),
        ({"columns": ["holed"]}, "2 of 40 rows have empty ones .rows 3, 5; columns holed"),
        ({"columns": ["id"]}, "'id' has 40 different texts"),
        ({"file": Path("data.xlsx")}, "must be a file data.xlsx"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, changes: dict[str, Any], rule: str) -> None:
    holed = frame().price.astype(float)
    holed[[3, 5]] = np.nan
    file = tmp_path / "data.csv"
    names = [f"n{row}" for row in range(ROWS)]
    frame().assign(holed=holed, id=names).to_csv(file, index=False)
    if changes.get("columns") == ["id"]:  # More texts than a category has.
        many = pd.concat([frame()] * 3, ignore_index=True)
        many.assign(id=[f"n{row}" for row in range(3 * ROWS)]).to_csv(file, index=False)
        rule = "'id' has 120 different texts"
    options = {"file": file, "predict": "price", "columns": ["size"], **changes}
    with pytest.raises((TaskError, ValueError, OSError), match=rule):
        TASKS["table"](**options)
    if changes.get("columns") == ["holed"]:
        assert TASKS["table"](**options, missing="drop").examples == ROWS - 2
