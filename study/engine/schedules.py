"""Learning-rate decay by name: what the initial learning rate is multiplied by at each step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Steps = npt.NDArray[np.int64]
Factors = npt.NDArray[np.float64]
Schedule = Callable[[Steps, int, Mapping[str, Any]], Factors]

DEFAULT_DECAY_RATE = 0.1


def _decay_steps(total: int, hyperparameters: Mapping[str, Any]) -> int:
    """`lr_decay_steps`, by default a third of all steps."""
    return int(hyperparameters.get("lr_decay_steps") or max(1, total // 3))


def constant(steps: Steps, total: int, hyperparameters: Mapping[str, Any]) -> Factors:
    """1 at every step."""
    return np.ones(len(steps))


def exponential(steps: Steps, total: int, hyperparameters: Mapping[str, Any]) -> Factors:
    """lr_decay_rate^(t / lr_decay_steps): torch's ExponentialLR with the gamma of one step."""
    rate = hyperparameters.get("lr_decay_rate", DEFAULT_DECAY_RATE)
    return np.power(rate, steps / _decay_steps(total, hyperparameters))


def step(steps: Steps, total: int, hyperparameters: Mapping[str, Any]) -> Factors:
    """lr_decay_rate^floor(t / lr_decay_steps): torch's StepLR."""
    rate = hyperparameters.get("lr_decay_rate", DEFAULT_DECAY_RATE)
    return np.power(float(rate), steps // _decay_steps(total, hyperparameters))


def cosine(steps: Steps, total: int, hyperparameters: Mapping[str, Any]) -> Factors:
    """(1 + cos(pi t / T)) / 2: torch's CosineAnnealingLR to zero (Loshchilov and Hutter 2017)."""
    return (1 + np.cos(np.pi * steps / total)) / 2


SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "exponential": exponential,
    "step": step,
    "cosine": cosine,
}


def learning_rates(hyperparameters: Mapping[str, Any], total: int) -> Factors:
    """Learning rate of every step of one trial, shape (total,)."""
    schedule = SCHEDULES[hyperparameters.get("lr_decay", "constant")]
    return hyperparameters["learning_rate"] * schedule(np.arange(total), total, hyperparameters)
