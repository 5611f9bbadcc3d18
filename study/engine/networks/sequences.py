"""Every kind of input as vectors over time, and where a sequence network answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from study.engine.tasks.task import Task


class Steps(nn.Module):
    """A task's inputs over time, (B, ...) -> (B, T, features).

    Tokens (B, T) are embedded in `width` numbers, vectors over time (B, T, F) stay as they are,
    images (B, C, H, W) are read row by row as (B, H, C * W), and plain vectors (B, F) are F steps
    of one number (as in the sequential images of Le et al., 2015).

    Args:
        task: Whose inputs.
        width: Numbers that stand for a token.

    Attributes:
        length: Time steps, T.
        features: Numbers in one time step.

    Raises:
        ValueError: If inputs have another number of axes.
    """

    def __init__(self, task: Task, width: int) -> None:
        super().__init__()
        self.embedding: nn.Embedding | None = None
        self.length = time_steps(task)
        if task.vocabulary is not None:
            self.embedding = nn.Embedding(task.vocabulary, width)
            self.features = width
        else:
            self.features = task.features // self.length

    def forward(self, inputs: Tensor) -> Tensor:
        if self.embedding is not None:
            embedded: Tensor = self.embedding(inputs)
            return embedded
        if inputs.ndim == 2:
            return inputs.unsqueeze(2)
        if inputs.ndim == 4:
            return inputs.transpose(1, 2).flatten(2)
        return inputs


def time_steps(task: Task) -> int:
    """Returns how many time steps `Steps` makes of one of the task's inputs.

    Raises:
        ValueError: If inputs have another number of axes.
    """
    shape = task.inputs.shape
    if task.vocabulary is not None and len(shape) != 2:
        raise ValueError(f"tokens must have shape (N, T), but task {task.name} has {tuple(shape)}")
    if not 2 <= len(shape) <= 4:
        raise ValueError(
            "a sequence network reads tokens (N, T), vectors (N, F), vectors over time "
            f"(N, T, F) or images (N, C, H, W), but task {task.name} has {tuple(shape)}"
        )
    return shape[2] if len(shape) == 4 else shape[1]


def chosen(
    hyperparameters: Mapping[str, Any], name: str, choices: Sequence[str], *, default: str
) -> str:
    """Returns the hyperparameter's value, one of those that a network has.

    Raises:
        ValueError: If it is another one.
    """
    value = str(hyperparameters.get(name, default))
    if value not in choices:
        raise ValueError(
            f"{name} of a sequence network must be one of: {', '.join(choices)}; got {value!r}"
        )
    return value
