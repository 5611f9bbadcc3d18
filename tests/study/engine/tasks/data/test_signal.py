"""Whether inputs tell anything of targets."""

from __future__ import annotations

import torch

from study.engine.tasks.data.signal import signal

GENERATOR = torch.Generator().manual_seed(0)
X = torch.randn(800, 6, generator=GENERATOR)
LINE = X[:, :1] + 0.5 * X[:, 1:2]
XOR = ((X[:, 0] > 0) ^ (X[:, 1] > 0)).long()


def shuffled(values: torch.Tensor) -> torch.Tensor:
    return values[torch.randperm(len(values), generator=GENERATOR)]


def test_lines_clusters_and_what_no_line_finds() -> None:
    assert (signal(X, LINE) or 0) > 0.9
    assert (signal(X[:, :2], XOR) or 0) > 0.5


def test_targets_that_were_shuffled_have_none() -> None:
    assert signal(X, shuffled(LINE)) == 0
    assert signal(X[:, :2], shuffled(XOR)) == 0


def test_sequences_and_tokens_are_not_judged() -> None:
    assert signal(X.reshape(800, 3, 2), XOR) is None
    assert signal(X.long(), XOR) is None


def test_a_default_of_half_precision_changes_nothing() -> None:
    inputs = torch.randn(4000, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    labels = (inputs[:, 0] > 0).long()
    expected = signal(inputs, labels)
    torch.set_default_dtype(torch.float16)
    try:
        assert signal(inputs, labels) == expected
    finally:
        torch.set_default_dtype(torch.float32)
