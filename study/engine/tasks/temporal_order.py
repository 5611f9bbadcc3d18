"""The temporal order problem: in which order did two symbols come?"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from study.engine.tasks.error import check_at_least
from study.engine.tasks.task import Task, classification

SEED = 2013

EXAMPLES = 10_000

TELLING, DISTRACTORS = 2, 4
"""Symbols A and B, and those that say nothing."""

SHORTEST = 10
"""Time steps below which the two symbols have no ranges of their own."""

TARGET_ACCURACY = 0.8
"""Who knows one of the symbols only, because gradients do not reach the other, is right in half
of the cases; who knows none, in a quarter. At 32 time steps gated networks get here within 100
steps.
"""


def temporal_order(*, sequence_length: int = 32, examples: int = EXAMPLES) -> Task:
    """Tokens (N, T), six of them; one of the four classes AA, AB, BA, BB is asked for at the end.

    The first symbol stands at a random time step in [T/10, 2T/10), the second in [5T/10, 6T/10);
    elsewhere stand distractors.

    Args:
        sequence_length: T, at least 10.
        examples: N.

    Raises:
        TaskError: If a number is out of range.

    References:
        Pascanu, Mikolov and Bengio, On the difficulty of training recurrent neural networks,
        ICML 2013, section 4.1.1; Hochreiter and Schmidhuber 1997, section 5.6.
    """
    check_at_least(SHORTEST, sequence_length=sequence_length)
    check_at_least(1, examples=examples)
    generator = torch.Generator().manual_seed(SEED)
    tokens = torch.randint(
        TELLING, TELLING + DISTRACTORS, (examples, sequence_length), generator=generator
    )
    symbols = torch.randint(TELLING, (examples, 2), generator=generator)
    every = torch.arange(examples)
    for symbol, tenth in enumerate((1, 5)):
        tokens[every, _places(tenth, sequence_length, examples, generator)] = symbols[:, symbol]
    return classification(
        "temporal_order",
        tokens,
        TELLING * symbols[:, 0] + symbols[:, 1],
        classes=TELLING**2,
        target=TARGET_ACCURACY,
        vocabulary=TELLING + DISTRACTORS,
    )


def _places(tenth: int, steps: int, examples: int, generator: Generator) -> Tensor:
    """Time steps in [tenth T / 10, (tenth + 1) T / 10)."""
    low, high = -(-tenth * steps // 10), -(-(tenth + 1) * steps // 10)
    return torch.randint(low, high, (examples,), generator=generator)
