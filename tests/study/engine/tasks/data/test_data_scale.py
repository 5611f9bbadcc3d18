"""What is said of numbers that are far from the scale that networks start with."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from study.engine import Task
from study.engine.tasks.data.data_scale import scale_notices
from study.engine.tasks.data.outliers import outliers

TABLE = torch.randn(1500, 12, generator=torch.Generator().manual_seed(0))


def with_code(code: float, *, every: int) -> Tensor:
    values = TABLE.clone()
    values.view(-1)[::every] = code
    return values


def said_of(inputs: Tensor, targets: Tensor) -> str:
    task = Task(
        name="table",
        inputs=inputs,
        targets=targets,
        outputs=1,
        loss=lambda outputs, targets: (outputs - targets).square().mean(1),
        loss_chance=1.0,
    )
    return " ".join(scale_notices(task))


@pytest.mark.parametrize(
    "values",
    [TABLE, TABLE.exp(), 1e6 * TABLE, torch.zeros(50), torch.cat([TABLE, 1e6 * TABLE[:, :3]], 1)],
    ids=["normal", "log-normal", "large", "zeros", "columns of two scales"],
)
def test_numbers_of_one_kind_have_no_outliers(values: Tensor) -> None:
    assert outliers(values) is None


def test_a_code_for_missing_values_is_not_to_be_standardized() -> None:
    """Standardized with their code, all that is known lies within a thousandth of each other."""
    said = said_of(with_code(-9999.0, every=23), TABLE[:, :1])
    assert "4.3 % of the numbers lie far from all others (-9999): replace or leave out" in said
    assert "press all others together" in said
    assert "`standardize: inputs` under hyperparameters brings them there" in said_of(
        100 * TABLE, TABLE[:, :1]
    )


def test_a_slip_in_one_target() -> None:
    targets = TABLE[:, :1].clone()
    targets[123] = 5000.0
    assert "1 number lies far from all others (5000)" in said_of(TABLE, targets)
    assert said_of(TABLE, TABLE[:, :1]) == ""


def test_the_column_that_is_large_is_named() -> None:
    table = TABLE.clone()
    table[:, 7] += 1.6e9
    assert "root mean square of 4.62e+08 (1.6e+09 in column 7, counted from 0)" in said_of(
        table, TABLE[:, :1]
    )
