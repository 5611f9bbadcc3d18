"""Copying of marked parts: from a longer text, what matters is to be said in its order."""

from __future__ import annotations

import torch

from study.engine.tasks.data.spoken import SYMBOLS, spoken
from study.engine.tasks.error import check_at_least
from study.engine.tasks.task import Task

SEED = 2015

EXAMPLES = 10_000

MARKED = 4
"""Time steps of which one is marked, on average."""


def marked_copy(*, sequence_length: int = 32, examples: int = EXAMPLES) -> Task:
    """Tokens (N, T + 1 + K): T symbols of which K = T / 4 are marked, a start token, K blanks.

    Tokens 0 to 7 are the symbols, 8 to 15 the same marked. The answer is T + 1 blanks, then the
    marked symbols in their order, without their marks. Which time steps are marked is drawn
    for each example, so that no answer is at a fixed distance.

    Args:
        sequence_length: T, at least 4.
        examples: N.

    Raises:
        TaskError: If a number is out of range.

    References:
        The selective copying of Jing et al., Gated orthogonal recurrent units: on learning to
        forget, Neural Computation 2019, and of Gu and Dao, Mamba, 2023, section 3.1.
    """
    check_at_least(MARKED, sequence_length=sequence_length)
    check_at_least(1, examples=examples)
    generator = torch.Generator().manual_seed(SEED)
    symbols = torch.randint(SYMBOLS, (examples, sequence_length), generator=generator)
    order = torch.rand(examples, sequence_length, generator=generator).argsort(dim=1)
    steps = order[:, : sequence_length // MARKED].sort(dim=1).values
    read = symbols.scatter_add(1, steps, torch.full_like(steps, SYMBOLS))
    return spoken(
        "marked_copy",
        read,
        symbols.gather(1, steps),
        tokens=2 * SYMBOLS,
    )
