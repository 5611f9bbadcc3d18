from __future__ import annotations

import torch

from study.engine.quantities.nonfinite import nonfinite_count


def test_nonfinite_values_are_counted() -> None:
    values = torch.zeros(3, 4, 5)
    values[1, 0, 0] = torch.nan
    values[1, 2, 3] = -torch.inf
    assert nonfinite_count(values).tolist() == [0, 2, 0]
    assert nonfinite_count(values[:1]).tolist() == [0]


def test_a_sum_that_overflows_is_no_nonfinite_value() -> None:
    values = torch.full((2, 4), 3e38)
    values[1, 0] = torch.nan
    assert nonfinite_count(values).tolist() == [0, 1]
