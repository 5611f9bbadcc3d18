"""The adding problem: two numbers far apart in a sequence are to be added."""

from __future__ import annotations

import torch

from study.engine.tasks.error import check_at_least
from study.engine.tasks.measures import squared_error
from study.engine.tasks.task import Task

SEED = 1997

EXAMPLES = 10_000

TARGET_ERROR = 1 / 24
"""A quarter of the variance 1/6 of the sum. Who knows one of the numbers only, because gradients
do not reach the other, is left with the variance of the other, 1/12. At 32 time steps gated
networks get here within 150 to 500 steps.
"""


def adding(*, sequence_length: int = 32, examples: int = EXAMPLES) -> Task:
    """Sequences (N, T, 2) of a number in [0, 1) and a marker; targets (N, 1) are the marked sum.

    One marker stands in the first half of the time steps, one in the second, each at a random
    place. The answer is asked for once, at the end.

    Args:
        sequence_length: T, at least 2.
        examples: N.

    Raises:
        TaskError: If a number is out of range.

    References:
        Hochreiter and Schmidhuber, Long Short-Term Memory, Neural Computation 1997, section 5.4;
        numbers and markers as in Le, Jaitly and Hinton, A Simple Way to Initialize Recurrent
        Networks of Rectified Linear Units, 2015, section 4.1.
    """
    check_at_least(2, sequence_length=sequence_length)
    check_at_least(1, examples=examples)
    generator = torch.Generator().manual_seed(SEED)
    values_NxT = torch.rand(examples, sequence_length, generator=generator)
    # The sum has mean 1 and variance 2 / 12, the loss of whoever answers 1: `chance`.
    half = sequence_length // 2
    first_N = torch.randint(half, (examples,), generator=generator)
    second_N = torch.randint(half, sequence_length, (examples,), generator=generator)
    markers_NxT = torch.zeros(examples, sequence_length)
    for marked_N in (first_N, second_N):
        markers_NxT[torch.arange(examples), marked_N] = 1.0
    return Task(
        name="adding",
        inputs=torch.stack([values_NxT, markers_NxT], dim=2),
        targets=(values_NxT * markers_NxT).sum(dim=1, keepdim=True),
        outputs=1,
        loss=squared_error,
        metric=squared_error,
        metric_name="mean squared error",
        chance=1 / 6,
        ceiling=0.0,
        target=TARGET_ERROR,
        loss_chance=1 / 6,
    )
