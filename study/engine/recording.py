"""At which steps a trial is recorded."""

from __future__ import annotations


def recorded_steps(steps: int) -> tuple[int, ...]:
    """0, 1, 2, 3, 5, 8, ... (Fibonacci, so about log-spaced) below `steps`, and the last step.

    Dense early, where instability shows first, and cheap late: 13 of 200 steps, 20 of 10,000.

    >>> recorded_steps(30)
    (0, 1, 2, 3, 5, 8, 13, 21, 29)
    """
    chosen = [0]
    following, next_one = 1, 2
    while following < steps:
        chosen.append(following)
        following, next_one = next_one, following + next_one
    if chosen[-1] != steps - 1:
        chosen.append(steps - 1)
    return tuple(chosen)
