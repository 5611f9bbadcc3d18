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


def inverse_sqrt(steps: Steps, total: int, hyperparameters: Mapping[str, Any]) -> Factors:
    """sqrt(W / (W + t)), W the steps of the warm-up or 1: Vaswani et al. 2017, section 5.3."""
    warmup = max(1, int(hyperparameters.get("warmup_steps") or 0))
    return np.sqrt(warmup / (warmup + steps))


def warmup_stable_decay(steps: Steps, total: int, hyperparameters: Mapping[str, Any]) -> Factors:
    """1, and in the last C = `cooldown_steps` steps 1 - sqrt((t - (T - C)) / C).

    References:
        Hu et al., MiniCPM, 2024; the form of the cooldown of Haegele et al., Scaling laws and
        compute-optimal training beyond fixed training durations, NeurIPS 2024, section 4.
    """
    given = hyperparameters.get("cooldown_steps")
    cooldown = min(total, int(given or max(1, total // 5)))
    return 1 - np.sqrt(np.maximum(0, steps - (total - cooldown)) / cooldown)


def one_cycle(steps: Steps, total: int, hyperparameters: Mapping[str, Any]) -> Factors:
    """1/25 up to 1 over three tenths, down to 4e-6: torch's OneCycleLR, two halves of a cosine.

    References:
        Smith and Topin, Super-convergence, 2019.
    """
    top = 0.3 * total - 1
    rise = np.clip(steps / top, 0, 1) if top > 0 else np.ones(len(steps))
    fall = np.clip((steps - top) / max(1e-9, total - 1 - top), 0, 1)
    start, end = 1 / 25, 1 / 25e4
    up = 1 + (start - 1) * (1 + np.cos(np.pi * rise)) / 2
    down = end + (1 - end) * (1 + np.cos(np.pi * fall)) / 2
    return np.where(steps <= top, up, down)


SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "exponential": exponential,
    "step": step,
    "cosine": cosine,
    "linear": linear,
    "inverse_sqrt": inverse_sqrt,
    "warmup_stable_decay": warmup_stable_decay,
    "one_cycle": one_cycle,
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
