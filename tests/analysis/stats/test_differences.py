from __future__ import annotations

import math

import numpy as np
import pytest

from analysis import mcnemar, newcombe_interval, newcombe_paired_interval


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        # Newcombe 1998, Statistics in Medicine 17, 873, table II, method 10.
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((6, 7, 2, 7), (0.0582, 0.8062)),
        ((5, 56, 0, 29), (-0.0381, 0.1926)),
        ((10, 10, 0, 20), (0.6791, 1.0)),
    ],
)
def test_it_gives_the_numbers_of_the_paper(counts, expected):
    a, of_a, b, of_b = counts
    low, high = newcombe_interval(b, of_b, a, of_a)
    assert (float(low), float(high)) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(("p", "q", "n", "m"), [(0.5, 0.5, 20, 20), (0.9, 0.2, 15, 40)])
def test_it_holds_the_true_difference_about_as_often_as_it_says(p, q, n, m):
    rng = np.random.default_rng(0)
    low, high = newcombe_interval(rng.binomial(n, p, 4000), n, rng.binomial(m, q, 4000), m)
    assert 0.93 <= ((low <= q - p) & (q - p <= high)).mean() <= 0.98


@pytest.mark.parametrize(("share", "moved"), [(0.5, 0.1), (0.8, 0.3)])
def test_the_paired_one_does_too_and_is_narrower_where_pairs_agree(share, moved):
    rng = np.random.default_rng(1)
    held, widths = [], []
    for _ in range(1500):
        before = rng.random(50) < share
        after = np.where(rng.random(50) < moved, ~before, before)
        counts = [
            int((before & after).sum()),
            int((before & ~after).sum()),
            int((~before & after).sum()),
            int((~before & ~after).sum()),
        ]
        low, high = newcombe_paired_interval(*counts)
        truth = moved * (1 - 2 * share)
        held.append(low <= truth <= high)
        apart = newcombe_interval(before.sum(), 50, after.sum(), 50)
        widths.append((high - low) / float(apart[1] - apart[0]))
    assert 0.92 <= np.mean(held) <= 0.995
    assert np.mean(widths) < (0.8 if moved == 0.1 else 1.0)


def test_the_paired_one_gives_the_number_of_the_paper():
    # Newcombe 1998, Statistics in Medicine 17, 2635, table III, method 10, 36 12 2 0.
    low, high = newcombe_paired_interval(36, 12, 2, 0)
    assert (-high, -low) == pytest.approx((0.0569, 0.3404), abs=5e-4)


def test_without_trials_nothing_is_said():
    assert math.isnan(newcombe_paired_interval(0, 0, 0, 0)[0])
    assert math.isnan(float(newcombe_interval(0, 0, 1, 2)[0]))
    assert mcnemar(0, 0) == 1


@pytest.mark.parametrize(("b", "c"), [(0, 6), (3, 9), (5, 5), (1, 0)])
def test_mcnemar_is_the_sign_test_counted_by_hand(b, c):
    n = b + c
    as_rare = [k for k in range(n + 1) if math.comb(n, k) <= math.comb(n, c)]
    assert mcnemar(b, c) == pytest.approx(sum(math.comb(n, k) for k in as_rare) / 2**n)
