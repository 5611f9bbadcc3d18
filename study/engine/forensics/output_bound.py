"""Whether a freshly built network's outputs can be what its loss and targets want."""

from __future__ import annotations

import torch
from torch import nn

from study.engine.layers import buffers_kept
from study.engine.tasks.data.bounded_outputs import bounded_outputs
from study.engine.tasks.task import Task

EXAMPLES = 64
"""Examples that are looked at, spread evenly over the data."""


def output_bound(module: nn.Module, task: Task) -> str | None:
    """Says why they cannot, in a clause; None where nothing bounds them, or it may.

    Buffers and random state stay as they are.

    Args:
        module: The network, on the CPU.
        task: Gives inputs, targets and the loss.
    """
    if task.feed is not None:
        return None  # What it returns are its losses.
    chosen = slice(None, None, max(1, task.examples // EXAMPLES))
    inputs, targets = task.inputs[chosen], task.targets[chosen]
    parameter = next(module.parameters(), None)
    if parameter is not None:
        inputs, targets = (
            values.to(parameter.dtype) if values.is_floating_point() else values
            for values in (inputs, targets)
        )
    with torch.random.fork_rng(devices=[]), buffers_kept(module), torch.enable_grad():
        return bounded_outputs(task, module(inputs), targets)
