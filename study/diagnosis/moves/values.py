"""The values that a move leads to from the present one."""

from __future__ import annotations

import math
from collections.abc import Mapping

from search_spaces.catalogue import CATALOGUE, Hyperparameter, Value, optimizer_default
from search_spaces.catalogue.hyperparameter import NONE
from study.diagnosis.change import STEPS
from study.diagnosis.moves.move import Move

NEAR_LIMIT = 100.0
"""Factor below the largest stable learning rate from which on no larger rate is tried: where the
steps are too small, those would be so too."""


def present_value(name: str, present: Mapping[str, Value], steps: int) -> Value | None:
    """Returns the value in force, a default that training works out included; None without one.

    Args:
        name: A hyperparameter, or `STEPS`.
        present: The configuration.
        steps: Number of the training's steps.
    """
    if name == STEPS:
        return steps
    if name in present:
        return present[name]
    if name not in CATALOGUE or not _applies(CATALOGUE[name], present):
        return None
    usual = optimizer_default(name, str(present.get("optimizer", "sgd")))
    if usual is not None:
        return usual
    if name in ("standardize", "class_weights"):
        return NONE
    if name == "lr_decay_steps":
        warmup = present.get("warmup_steps", 0)
        assert isinstance(warmup, (int, float))
        return max(1, int(steps - warmup) // 3)
    return None


def move_values(move: Move, before: Value, *, steps: int, limit: float | None) -> list[Value]:
    """Returns the values that the move leads to, each once, none of them the present one.

    Args:
        move: It.
        before: The present value.
        steps: Number of the training's steps.
        limit: Largest stable learning rate; None where it was not measured.
    """
    lowest = 0.0
    values: list[Value] = []
    if move.limits and limit is not None:
        values += [_one_digit(share * limit) for share in move.limits]
        lowest = 0.0 if move.falls else limit / NEAR_LIMIT
    values += _products(move, before)
    values += [max(1, round(share * steps)) for share in move.shares]
    values += list(move.values)
    return [
        each
        for each in sorted(dict.fromkeys(values), key=lambda each: _distance(before, each))
        if each != before and _beyond(move, before, each) and not _below(each, lowest)
    ]


def _applies(hyperparameter: Hyperparameter, present: Mapping[str, Value]) -> bool:
    return all(present.get(each.owner) in each.values for each in hyperparameter.conditions)


def _products(move: Move, before: Value) -> list[Value]:
    if not isinstance(before, (int, float)):
        return []
    integer = move.hyperparameter == STEPS or CATALOGUE[move.hyperparameter].kind == "integer"
    return [_scaled(before, factor, integer=integer) for factor in move.factors]


def _distance(before: Value, after: Value) -> float:
    """Orders numbers by their distance, and leaves names as they are."""
    if isinstance(before, (int, float)) and isinstance(after, (int, float)):
        return abs(after - before)
    return 0.0


def _below(value: Value, lowest: float) -> bool:
    return isinstance(value, (int, float)) and value < lowest


def _scaled(before: float, factor: float, *, integer: bool) -> Value:
    """Rounds to two significant digits, as a person writes it; a count down, at least to 1."""
    product = before * factor
    return max(1, math.floor(product)) if integer else float(f"{product:.2g}")


def _one_digit(value: float) -> float:
    """Rounds down to one significant digit: what follows from a limit must stay below it."""
    unit = 10.0 ** math.floor(math.log10(value))
    return float(f"{math.floor(value / unit + 1e-9) * unit:.1g}")


def _beyond(move: Move, before: Value, after: Value) -> bool:
    """Returns whether a number changes in the move's direction."""
    if move.falls is None:
        return True
    low, high = (after, before) if move.falls else (before, after)
    if NONE in (low, high):
        return high == NONE
    assert isinstance(low, (int, float)) and isinstance(high, (int, float))
    return low < high
