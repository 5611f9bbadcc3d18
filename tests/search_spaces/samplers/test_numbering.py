"""Numbers of trials against a study that is played through trial by trial."""

from __future__ import annotations

import pytest

from search_spaces.samplers import ConfirmingBlock, Numbering, SeedChange


def block(first: int, trials: int, place: int) -> ConfirmingBlock:
    return ConfirmingBlock(first=first, trials=trials, where={}, promised=0.9, place=place)


def played(seeds: dict[int, int], blocks: dict[int, int], trials: int) -> list[tuple[int, int]]:
    """Configuration and first trial of each trial, by counting on."""
    found: list[tuple[int, int]] = []
    have: dict[int, list[int]] = {}  # Trials of each of the sampler's configurations.
    place = configurations = left = 0
    for number in range(trials):
        left = blocks.get(number, left)
        if left > 0:
            left -= 1
            found.append((configurations, number))
            configurations += 1
            continue
        wanted = [count for first, count in seeds.items() if first <= place][-1]
        short = [each for each, numbers in have.items() if len(numbers) < wanted]
        own = short[0] if short else configurations
        configurations += not short
        have.setdefault(own, []).append(number)
        found.append((own, have[own][0]))
        place += 1
    return found


@pytest.mark.parametrize(
    ("seeds", "blocks"),
    [
        ({0: 1}, {}),
        ({0: 3}, {7: 4}),
        ({0: 1, 6: 3}, {6: 2, 11: 5}),
        ({0: 2, 7: 3, 12: 5}, {}),
        ({0: 2, 7: 3, 12: 5}, {9: 1, 30: 6}),
    ],
)
def test_trials_are_numbered_as_they_come(seeds: dict[int, int], blocks: dict[int, int]) -> None:
    numbering = Numbering(
        [SeedChange(first=first, seeds=count) for first, count in seeds.items()],
        [block(first, trials, 0) for first, trials in blocks.items()],
    )
    expected = played(seeds, blocks, 60)
    assert [numbering.configuration(n) for n in range(60)] == [own for own, _ in expected]
    assert [numbering.first_of(n) for n in range(60)] == [first for _, first in expected]
    for number in range(60):
        if numbering.block(number) is None:
            assert numbering.number(numbering.place(number)) == number


def test_seeds_that_do_not_go_up_are_refused() -> None:
    with pytest.raises(ValueError, match="go up"):
        Numbering([SeedChange(first=0, seeds=3), SeedChange(first=6, seeds=2)])
