"""A character language model: at each time step, which character comes next?"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from study.engine.tasks.error import TaskError, check_at_least
from study.engine.tasks.task import Task, classification

CHARACTERS = 500_000
"""How much of a text is read: 16 bytes each in memory, whatever the sequence length."""

TARGET_SHARE = 0.05
"""Of the way from the best guess by the present character alone to perfect. Only memory of earlier
characters gets there; a sound recurrent network of 64 units does within 200 steps.
"""


def text(
    *, file: Path | None = None, sequence_length: int = 32, characters: int = CHARACTERS
) -> Task:
    """Windows (N, T) of character numbers, with the following characters as targets (N, T).

    The windows follow each other without overlap, so that every character is predicted once. The
    vocabulary are the characters that the text has, in the order of their code points.

    Args:
        file: UTF-8 text; by default the documentation that this Python ships for `help()`, which
            differs a little from one Python version to the next.
        sequence_length: Characters in a window, T.
        characters: Only the first so many of the text.

    Raises:
        TaskError: If the text is too short for a window, or a number is out of range.
        ValueError: If the file is not UTF-8 text.
        OSError: If the file is missing or cannot be read.
    """
    check_at_least(2, characters=characters)
    content = _documentation(characters) if file is None else _read(file, characters)
    if len(content) <= sequence_length:
        raise TaskError(
            f"`sequence_length < characters` must hold, but got {sequence_length} and a text of "
            f"{len(content)} characters",
            parameter="sequence_length",
        )
    vocabulary = sorted(set(content))
    if len(vocabulary) < 2:
        raise ValueError(f"a text must have two different characters, but got {content[:10]!r}...")
    number = {character: index for index, character in enumerate(vocabulary)}
    codes = torch.tensor([number[character] for character in content])
    windows = (len(codes) - 1) // sequence_length
    inputs = codes[: windows * sequence_length].view(windows, sequence_length)
    targets = codes[1 : windows * sequence_length + 1].view(windows, sequence_length)
    return classification(
        "text",
        inputs,
        targets,
        classes=len(vocabulary),
        target=_target(inputs, targets, len(vocabulary)),
        vocabulary=len(vocabulary),
    )


def _documentation(characters: int) -> str:
    from pydoc_data.topics import topics  # Half a megabyte that other tasks do without.

    return "\n".join(topics[name] for name in sorted(topics))[:characters]


def _read(file: Path, characters: int) -> str:
    if not file.is_file():
        raise FileNotFoundError(f"there must be a text file {file}, but there is none")
    try:
        with file.open(encoding="utf-8") as opened:
            return opened.read(characters)
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} must be UTF-8 text, but {error.reason}") from error


def _target(inputs: Tensor, targets: Tensor, classes: int) -> float:
    """Returns an accuracy out of reach for who sees the present character only."""
    pairs = inputs.flatten() * classes + targets.flatten()
    counts = torch.bincount(pairs, minlength=classes**2).view(classes, classes)
    memoryless = float(counts.max(dim=1).values.sum()) / len(pairs)
    return memoryless + TARGET_SHARE * (1 - memoryless)
