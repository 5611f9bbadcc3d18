"""What a module does in its forward pass that decides how a cohort can run it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from study.engine.execution.losses import CohortLoss
from study.engine.layers import buffers_kept
from study.engine.tasks.task import Task

TRIED = 2
"""Trials, and examples of each, with which a module is tried."""


@dataclass(frozen=True, kw_only=True)
class Traits:
    """Attributes:
    draws: Whether the forward pass draws random numbers (dropout).
    obstacle: Why trials cannot run under vmap; None where they can.
    """

    draws: bool
    obstacle: str | None

    @property
    def notice(self) -> str | None:
        """The obstacle in a sentence."""
        if self.obstacle is None:
            return None
        return f"trials of this network are trained one after another: {self.obstacle}"


def module_traits(module: nn.Module, task: Task) -> Traits:
    """Runs a few examples through the module, one trial after another and under vmap.

    Global random state is left as it was.

    Args:
        module: On the CPU.
        task: Gives the inputs.
    """
    inputs = task.inputs[: TRIED * TRIED]
    example = next(module.parameters(), None)
    if example is not None and inputs.is_floating_point():
        inputs = inputs.to(example.dtype)
    inputs_KxB = inputs.repeat(TRIED * TRIED, *(1,) * (inputs.ndim - 1))[: TRIED * TRIED]
    inputs_KxB = inputs_KxB.unflatten(0, (TRIED, TRIED))
    with torch.random.fork_rng(devices=[]), torch.no_grad(), buffers_kept(module):
        before = torch.get_rng_state()
        module(inputs_KxB[0])
        draws = not torch.equal(before, torch.get_rng_state())
        if draws:
            obstacle = "it draws random numbers, and each trial has its own"
            return Traits(draws=True, obstacle=obstacle)
        return Traits(draws=False, obstacle=_obstacle(module, task, inputs_KxB))


def _obstacle(module: nn.Module, task: Task, inputs_KxB: Tensor) -> str | None:
    # Parameters that differ by trial: a module that does not take them would be found out.
    parameters = {
        name: torch.stack([value.detach(), 0.9 * value.detach()])
        for name, value in module.named_parameters()
    }
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Slow fallbacks of single operations are measured.
            together = CohortLoss(module, task).outputs(parameters, inputs_KxB)
    except Exception as error:  # Whatever a person's module raises under vmap is the reason.
        return _first_sentence(error)
    apart = CohortLoss(module, task, vectorized=False).outputs(parameters, inputs_KxB)
    if together.shape != apart.shape or not torch.allclose(
        together, apart, rtol=1e-3, atol=1e-5, equal_nan=True
    ):
        return "its outputs under vmap are not those of its trials one by one"
    return None


def _first_sentence(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    text = lines[0] if lines else ""
    return f"{type(error).__name__}: {text.split('. ')[0][:200]}"
