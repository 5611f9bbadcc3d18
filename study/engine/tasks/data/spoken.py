"""Sequence to sequence with one network: tokens are read, then the answer is said.

Axes: N examples, T time steps of reading, K time steps of the answer.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from study.engine.tasks.measures import CorrectAtEnd, cross_entropy
from study.engine.tasks.task import Task

SYMBOLS = 8
"""Answers that there are at each time step, A."""

_REMEMBERED = 0.4
TARGET = _REMEMBERED + (1 - _REMEMBERED) / SYMBOLS
"""Accuracy of a network that says two fifths of the symbols and guesses the others."""


def spoken(
    name: str, read: Tensor, answer: Tensor, *, tokens: int, target: float = TARGET
) -> Task:
    """Makes a task that reads `read`, is told to begin, and says `answer`.

    Inputs (N, T + 1 + K) are what is read, a start token, K blanks; targets are T + 1 blanks,
    then the answer. Every answer is as frequent as any other, so that the best constant of the
    loss are blanks and then guesses: K ln A / (T + 1 + K) of A possible answers. The metric is
    the accuracy of the last K alone, 1 / A by chance.

    Args:
        name: For messages.
        read: Tokens (N, T), in [0, tokens).
        answer: Labels (N, K), in [0, A), A being `SYMBOLS`.
        tokens: Number of tokens that are read; the blank and the start token come behind them.
        target: Accuracy from which a trial counts as trained.
    """
    examples, reading = read.shape
    said = answer.shape[1]
    blank, start = tokens, tokens + 1
    inputs = torch.full((examples, reading + 1 + said), blank)
    inputs[:, :reading] = read
    inputs[:, reading] = start
    targets = torch.full_like(inputs, SYMBOLS)
    targets[:, -said:] = answer
    return Task(
        name=name,
        inputs=inputs,
        targets=targets,
        outputs=SYMBOLS + 1,
        loss=cross_entropy,
        metric=CorrectAtEnd(said),
        metric_name="accuracy",
        chance=1 / SYMBOLS,
        ceiling=1.0,
        target=target,
        loss_chance=said * math.log(SYMBOLS) / inputs.shape[1],
        vocabulary=tokens + 2,
        output_at="time_step",
        read_steps=reading,
    )
