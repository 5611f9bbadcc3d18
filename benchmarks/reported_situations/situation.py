"""A failure as people report it, with its true cause, its known fix and its healthy twin."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from search_spaces.catalogue import CATALOGUE, NONE, Hyperparameter
from study.study_file import StudyConfig

Fix = Mapping[str, Any]
"""Hyperparameters and the values that a person who knows the cause would give them."""


@dataclass(frozen=True, kw_only=True)
class Situation:
    """One reported failure as a small study.

    Attributes:
        name: Of the study.
        set: Rules are chosen on the first and reported on the second.
        story: What the person sees, and what is wrong.
        cause: The true cause, a value of `study.verdicts.Cause`.
        also: Causes that a person who knows the truth would accept too.
        task: Built-in, or ``reported_situations.module:function``.
        network: Built-in, or ``reported_situations.module:function``.
        hyperparameters: As in the study file; of a list the first value is diagnosed.
        steps: Optimizer steps of each trial.
        task_options: Arguments of the task.
        fix: The known fix; empty where no hyperparameter is to blame.
        other_fixes: Fixes that a person who knows the truth would accept too.
        twin_options: Arguments of the healthy twin's task, where they differ.
        twin_steps: Steps of the healthy twin, where they differ; a fix too.
    """

    name: str
    set: Literal["choose", "report"]
    story: str
    cause: str
    also: tuple[str, ...] = ()
    task: str
    network: str
    hyperparameters: Mapping[str, Any]
    steps: int
    task_options: Mapping[str, Any] = field(default_factory=dict)
    fix: Fix = field(default_factory=dict)
    other_fixes: tuple[Fix, ...] = ()
    twin_options: Mapping[str, Any] = field(default_factory=dict)
    twin_steps: int | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """The hyperparameters that are diagnosed."""
        return {
            name: value[0] if isinstance(value, list) else value
            for name, value in self.hyperparameters.items()
        }

    @property
    def twin_settings(self) -> dict[str, Any]:
        """The hyperparameters of the healthy twin."""
        kept = {
            name: value
            for name, value in self.settings.items()
            if name not in CATALOGUE or not _is_void(CATALOGUE[name], self.fix)
        }
        return {**kept, **self.fix}

    @property
    def fixes(self) -> tuple[Fix, ...]:
        """All fixes that count as known, none where the code of the task is to blame."""
        longer = ({"steps": self.twin_steps},) if self.twin_steps else ()
        return (*((self.fix,) if self.fix else ()), *longer, *self.other_fixes)

    @property
    def has_twin(self) -> bool:
        """Whether anything distinguishes the healthy twin."""
        return bool(self.fixes or self.twin_options)

    def config(self, *, twin: bool = False) -> StudyConfig:
        """The study file, of the situation itself or of its healthy twin."""
        options = {**self.task_options, **(self.twin_options if twin else {})}
        return StudyConfig(
            study=self.name.replace("_", "-"),
            task=self.task,
            network=self.network,
            hyperparameters=dict(self.hyperparameters),
            task_options=options,
            steps=self.twin_steps if twin and self.twin_steps else self.steps,
            trials=1,
        )


def _is_void(hyperparameter: Hyperparameter, fix: Fix) -> bool:
    """Whether a hyperparameter has no meaning any more, as momentum has none under Adam."""
    return any(
        fix.get(condition.owner, condition.values[0]) not in condition.values
        for condition in hyperparameter.conditions
    )


def is_fix(before: Mapping[str, Any], after: Mapping[str, Any], fix: Fix) -> bool:
    """Whether a change of the configuration does all that a fix does.

    Numbers must change in the direction of the fix, names must become what the fix says.
    """
    return all(_moves(before.get(name), after.get(name), wanted) for name, wanted in fix.items())


def _moves(before: Any, after: Any, wanted: Any) -> bool:
    if after == wanted:
        return True
    # No limit is the highest one.
    numbers = [math.inf if value == NONE else value for value in (before, after, wanted)]
    if not all(isinstance(value, (int, float)) for value in numbers):
        return False
    start, end, aim = numbers
    return bool(end != start and (end > start) == (aim > start))
