"""Translation with a teacher: a sentence is read, then another one said, whatever was said wrong.

Axes: N examples, T time steps of reading, K time steps of the answer, V tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from study.engine.tasks.measures import cross_entropy
from study.engine.tasks.task import Task

BLANK = 0
"""Token and label where nothing stands."""


@dataclass(frozen=True)
class CorrectWhereSaid:
    """Computes the share of right labels, blanks left out; (N, T, V) and (N, T) -> (N,)."""

    def __call__(self, outputs: Tensor, labels: Tensor) -> Tensor:
        said = labels != BLANK
        right = (outputs.argmax(dim=-1) == labels) & said
        return (right.sum(dim=1) / said.sum(dim=1)).to(outputs.dtype)


def translated(
    name: str,
    read: Sequence[Sequence[str]],
    said: Sequence[Sequence[str]],
    *,
    target: float,
) -> Task:
    """Makes a task that reads one sequence of tokens and says another.

    Inputs (N, T + K) are what is read, a start token, and what has been said before each further
    answer (teacher forcing, Williams and Zipser 1989); targets are T blanks, then what is said.
    Shorter sequences end with blanks, token 0. The start token is the last of the vocabulary, the
    others are in the order of their texts. The metric is the accuracy over what is said without
    its blanks. Chance is that of the best constant at each time step, worked out by counting.

    Args:
        name: For messages.
        read: Texts of tokens, N.
        said: Texts of tokens, N, none of them empty.
        target: Accuracy from which a trial counts as trained.
    """
    texts = sorted({text for sequence in (*read, *said) for text in sequence})
    numbers = {text: number for number, text in enumerate(texts, start=BLANK + 1)}
    sources, answers = _padded(read, numbers), _padded(said, numbers)
    start = len(texts) + 1
    begins = torch.full((len(answers), 1), start)
    targets = torch.cat([torch.full_like(sources, BLANK), answers], dim=1)
    shares_TxV = _shares(targets, torch.ones(len(targets)), start + 1)
    by_example = 1 / (answers != BLANK).sum(dim=1)
    weights_KxV = _shares(answers, by_example, start + 1)
    weights_KxV[:, BLANK] = 0
    return Task(
        name=name,
        inputs=torch.cat([sources, begins, answers[:, :-1]], dim=1),
        targets=targets,
        outputs=start + 1,
        loss=cross_entropy,
        metric=CorrectWhereSaid(),
        metric_name="accuracy",
        chance=float(weights_KxV.amax(dim=1).sum()),
        ceiling=1.0,
        target=target,
        loss_chance=float(torch.special.entr(shares_TxV).sum(dim=1).mean()),
        vocabulary=start + 1,
        output_at="time_step",
        read_steps=sources.shape[1],
        teacher_forced=True,
    )


def _padded(sequences: Sequence[Sequence[str]], numbers: dict[str, int]) -> Tensor:
    """Numbers (N, longest), blank behind the end of shorter ones."""
    longest = max(len(sequence) for sequence in sequences)
    rows = [[numbers[text] for text in sequence] for sequence in sequences]
    return torch.tensor([row + [BLANK] * (longest - len(row)) for row in rows])


def _shares(labels: Tensor, weights: Tensor, tokens: int) -> Tensor:
    """Mean weight over examples of each label at each time step, (N, T) and (N,) -> (T, V)."""
    counts = torch.zeros(labels.shape[1], tokens, dtype=torch.float64)
    spread = weights.double().unsqueeze(0).expand(labels.shape[1], -1)
    return counts.scatter_add_(1, labels.T, spread) / len(labels)
