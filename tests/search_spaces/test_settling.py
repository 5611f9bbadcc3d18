"""When a map counts as settled, by looks written down here."""

from __future__ import annotations

import math

import pytest

from search_spaces.settling import MapChange, compared_with, settled_at


def looks(*changes: float) -> list[MapChange]:
    """A look at 100, 200, 300, ... trials, each compared with half as many."""
    return [
        MapChange(trials=100 * number, before=50 * number, change=change)
        for number, change in enumerate(changes, 1)
    ]


def test_settled_since_the_first_of_the_quiet_looks_at_the_end() -> None:
    assert settled_at(looks(0.2, 0.01, 0.2, 0.01, 0.01), below=0.05) == 200
    assert settled_at(looks(0.01, 0.01, 0.01), below=0.05) == 50
    assert settled_at(looks(0.01, 0.01, 0.3), below=0.05) is None
    assert settled_at([], below=0.05) is None


def test_a_change_of_the_limit_itself_is_loud() -> None:
    assert settled_at(looks(0.05), below=0.05) is None
    assert settled_at(looks(0.0499), below=0.05) == 50


def test_it_takes_so_many_quiet_looks_in_a_row() -> None:
    changes = looks(0.2, 0.01, 0.2, 0.01, 0.01, 0.3)
    quiet = [end for end in range(7) if settled_at(changes[:end], below=0.05, looks=2)]
    assert quiet == [5], "after the looks at 400 and 500 trials, not before and not after"
    assert not any(settled_at(changes[:end], below=0.05, looks=3) for end in range(7))


def test_a_change_that_is_not_a_number_is_loud() -> None:
    # `change >= below` is false of it: a map that could not be compared counted as settled.
    assert settled_at(looks(0.01, math.nan), below=0.05) is None


@pytest.mark.parametrize(("trials", "before"), [(1024, 512), (129, 64), (64, 32), (63, None)])
def test_a_look_compares_with_half_if_that_makes_a_map(trials: int, before: int | None) -> None:
    assert compared_with(trials) == before
