"""Reversing: a sequence is read, then said backwards; the smallest translation there is."""

from __future__ import annotations

import torch

from study.engine.tasks.data.spoken import SYMBOLS, spoken
from study.engine.tasks.error import check_at_least
from study.engine.tasks.task import Task

SEED = 2014

EXAMPLES = 10_000


def reverse(*, sequence_length: int = 32, examples: int = EXAMPLES) -> Task:
    """Tokens (N, 2 T + 1): T of eight symbols, a start token, T blanks; targets end backwards.

    The answer is T + 1 blanks, then the symbols from the last to the first. What is said first was
    read last, so that gradients need to reach back by 2 time steps for the first answer and by
    2 T for the last (Sutskever et al. reversed their sentences to have such short ways).

    Args:
        sequence_length: T, at least 2.
        examples: N.

    Raises:
        TaskError: If a number is out of range.

    References:
        Sutskever, Vinyals and Le, Sequence to sequence learning with neural networks, NIPS 2014,
        section 3.3; Grefenstette et al., Learning to transduce with unbounded memory, NIPS 2015,
        section 4.1.
    """
    check_at_least(2, sequence_length=sequence_length)
    check_at_least(1, examples=examples)
    generator = torch.Generator().manual_seed(SEED)
    symbols = torch.randint(SYMBOLS, (examples, sequence_length), generator=generator)
    return spoken(
        "reverse",
        symbols,
        symbols.flip(1),
        tokens=SYMBOLS,
    )
