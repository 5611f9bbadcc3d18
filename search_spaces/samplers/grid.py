"""The grid: every configuration that applies exactly once, in a shuffled order."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np

from search_spaces.catalogue import Value
from search_spaces.errors import InputError
from search_spaces.space import Entry, SearchSpace
from search_spaces.space.entries import owners_first
from search_spaces.space.settings import cell, cell_count

MAX_CELLS = 10_000_000
"""The shuffled order holds one 8-byte number a cell."""


@dataclass(frozen=True, kw_only=True)
class _Block:
    """Cells that agree in the values of all owners: a plain product of the other axes."""

    owners: dict[str, Value]
    others: tuple[Entry, ...]

    @property
    def size(self) -> int:
        return math.prod(_count(each) for each in self.others)

    def cell(self, index: int) -> dict[str, Value]:
        # The index in a number system whose digits are the axes' cells.
        values = dict(self.owners)
        for each in self.others:
            index, digit = divmod(index, _count(each))
            values[each.name] = cell(each.setting, digit)
        return values


def grid_size(space: SearchSpace) -> int:
    """Returns the number of different configurations.

    Raises:
        InputError: If an axis is a range without steps, or the grid passes `MAX_CELLS`.
    """
    size = sum(block.size for block in _blocks(space))
    if size > MAX_CELLS:
        raise InputError(
            f"a grid may have {MAX_CELLS:,} cells, but this space has {size:,}; "
            f"use sampler qmc or random",
            key="sampler",
        )
    return size


class GridDesign:
    """Every cell of the space once.

    Args:
        space: All of its axes must be choices or stepped ranges.
        seed: Decides the order, in which any first part is a random sample of the grid.
        done: Full configurations that are left out, because the study has run them.

    Raises:
        InputError: If an axis is a range without steps, the grid passes `MAX_CELLS`, or a
            configuration that was run is none of the grid.
    """

    def __init__(
        self, *, space: SearchSpace, seed: int, done: Sequence[Mapping[str, Value]] = ()
    ) -> None:
        _check_kept(space, done)
        self._space = space
        self._done = {frozenset(each.items()) for each in done}
        self._left: list[int] = []
        self._next = 0
        self._cells = grid_size(space)
        self._size = self._cells - len(self._done)
        self._blocks = tuple(_blocks(space))
        self._ends = tuple(accumulate(block.size for block in self._blocks))
        self._seed = seed

    def values(self, configuration: int) -> dict[str, Value]:
        if configuration >= self._size:
            raise InputError(
                f"the grid has {self._size} configurations, but configuration number "
                f"{configuration} (from 0) was asked for",
                key="trials",
            )
        return self._cell(self._index(configuration))

    def _index(self, configuration: int) -> int:
        """Returns the cell of a configuration that was not left out."""
        if not self._done:
            return int(self._order[configuration])
        while len(self._left) <= configuration:
            index = int(self._order[self._next])
            self._next += 1
            values = self._space.resolve(self._cell(index))
            if frozenset(values.items()) not in self._done:
                self._left.append(index)
        return self._left[configuration]

    def _cell(self, index: int) -> dict[str, Value]:
        block = bisect_right(self._ends, index)
        start = self._ends[block - 1] if block else 0
        return self._blocks[block].cell(index - start)

    @cached_property
    def _order(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.random.default_rng(self._seed).permutation(self._cells)


def grid_cells(design: GridDesign, space: SearchSpace, count: int) -> list[dict[str, Value]]:
    """Returns the first full configurations of a grid."""
    return [space.resolve(design.values(number)) for number in range(count)]


def _check_kept(space: SearchSpace, done: Sequence[Mapping[str, Value]]) -> None:
    lost = [values for values in done if not _holds(space, values)]
    if lost:
        raise InputError(
            f"a grid must keep the configurations that were run, but {len(lost)} of {len(done)} "
            f"are none of this one; a fixed value may become a list with it and others, a range "
            f"with a step may go further",
            key="hyperparameters",
        )


def _holds(space: SearchSpace, values: Mapping[str, Value]) -> bool:
    try:
        if space.resolve(values) != values:
            return False
    except InputError:
        return False
    return all(
        any(values[each.name] == cell(each.setting, index) for index in range(_count(each)))
        for each in space.entries
        if each.varies and each.name in values
    )


def _blocks(space: SearchSpace) -> Iterator[_Block]:
    # By name, so that reordering a study file does not change its trials.
    entries = owners_first(sorted(space.entries, key=lambda each: each.name))
    owners = {each.owner for entry in entries for each in entry.hyperparameter.conditions}
    for values in _assignments([each for each in entries if each.name in owners], {}):
        applying = (each for each in entries if each.varies and each.applies(values))
        others = tuple(each for each in applying if each.name not in owners)
        varying = {each.name for each in entries if each.varies}
        yield _Block(
            owners={name: value for name, value in values.items() if name in varying},
            others=others,
        )


def _assignments(owners: list[Entry], values: dict[str, Value]) -> Iterator[dict[str, Value]]:
    if not owners:
        yield values
        return
    first, *rest = owners
    if not first.applies(values):
        yield from _assignments(rest, values)
        return
    for index in range(_count(first)):
        yield from _assignments(rest, {**values, first.name: cell(first.setting, index)})


def _count(entry: Entry) -> int:
    count = cell_count(entry.setting)
    if count is None:
        raise InputError(
            f"a grid needs lists or ranges with a step, but got {entry.setting}; list some "
            f"values, give the range a step (and no log), or use sampler qmc",
            key=f"hyperparameters.{entry.name}",
        )
    return count
