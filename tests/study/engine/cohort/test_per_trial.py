from __future__ import annotations

import math

import numpy as np
import torch

from study.engine.cohort.per_trial import Columns, along

TRIALS = [{"rate": 0.1, "limit": "none"}, {"limit": 2}, {"rate": 0.3, "limit": 5.0}]


def columns() -> Columns:
    return Columns(TRIALS, device=torch.device("cpu"), dtype=torch.float32)


def test_one_value_a_trial_in_their_order() -> None:
    assert columns().values("rate", 0.2).tolist() == [0.1, 0.2, 0.3]
    torch.testing.assert_close(columns().tensor("rate", 0.2), torch.tensor([0.1, 0.2, 0.3]))
    assert len(columns()) == 3


def test_a_limit_of_none_is_infinity() -> None:
    assert columns().values("limit", math.inf).tolist() == [math.inf, 2.0, 5.0]


def test_what_no_trial_uses_is_no_column() -> None:
    assert columns().used("decay", 0.0) is None
    assert columns().used("cut", math.inf, unused=math.inf) is None
    assert columns().used("rate", 0.0) is not None
    assert columns().used("decay", 0.01) is not None  # a default that is used


def test_kept_trials_keep_their_values() -> None:
    kept = columns()
    kept.tensor("rate", 0.2)
    kept.keep([2, 0])
    torch.testing.assert_close(kept.tensor("rate", 0.2), torch.tensor([0.3, 0.1]))
    kept.keep([1])
    assert kept.values("limit", math.inf).tolist() == [math.inf]
    assert kept.used("limit", math.inf, unused=math.inf) is None  # of those that are left


def test_rows_arrive_in_the_dtype_of_the_cohort() -> None:
    one, two = columns().send([np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])])
    assert one.tolist() == [1, 2, 3] and two.tolist() == [4, 5, 6]
    assert one.dtype == two.dtype == torch.float32


def test_a_column_acts_on_the_trial_axis_of_a_block() -> None:
    block = torch.ones(2, 3, 4, 5)
    assert (block * along(torch.arange(3.0), block)).sum(dim=(0, 2, 3)).tolist() == [0, 40, 80]
    assert along(torch.arange(3.0), torch.ones(2, 3)).shape == (1, 3)
