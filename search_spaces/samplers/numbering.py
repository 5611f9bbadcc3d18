"""What the number of a trial says of it: its configuration, and whether it confirms a region.

Most trials are the sampler's. They are counted without gaps by their *place*: its first trial has
place 0, whatever lies between two of them. `seeds` places in a row share a configuration. Where a
study got more seeds, the places from there on first give earlier configurations the seeds that
they lack, and then go on with new ones. Between places lie blocks of trials that confirm a region.
All of it is a pure function of numbers and of what the study's description says.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class ConfirmingBlock:
    """Trials in a row that test whether a region is as safe as it seems.

    Attributes:
        first: Number of the first trial.
        trials: How many there are, >= 1.
        where: The region, a box as `search_spaces.samplers.box` has it.
        promised: Share of stable trials that the region is to have.
        place: Place of the next trial of the sampler.
    """

    first: int
    trials: int
    where: Mapping[str, Any]
    promised: float
    place: int

    @property
    def end(self) -> int:
        """Number behind the last trial."""
        return self.first + self.trials

    @property
    def text(self) -> str:
        """What its trials confirm, as JSON: equal for blocks of one region."""
        return json.dumps({"where": dict(self.where), "promised": self.promised})


@dataclass(frozen=True, kw_only=True)
class SeedChange:
    """From which place on configurations have so many seeds.

    Attributes:
        first: The place.
        seeds: Trials a configuration, >= 1.
    """

    first: int
    seeds: int


class Numbering:
    """The trials of a study by their numbers.

    Args:
        seeds: Trials a configuration, >= 1; or, if that was raised, from which place on how many.
        blocks: Trials that confirm regions, ascending by number.

    Raises:
        ValueError: If seeds do not begin at place 0, or do not go up.
    """

    def __init__(
        self, seeds: int | Sequence[SeedChange] = 1, blocks: Sequence[ConfirmingBlock] = ()
    ) -> None:
        self.seeds = (SeedChange(first=0, seeds=seeds),) if isinstance(seeds, int) else (*seeds,)
        self.blocks = tuple(blocks)
        counts = [each.seeds for each in self.seeds]
        if self.seeds[:1] and (self.seeds[0].first or sorted(set(counts)) != counts):
            raise ValueError(f"seeds must begin at place 0 and go up, but got {self.seeds}")
        self._parts: list[_Part] = []
        for change in self.seeds:
            self._parts.append(_part(change, self._parts))
        self._starts = [part.first for part in self._parts]

    @property
    def plain(self) -> bool:
        """Whether a trial's place is its number and its configuration number // seeds."""
        return not self.blocks and len(self.seeds) == 1

    def block(self, number: int) -> ConfirmingBlock | None:
        """Returns the block that a trial confirms a region in; None for one of the sampler."""
        index = bisect_right([each.first for each in self.blocks], number) - 1
        return self.blocks[index] if index >= 0 and number < self.blocks[index].end else None

    def place(self, number: int) -> int:
        """Returns the place of a trial; of one that confirms that of the sampler's next trial."""
        confirming = sum(
            min(each.end, number) - each.first for each in self.blocks if each.first < number
        )
        return number - confirming

    def number(self, place: int) -> int:
        """Returns the number of the trial at a place."""
        number = place
        for block in self.blocks:
            if number < block.first:
                break
            number += block.trials
        return number

    def design_configuration(self, number: int) -> int | None:
        """Returns which of the sampler's configurations a trial has; None if it confirms."""
        if self.block(number) is not None:
            return None
        return self._part(place := self.place(number)).configuration(place)

    def configuration(self, number: int) -> int:
        """Returns the number of a trial's configuration, which no other one has, from 0."""
        own = self.design_configuration(number)
        if own is None:
            place = self.place(number)
            return self.configurations_before(place) + number - place
        first = self.number(self.first_place(own))
        return own + first - self.place(first)

    def first_of(self, number: int) -> int:
        """Returns the number of the first trial of a trial's configuration."""
        own = self.design_configuration(number)
        return number if own is None else self.number(self.first_place(own))

    def first_place(self, configuration: int) -> int:
        """Returns the place of the first trial of one of the sampler's configurations."""
        index = bisect_right([each.begun for each in self._parts], configuration) - 1
        part = self._parts[index]
        return part.fresh + (configuration - part.begun) * part.seeds

    def configurations_before(self, place: int) -> int:
        """Returns how many of the sampler's configurations have a trial before a place."""
        part = self._part(max(0, place - 1))
        return part.begun + max(0, -(-(place - part.fresh) // part.seeds))

    def next_start(self, place: int) -> int:
        """Returns the first place from this one on at which a configuration begins."""
        part = self._part(place)
        return part.fresh + max(0, -(-(place - part.fresh) // part.seeds)) * part.seeds

    def with_block(self, block: ConfirmingBlock) -> Numbering:
        """Returns the same with another block behind those that there are."""
        return Numbering(self.seeds, (*self.blocks, block))

    def _part(self, place: int) -> _Part:
        return self._parts[bisect_right(self._starts, place) - 1]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Part:
    """Places with one number of seeds.

    Attributes:
        first: The first place.
        seeds: Trials a configuration.
        repeated: Configurations of the first places [R], which give earlier ones further seeds.
        begun: Configurations that earlier parts have begun.
    """

    first: int
    seeds: int
    repeated: NDArray[np.int64]
    begun: int

    @property
    def fresh(self) -> int:
        """The place of the first new configuration."""
        return self.first + len(self.repeated)

    def configuration(self, place: int) -> int:
        if place < self.fresh:
            return int(self.repeated[place - self.first])
        return self.begun + (place - self.fresh) // self.seeds


def _part(change: SeedChange, before: Sequence[_Part]) -> _Part:
    """Returns the places from a change on: first what earlier configurations lack."""
    have = np.zeros(0, dtype=np.int64)
    ends = [*[part.first for part in before[1:]], change.first]
    for part, end in zip(before, ends, strict=False):
        own = [part.configuration(place) for place in range(part.first, end)]
        more = np.bincount(np.array(own, dtype=np.int64), minlength=len(have))
        more[: len(have)] += have
        have = more
    lacking = np.arange(len(have)).repeat(np.maximum(0, change.seeds - have))
    return _Part(first=change.first, seeds=change.seeds, repeated=lacking, begun=len(have))
