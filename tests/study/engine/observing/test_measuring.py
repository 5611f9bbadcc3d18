from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from study.engine.observing import measuring
from study.engine.observing.collector import LARGE, Sink
from study.engine.observing.measuring import Row, Shown, measured

TRIALS = 5


def sums(tensors: Sequence[Tensor]) -> Row:
    return {f"sum_{index}": one.flatten(1).sum(dim=1) for index, one in enumerate(tensors)}


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("at_once", [1, 40, 100, 2**18])
def test_joined_or_in_pieces_the_figures_are_the_same(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(measuring, "AT_ONCE", at_once)
    layers = [
        Shown(tensors=(draw(TRIALS, 4, 2, seed=n), draw(TRIALS, 3, seed=n)), measure=sums)
        for n in range(4)
    ]
    layers.insert(2, Shown(tensors=(draw(TRIALS, 9),), measure=sums))
    rows = measured(layers)
    for row, shown in zip(rows, layers, strict=True):
        expected = sums(shown.tensors)
        assert row.keys() == expected.keys()
        for name, values in expected.items():
            assert row[name].shape == (TRIALS,) and row[name].dtype == torch.float64
            np.testing.assert_allclose(row[name], values, rtol=1e-5)


def test_only_neighbours_that_are_alike_are_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []

    def watched(tensors: Sequence[Tensor]) -> Row:
        sizes.append(len(tensors[0]))
        return sums(tensors)

    alike = [Shown(tensors=(draw(TRIALS, 8),), measure=watched) for _ in range(3)]
    other = Shown(tensors=(draw(TRIALS, 7),), measure=watched)
    measured([*alike, other, *alike])
    assert sizes == [3 * TRIALS, TRIALS, 3 * TRIALS]
    sizes.clear()
    monkeypatch.setattr(measuring, "AT_ONCE", 2 * TRIALS * 8)
    measured(alike)
    assert sizes == [2 * TRIALS, TRIALS]


def sink(**options: int) -> Sink:
    return Sink(sums, calls=options.get("calls", 1), units_last=False)


def figures(one: Sink) -> Row | None:
    """Whether measured at once or kept."""
    row, shown = one.row(TRIALS), one.shown(TRIALS)
    assert row is None or shown is None
    return row if shown is None else measured([shown])[0]


@pytest.mark.parametrize("numbers", [4, LARGE])
@pytest.mark.parametrize("parts", [[TRIALS], [3, 2], [1] * TRIALS])
def test_trials_come_together_or_in_parts(numbers: int, parts: list[int]) -> None:
    values, one = draw(TRIALS, numbers, 1), sink()
    for part in values.split(parts):
        one.add(part, stays=False)
    row = figures(one)
    assert row is not None
    np.testing.assert_allclose(row["sum_0"], values.sum(dim=(1, 2)), rtol=1e-4)


def test_a_small_last_part_goes_with_the_large_ones() -> None:
    """Otherwise neither the figures nor the tensors of all trials would be in one place."""
    values, one = draw(TRIALS, LARGE // 4, 1), sink()
    for part in values.split([4, 1]):
        one.add(part, stays=False)
    row = figures(one)
    assert row is not None
    np.testing.assert_allclose(row["sum_0"], values.sum(dim=(1, 2)), rtol=1e-4)


def test_calls_are_joined_and_their_ends_measured_too() -> None:
    calls, one = [draw(TRIALS, 4, 3, seed=n) for n in range(5)], sink(calls=5)
    for number in (4, 3, 2, 1, 0):  # The order of a backward pass.
        one.add(calls[number], number, stays=False)
    row = figures(one)
    assert row is not None
    np.testing.assert_allclose(row["sum_0"], sum(calls).sum(dim=(1, 2)), rtol=1e-4)  # type: ignore[union-attr]
    for number, call in enumerate(calls):  # The first, quarters of the way, the last.
        np.testing.assert_allclose(row[f"sum_{number + 1}"], call.sum(dim=(1, 2)), rtol=1e-4)


def test_of_trials_that_differ_in_calls_the_common_ones_are_measured() -> None:
    one = sink(calls=3)
    for trial in range(TRIALS):
        for call in range(2 + (trial == 0)):
            one.add(torch.ones(1, 2, 2), call, stays=False)
    row = figures(one)
    assert row is not None and row["sum_0"].tolist() == [8.0] * TRIALS


def test_what_a_trial_did_not_show_is_unmeasured() -> None:
    assert figures(sink()) is None
    for numbers in (4, LARGE):
        one = sink()
        one.add(draw(TRIALS - 1, numbers), stays=False)
        assert figures(one) is None


def test_what_does_not_stay_is_copied() -> None:
    one, values = sink(), torch.ones(TRIALS, 2)
    one.add(values, stays=False)
    values.zero_()
    row = figures(one)
    assert row is not None and row["sum_0"].tolist() == [2.0] * TRIALS
