"""Remedies for a watched run, tried: its owner's function trains again with changed settings."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from search_spaces.catalogue import Value
from search_spaces.errors import InputError
from study.diagnosis.moves import MOVES, Move
from study.diagnosis.moves.values import move_values
from study.verdicts import Verdict
from study.watching.reporting.result import RunResult

Train = Callable[..., object]
"""Trains again with settings by name; returns the watch, or its result."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One change.

    Attributes:
        setting: What was set.
        before: What it was.
        after: To what.
        reason: Why it may help.
        result: What became of the run with it.
    """

    setting: str
    before: object
    after: object
    reason: str
    result: RunResult

    @property
    def works(self) -> bool:
        """Whether the run trains with it."""
        return self.result.verdict == Verdict.STABLE

    def __str__(self) -> str:
        ending = f"{self.result.verdict}, loss {self.result.trials['loss_final'].iloc[0]:.3g}"
        return f"{self.setting}={self.after} (was {self.before}): {ending}; {self.reason}"


@dataclass(frozen=True, kw_only=True)
class Remedied:
    """A run, and what was tried to make it train.

    Attributes:
        result: Of the run as it was.
        tried: In the order in which they were tried.
    """

    result: RunResult
    tried: tuple[Tried, ...]

    @property
    def remedies(self) -> tuple[Tried, ...]:
        """Those that make it train."""
        return tuple(each for each in self.tried if each.works)

    def __str__(self) -> str:
        lines = [str(self.result)]
        lines += [f"  {'works' if each.works else 'no'}: {each}" for each in self.tried]
        return "\n".join(lines)


def try_remedies(result: RunResult, train: Train, *, wanted: int, most: int) -> Remedied:
    """Trains with one setting changed after the other until enough make the run train.

    Args:
        result: Of the run as it was.
        train: Trains again; its parameters say which settings can be changed.
        wanted: Remedies to find.
        most: Trainings at most.

    Raises:
        InputError: If the function takes no setting that could be changed, or returns no watch.
    """
    if result.verdict == Verdict.STABLE:
        return Remedied(result=result, tried=())
    row = result.trials.iloc[0]
    present = _present(row, train)
    changes = list(_changes(result, present, int(row["steps_run"])))
    if not changes:
        names = sorted({move.hyperparameter for move in MOVES})
        raise InputError(
            f"a function that trains again must take a setting to change, as in "
            f"train(learning_rate=0.1); what can be changed is one of {', '.join(names)}, with a "
            f"default or in `config`"
        )
    tried: list[Tried] = []
    for move, after in changes[:most]:
        ended = _result_of(train(**{move.hyperparameter: after}))
        before = present[move.hyperparameter]
        tried.append(
            Tried(
                setting=move.hyperparameter,
                before=before,
                after=after,
                reason=move.reason,
                result=ended,
            )
        )
        if sum(each.works for each in tried) >= wanted:
            break
    return Remedied(result=result, tried=tuple(tried))


def _present(row: pd.Series, train: Train) -> dict[str, Value]:
    """Settings that the function takes, with what they are now."""
    found: dict[str, Value] = {}
    for name, parameter in inspect.signature(train).parameters.items():
        value = row[name] if name in row.index and pd.notna(row[name]) else parameter.default
        if parameter.kind is parameter.VAR_KEYWORD or value is parameter.empty or value is None:
            continue
        found[name] = value.item() if hasattr(value, "item") else value
    return found


def _changes(
    result: RunResult, present: Mapping[str, Value], steps: int
) -> Iterator[tuple[Move, Value]]:
    """The fixes for the cause first, then what is meant for the verdict; small changes first."""
    seen: set[tuple[str, Value]] = set()
    fixes = [move for move in MOVES if result.cause in map(str, move.causes)]
    aimed = [move for move in MOVES if result.verdict in map(str, move.aims)]
    for moves in (fixes, aimed):
        weighed = [
            (move.weight(present[move.hyperparameter], value), index, move, value)
            for index, move in enumerate(moves)
            if move.hyperparameter in present
            for value in move_values(move, present[move.hyperparameter], steps=steps, limit=None)
        ]
        for _, _, move, value in sorted(weighed, key=lambda each: each[:2]):
            if (move.hyperparameter, value) not in seen:
                seen.add((move.hyperparameter, value))
                yield move, value


def _result_of(returned: object) -> RunResult:
    result = getattr(returned, "result", None)
    ended = result() if callable(result) else returned
    if not isinstance(ended, RunResult):
        raise InputError(
            "a function that trains again must return its watch, but got "
            f"{type(returned).__name__}"
        )
    return ended
