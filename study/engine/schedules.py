"""The learning rate over the steps: warm-up, then decay by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Steps = npt.NDArray[np.int64]
Factors = npt.NDArray[np.float64]
Schedule = Callable[[Steps, int, Mapping[str, Any]], Factors]
"""From the steps t, the number of all steps T and a trial's hyperparameters: what the learning
rate is multiplied by. Where there is a warm-up both count from its end."""

DEFAULT_DECAY_RATE = 0.1


def _decay_steps(total: int, hyperparameters: Mapping[str, Any]) -> int:
    """`lr_decay_steps`, by default a third of all steps."""
    return int(hyperparameters.get("lr_decay_steps") or max(1, total // 3))


def constant(steps: Steps, total: int, hyperparameters: Mapping[str, Any]) -> Factors:
    """Returns 1 at every step."""
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


def linear(steps: Steps, total: int, hyperparameters: Mapping[str, Any]) -> Factors:
    """1 - t / T: torch's LinearLR from 1 to 0."""
    return 1 - steps / total


SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "exponential": exponential,
    "step": step,
    "cosine": cosine,
    "linear": linear,
}


def learning_rates(hyperparameters: Mapping[str, Any], total: int) -> Factors:
    """Computes the learning rate of every step of one trial, shape (total,).

    In the first W = `warmup_steps` steps the factor is (t + 1) / W; then the decay begins, over
    the steps that are left. It is torch's SequentialLR of LinearLR(start_factor=1/W,
    total_iters=W-1) and the decay, with the milestone W. If W is not less than all steps the
    learning rate rises to the end, and does not reach its full value if W is greater.

    References:
        Goyal et al., Accurate, large minibatch SGD, 2017, section 2.2 (gradual warm-up).
    """
    schedule = SCHEDULES[hyperparameters.get("lr_decay", "constant")]
    warmup = int(hyperparameters.get("warmup_steps") or 0)
    factors = (np.arange(total) + 1) / max(1, warmup)
    left = total - warmup
    if left > 0:
        factors[warmup:] = schedule(np.arange(left), left, hyperparameters)
    return hyperparameters["learning_rate"] * factors
