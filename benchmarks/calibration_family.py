"""What a family of trials is, and its kinds, for `calibration.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["healthy", "unfinished", "sick"]

UNFINISHED = ("stable", "slow", "stalled")
"""A healthy network stopped at a quarter of its steps: trained already, or not yet."""

NO_GRADIENT = ("vanishing",)
TOO_MUCH = ("exploding", "oscillating")
"""A learning rate far too large: the loss ends above its start, or swings without settling."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """Trials of one verdict.

    Attributes:
        name: Of the study.
        why: The rule that says so, with its source.
        right: Verdicts that count as right.
        steps: Enough to reach the task's target, for healthy ones.
    """

    name: str
    why: str
    right: tuple[str, ...]
    network: str
    task: str
    hyperparameters: Mapping[str, Any]
    steps: int = 200
    task_options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        if self.right == ("stable",):
            return "healthy"
        return "unfinished" if self.right == UNFINISHED else "sick"


def healthy(
    name: str,
    why: str,
    network: str,
    task: str,
    hyperparameters: Mapping[str, Any],
    steps: int = 200,
    **task_options: Any,
) -> Family:
    return Family(
        name=name,
        why=why,
        right=("stable",),
        network=network,
        task=task,
        hyperparameters=hyperparameters,
        steps=steps,
        task_options=task_options,
    )


def sick(
    name: str,
    why: str,
    right: tuple[str, ...],
    network: str,
    task: str,
    hyperparameters: Mapping[str, Any],
    steps: int = 200,
    **task_options: Any,
) -> Family:
    return Family(
        name=name,
        why=why,
        right=right,
        network=network,
        task=task,
        hyperparameters=hyperparameters,
        steps=steps,
        task_options=task_options,
    )


def unfinished(
    name: str,
    why: str,
    network: str,
    task: str,
    hyperparameters: Mapping[str, Any],
    steps: int = 200,
    **task_options: Any,
) -> Family:
    """Trials that may have learned nothing yet, and of which nothing worse may be said."""
    return Family(
        name=name,
        why=why,
        right=UNFINISHED,
        network=network,
        task=task,
        hyperparameters=hyperparameters,
        steps=steps,
        task_options=task_options,
    )


def log_range(low: float, high: float) -> dict[str, Any]:
    return {"low": low, "high": high, "log": True}
