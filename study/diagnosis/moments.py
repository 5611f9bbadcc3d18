"""What a diagnosis tells while it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from study.diagnosis.diagnosis import Diagnosis
from study.diagnosis.search import Remedy


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """What is about to be diagnosed; the first that is told.

    Attributes:
        task: The task's name.
        network: The network's name.
        steps: Optimizer steps of each trial.
        seeds: Seeds that it will be trained with.
        notices: What the task's data and its first loss and gradient say before any training.
        seconds: Rough estimate of the time that training it takes of one CPU core.
    """

    task: str
    network: str
    steps: int
    seeds: int
    notices: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class FirstLook:
    """The gradient at initialization, where training the first seed takes a while.

    Attributes:
        regime: The gradient regime; None where layers were not measured.
        ratio: The gradient at the first layer over that at the last; of a recurrent network at
            the first time step over that at the last.
        time_steps: How often a recurrent layer is called in one pass; 1 of other networks.
    """

    regime: str | None
    ratio: float
    time_steps: int


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What is about to be trained.

    Attributes:
        changes: Changes that are tried now; none while further seeds of the configuration are.
        tried: Changes tried so far.
        total: Changes that there are to try.
        stable: Changes so far that work.
        seconds: Estimate of the time that all of it may take at most, from here on.
    """

    changes: tuple[str, ...]
    tried: int
    total: int
    stable: int
    seconds: float


Event = Beginning | FirstLook | Moment | Diagnosis | Remedy
"""A `Diagnosis` is what is known so far: after the first seed, where the others take a while, and
after all of them; a `Remedy` is told as soon as it is certain."""

Watch = Callable[[Event], None]
