from __future__ import annotations

import dataclasses

import pytest
import torch

from study.engine import Task, make_task
from study.engine.tasks.data.data_faults import is_unbalanced, standardizable


@pytest.fixture(scope="module")
def digits() -> Task:
    """Centred images of variance 1, with about as many of each label."""
    return make_task("digits")


def test_only_what_is_off_its_scale_is_standardized(digits: Task) -> None:
    assert standardizable(digits) == ()
    raw = dataclasses.replace(
        digits, inputs=digits.inputs * 50, targets=digits.targets.float() * 7
    )
    assert standardizable(raw) == ("inputs", "targets", "both")
    shares = dataclasses.replace(raw, targets=torch.rand(len(raw.targets)))
    assert standardizable(shares) == ("inputs",)


def test_one_column_in_other_units_is_enough(digits: Task) -> None:
    generator = torch.Generator().manual_seed(0)
    table = torch.randn(len(digits.inputs), 5000, generator=generator)
    assert standardizable(dataclasses.replace(digits, inputs=table)) == ()
    table[:, 7] *= 5
    assert standardizable(dataclasses.replace(digits, inputs=table)) == ("inputs",)


def test_labels_are_balanced_where_none_is_twice_as_frequent(digits: Task) -> None:
    assert not is_unbalanced(digits)
    assert is_unbalanced(dataclasses.replace(digits, targets=(digits.targets == 3).long()))
    assert not is_unbalanced(dataclasses.replace(digits, targets=digits.targets.float()))
