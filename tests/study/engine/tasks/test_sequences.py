"""Adding, copy, temporal order, reverse and marked copy, recomputed in plain Python."""

from __future__ import annotations

import math
from collections import Counter

import pytest
import torch

from study.engine import TASKS, TaskError


class TestAdding:
    @pytest.mark.parametrize("length", [2, 3, 17, 50])
    def test_targets_are_the_sum_of_the_two_marked_numbers(self, length: int) -> None:
        task = TASKS["adding"](sequence_length=length, examples=200)
        assert task.inputs.shape == (200, length, 2) and task.targets.shape == (200, 1)
        for sequence, (target,) in zip(task.inputs.tolist(), task.targets.tolist(), strict=True):
            marked = [index for index, (_, marker) in enumerate(sequence) if marker == 1]
            assert sum(marker for _, marker in sequence) == 2 and len(marked) == 2
            assert marked[0] < length // 2 <= marked[1]
            assert target == pytest.approx(sum(sequence[index][0] for index in marked))
            assert all(0 <= value < 1 for value, _ in sequence)

    def test_every_place_is_marked_at_times(self) -> None:
        task = TASKS["adding"](sequence_length=9, examples=500)
        assert (task.inputs[:, :, 1].sum(dim=0) > 20).all()

    def test_one_number_alone_leaves_more_than_the_target(self) -> None:
        task = TASKS["adding"](sequence_length=20)
        second = (task.inputs[:, 10:, 0] * task.inputs[:, 10:, 1]).sum(dim=1, keepdim=True)
        error = task.metric(second + 0.5, task.targets).mean().item()
        assert error == pytest.approx(1 / 12, rel=0.05)
        assert task.ceiling == 0 < task.target < error / 1.5


class TestCopy:
    @pytest.mark.parametrize("pause", [1, 2, 30])
    def test_the_symbols_come_back_after_the_start_token(self, pause: int) -> None:
        task = TASKS["copy"](sequence_length=pause, examples=50)
        blank, start = 8, 9
        for tokens, answer in zip(task.inputs.tolist(), task.targets.tolist(), strict=True):
            symbols = tokens[:10]
            assert all(0 <= symbol < 8 for symbol in symbols)
            assert tokens[10:] == [blank] * (pause - 1) + [start] + [blank] * 10
            assert answer == [blank] * (pause + 10) + symbols
        assert task.vocabulary == 10 and task.outputs == 9 and task.output_at == "time_step"

    def test_all_symbols_come_equally_often(self) -> None:
        task = TASKS["copy"](sequence_length=1)
        counts = Counter(task.inputs[:, :10].flatten().tolist())
        assert set(counts) == set(range(8))
        # Standard deviation of a share of 1/8 among 100,000: 0.001.
        assert all(abs(n / 100_000 - 1 / 8) < 0.006 for n in counts.values())

    def test_the_metric_looks_at_the_recalled_symbols_only(self) -> None:
        task = TASKS["copy"](sequence_length=3, examples=2)
        right = torch.nn.functional.one_hot(task.targets, 9).float()
        assert task.metric(right, task.targets).tolist() == [1.0, 1.0]
        assert task.loss(100 * right, task.targets).tolist() == pytest.approx([0, 0], abs=1e-6)
        wrong_before = right.clone()
        wrong_before[:, :13] = 0
        assert task.metric(wrong_before, task.targets).tolist() == [1.0, 1.0]
        wrong_last = right.roll(1, dims=2)
        wrong_last[:, :-2] = right[:, :-2]
        assert task.metric(wrong_last, task.targets).tolist() == pytest.approx([0.8, 0.8])

    def test_the_loss_at_chance_is_the_papers(self) -> None:
        assert TASKS["copy"](sequence_length=100).loss_chance == 10 * math.log(8) / 120


