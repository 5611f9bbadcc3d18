"""The copy problem: symbols are to be recalled, in order, after a long pause."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from study.engine.tasks.error import TaskError
from study.engine.tasks.measures import correct, cross_entropy
from study.engine.tasks.task import Task

SEED = 1997

EXAMPLES = 10_000

SYMBOLS = 8
BLANK, START = SYMBOLS, SYMBOLS + 1
RECALLED = 10
"""Symbols to recall, and time steps at the end in which to do so."""

TARGET_ACCURACY = 0.2
"""Guessing one of eight has 0.125, and only memory over the pause has more. Gated networks get
here within some 200 steps at a pause of 32; to recall everything takes them thousands.
"""


def copy(*, sequence_length: int = 32, examples: int = EXAMPLES) -> Task:
    """Tokens (N, T + 20) with targets (N, T + 20), T being the length of the pause.

    Ten of eight symbols, T - 1 blanks, the start token, ten blanks; the answer is T + 10 blanks,
    then the ten symbols. There are 10 tokens and 9 outputs: the start token is never answered.

    The chance level of the loss is that of blanks and then guesses, 10 ln 8 / (T + 20); the
    metric looks at the ten last answers alone.

    Args:
        sequence_length: T, at least 1.
        examples: N.

    Raises:
        TaskError: If a number is out of range.

    References:
        Hochreiter and Schmidhuber, Long Short-Term Memory, Neural Computation 1997; in the form
        of Arjovsky, Shah and Bengio, Unitary Evolution Recurrent Neural Networks, ICML 2016,
        section 4.1.
    """
    if sequence_length < 1:
        raise TaskError(f"must be >= 1, but got {sequence_length}", parameter="sequence_length")
    if examples < 1:
        raise TaskError(f"must be >= 1, but got {examples}", parameter="examples")
    generator = torch.Generator().manual_seed(SEED)
    symbols = torch.randint(SYMBOLS, (examples, RECALLED), generator=generator)
    # 10 symbols, T - 1 blanks, the start token, 10 blanks: T + 20 time steps.
    steps = sequence_length + 2 * RECALLED
    inputs = torch.full((examples, steps), BLANK)
    inputs[:, :RECALLED] = symbols
    inputs[:, -RECALLED - 1] = START
    targets = torch.full((examples, steps), BLANK)
    targets[:, -RECALLED:] = symbols
    return Task(
        name="copy",
        inputs=inputs,
        targets=targets,
        outputs=SYMBOLS + 1,
        loss=cross_entropy,
        metric=recalled,
        metric_name="accuracy",
        chance=1 / SYMBOLS,
        ceiling=1.0,
        target=TARGET_ACCURACY,
        loss_chance=RECALLED * math.log(SYMBOLS) / steps,
        vocabulary=SYMBOLS + 2,
        output_at="time_step",
    )


def recalled(outputs: Tensor, targets: Tensor) -> Tensor:
    """Computes the share of the symbols recalled, (N, T + 20, 9) and (N, T + 20) -> (N,)."""
    return correct(outputs[:, -RECALLED:], targets[:, -RECALLED:])
