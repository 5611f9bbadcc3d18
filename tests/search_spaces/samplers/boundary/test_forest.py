"""The trees' opinion of where a boundary is."""

from __future__ import annotations

import numpy as np

from search_spaces.samplers.boundary.forest import indecision, share_of_space


def test_trees_are_divided_at_the_edge_and_nowhere_else() -> None:
    rng = np.random.default_rng(0)
    known = rng.random((600, 5))
    at = np.column_stack([np.linspace(0.0, 1.0, 101), *np.full((4, 101), 0.5)])
    found = indecision(known, known[:, 0] < 0.3, at, share=0.3, seed=0)
    assert (found >= 0).all() and (found <= 1).all()
    assert abs(at[found.argmax(), 0] - 0.3) < 0.05
    assert found[abs(at[:, 0] - 0.3) > 0.15].max() < 0.2


def test_a_rare_side_counts_as_much_as_a_common_one() -> None:
    """One in ten is stable in a noisy part of a space of which 5 % are: that part is undecided."""
    rng = np.random.default_rng(1)
    known = rng.random((4000, 1))
    noisy = known[:, 0] > 0.5
    hits = noisy & (rng.random(4000) < 0.1)
    quiet, open_ = np.linspace(0.05, 0.45, 40)[:, None], np.linspace(0.55, 0.95, 40)[:, None]
    assert indecision(known, hits, quiet, share=0.05, seed=0).mean() < 0.05
    weighed = indecision(known, hits, open_, share=0.05, seed=0).mean()
    # With half of the space for its share, a chance of 0.1 would be rather a no.
    unweighed = indecision(known, hits, open_, share=0.5, seed=0).mean()
    assert weighed > 0.4 > unweighed + 0.1


def test_the_share_of_the_space_is_that_of_the_even_trials() -> None:
    hits = np.array([True] * 30 + [False] * 70)
    even = np.zeros(100, dtype=bool)
    even[25:65] = True  # 5 of 40
    assert share_of_space(hits, even) == (5 + 0.5) / 41
    assert share_of_space(hits, np.zeros(100, dtype=bool)) == 30.5 / 101