class TestTemporalOrder:
    @pytest.mark.parametrize("length", [10, 13, 50])
    def test_the_class_tells_both_symbols_in_their_order(self, length: int) -> None:
        task = TASKS["temporal_order"](sequence_length=length, examples=300)
        classes = {(0, 0): 0, (0, 1): 1, (1, 0): 2, (1, 1): 3}
        seen = set()
        for tokens, label in zip(task.inputs.tolist(), task.targets.tolist(), strict=True):
            places = [index for index, token in enumerate(tokens) if token in (0, 1)]
            first, second = places
            assert length / 10 <= first < 2 * length / 10
            assert 5 * length / 10 <= second < 6 * length / 10
            assert classes[tokens[first], tokens[second]] == label
            assert set(tokens) <= set(range(6))
            seen.add((first, second))
        allowed = [p for p in range(length) if length <= 10 * p < 2 * length]
        later = [p for p in range(length) if 5 * length <= 10 * p < 6 * length]
        assert len(seen) == len(allowed) * len(later)

    def test_classes_are_even(self) -> None:
        task = TASKS["temporal_order"]()
        shares = task.targets.bincount(minlength=4) / task.examples
        assert (shares - 0.25).abs().max() < 0.02  # standard deviation 0.0043
        assert task.chance == pytest.approx(shares.max().item())
        assert task.loss_chance == pytest.approx(math.log(4), rel=1e-3)
        assert task.vocabulary == 6 and task.outputs == 4

    def test_one_symbol_alone_leaves_the_target_out_of_reach(self) -> None:
        assert TASKS["temporal_order"]().target > 0.5 + 0.1


def guessing(symbols: int, answers: int, steps: int) -> float:
    """Cross-entropy of who knows when to answer, and nothing of what, by time step."""
    return answers * math.log(symbols) / steps


class TestReverse:
    @pytest.mark.parametrize("length", [2, 7, 20])
    def test_what_was_read_is_said_backwards(self, length: int) -> None:
        task = TASKS["reverse"](sequence_length=length, examples=60)
        blank, start = 8, 9
        for tokens, answer in zip(task.inputs.tolist(), task.targets.tolist(), strict=True):
            assert set(tokens[:length]) <= set(range(8))
            assert tokens[length:] == [start] + [blank] * length
            assert answer == [8] * (length + 1) + list(reversed(tokens[:length]))
        assert task.loss_chance == pytest.approx(guessing(8, length, 2 * length + 1))

    def test_the_metric_looks_at_what_is_said_only(self) -> None:
        task = TASKS["reverse"](sequence_length=4, examples=3)
        right = torch.nn.functional.one_hot(task.targets, 9).float()
        right[:, :5] = 0  # said while reading
        assert task.metric(right, task.targets).tolist() == [1.0] * 3
        right[:, -1] = right[:, -1].roll(1, dims=1)
        assert task.metric(right, task.targets).tolist() == [0.75] * 3


class TestMarkedCopy:
    @pytest.mark.parametrize(("length", "marks"), [(4, 1), (11, 2), (24, 6)])
    def test_the_marked_symbols_are_said_in_their_order(self, length: int, marks: int) -> None:
        task = TASKS["marked_copy"](sequence_length=length, examples=300)
        blank, start = 16, 17
        seen: Counter[int] = Counter()
        for tokens, answer in zip(task.inputs.tolist(), task.targets.tolist(), strict=True):
            read = tokens[:length]
            assert tokens[length:] == [start] + [blank] * marks
            said = [token - 8 for token in read if token >= 8]
            assert all(0 <= token < 16 for token in read) and len(said) == marks
            assert answer == [8] * (length + 1) + said
            seen.update(index for index, token in enumerate(read) if token >= 8)
        assert set(seen) == set(range(length))
        assert task.loss_chance == pytest.approx(guessing(8, marks, length + 1 + marks))
        assert task.chance == 1 / 8


@pytest.mark.parametrize(
    ("name", "options", "rule"),
    [
        ("reverse", {"sequence_length": 1}, "must be >= 2, but got 1"),
        ("reverse", {"examples": 0}, "must be >= 1, but got 0"),
        ("marked_copy", {"sequence_length": 3}, "must be >= 4, but got 3"),
        ("marked_copy", {"examples": 0}, "must be >= 1, but got 0"),
        ("adding", {"sequence_length": 1}, "must be >= 2, but got 1"),
        ("adding", {"examples": 0}, "must be >= 1, but got 0"),
        ("copy", {"sequence_length": 0}, "must be >= 1, but got 0"),
        ("copy", {"examples": 0}, "must be >= 1, but got 0"),
        ("temporal_order", {"sequence_length": 9}, "must be >= 10, but got 9"),
        ("temporal_order", {"examples": -1}, "must be >= 1, but got -1"),
    ],
)
def test_numbers_out_of_range(name: str, options: dict[str, int], rule: str) -> None:
    with pytest.raises(TaskError) as caught:
        TASKS[name](**options)
    assert str(caught.value) == rule and caught.value.parameter in options
