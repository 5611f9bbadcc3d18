"""How long trials take that are trained one after another: measured, because no count tells."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from study.engine import train_cohort
from study.preflight.configuration import Preflight
from study.preflight.own_code import FLOPS, own_code_errors
from study.trial import Trial

STEPS = 5
"""Timed steps of a trial, after one that warms up."""


@dataclass(frozen=True, kw_only=True)
class TrialTimes:
    """Seconds of one CPU core.

    Attributes:
        all_trials: Of all trials together.
        apart: Of each of those that are trained one after another, as it was timed; None where
            there are none, or they were not timed.
    """

    all_trials: float
    apart: float | None


def trial_times(checked: Preflight, groups: Sequence[tuple[Mapping[str, Any], int]]) -> TrialTimes:
    """Estimates how long trials take, by timing those that are trained one after another.

    Args:
        checked: The study.
        groups: A configuration, and how many trials are like it.
    """
    slower = slowness(checked, [values for values, _ in groups])
    seconds = [count * checked.seconds(values) for values, count in groups]
    if slower is None:
        return TrialTimes(all_trials=sum(seconds), apart=None)
    apart = [checked.trains_apart(values) for values, _ in groups]
    timed = [slower * some for some, alone in zip(seconds, apart, strict=True) if alone]
    trials = sum(count for (_, count), alone in zip(groups, apart, strict=True) if alone)
    others = sum(some for some, alone in zip(seconds, apart, strict=True) if not alone)
    return TrialTimes(all_trials=sum(timed) + others, apart=sum(timed) / trials)


def slowness(checked: Preflight, configurations: Iterable[Mapping[str, Any]]) -> float | None:
    """Measures how many times longer than estimated trials take one after another.

    Their arithmetic says little of it: it is done in small pieces, between which Python works.

    Args:
        checked: The study.
        configurations: Full ones; the costliest that takes a moment only is trained for some
            steps on this machine.

    Returns:
        The factor; None if trials run together, or all of them take longer than a moment.
    """
    apart = [
        values
        for values in configurations
        if checked.trains_apart(values) and checked.cost(values).flops_per_step <= FLOPS
    ]
    if not apart:
        return None
    values = max(apart, key=checked.work)
    with own_code_errors(checked.config), _quietly():
        seconds = _seconds(checked, values, 1 + STEPS) - _seconds(checked, values, 1)
    estimate = checked.seconds(values) / checked.config.steps * STEPS
    return seconds / estimate if seconds > 0 else None


def _seconds(checked: Preflight, values: Mapping[str, Any], steps: int) -> float:
    """CPU time, which other work on the machine does not add to."""
    trial = Trial(number=0, configuration=0, seed=0, hyperparameters=values)
    task = checked.tasks.task(values)
    started = time.process_time()
    train_cohort([trial], task=task, network=checked.network, steps=steps, statistics="minimal")
    return time.process_time() - started


@contextmanager
def _quietly() -> Iterator[None]:
    logger = logging.getLogger("gradscape.engine")
    before, logger.disabled = logger.disabled, True  # The run itself says what it has to say.
    try:
        yield
    finally:
        logger.disabled = before
