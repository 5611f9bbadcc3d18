from __future__ import annotations

from search_spaces import trial_seed


def test_is_a_pure_function_in_range():
    seeds = [trial_seed(study, trial) for study in range(3) for trial in range(500)]
    assert seeds == [trial_seed(study, trial) for study in range(3) for trial in range(500)]
    assert all(type(seed) is int and 0 <= seed < 2**31 for seed in seeds)
    assert len(set(seeds)) == len(seeds)


def test_stays_what_it_is():
    """A change would give resumed studies other initial weights than they began with."""
    assert [trial_seed(0, 0), trial_seed(0, 1), trial_seed(1, 0)] == [
        1484405855,
        1982462498,
        917752063,
    ]


def test_bits_are_even():
    high = sum(trial_seed(7, trial) >= 2**30 for trial in range(1000))
    low = sum(trial_seed(7, trial) % 2 for trial in range(1000))
    assert abs(high - 500) < 80 and abs(low - 500) < 80
