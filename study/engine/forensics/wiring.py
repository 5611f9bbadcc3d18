"""What is odd about how a freshly built network is put together, found by trying it.

Each of it lets a network fail whatever its hyperparameters, and none of it shows in gradients: an
answer that depends on the other examples, targets that are compared with every output, units that
are all the same, layers without a bend between them, a dropout that leaves nothing.

Axes: B tried examples.
"""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from study.engine.forensics.still import still_parts
from study.engine.forensics.through_time import gradient_through_time
from study.engine.forensics.wiring_faults import Network, wiring_fault
from study.engine.tasks.spread import spread
from study.engine.tasks.task import Task

EXAMPLES = 24
"""Examples that it is tried on, evenly spaced: files may be sorted by label."""

_logger = logging.getLogger("gradscape.engine")


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """How the first network of a cohort is put together.

    Attributes:
        fault: Name of the cause that what is odd may be, as in `study.tables.schema.CAUSES`; None
            if nothing is.
        detail: It, as a clause for people.
        time_ratio: Gradient that reaches the first of the time steps of one of torch's recurrent
            modules over that at the last, by rms; NaN without one.
        still: Why no gradient reaches parts that are run, by their names.
        still_share: Share of the weights that these parts hold.
    """

    fault: str | None = None
    detail: str | None = None
    time_ratio: float = math.nan
    still: Mapping[str, str] = field(default_factory=dict)
    still_share: float = 0.0


def look_at_wiring(module: nn.Module, parameters: Mapping[str, Tensor], task: Task) -> Wiring:
    """Tries a network before its training.

    Buffers, random state and gradients stay as they are.

    Args:
        module: The network, on the CPU.
        parameters: By name, those that training starts from.
        task: Gives inputs, targets and the loss.

    Returns:
        Nothing odd where the network or loss cannot be tried so, or its batches are a person's.
    """
    if task.feed is not None:
        return Wiring()
    chosen = spread(task.examples, EXAMPLES)
    types = {name: value.dtype for name, value in module.named_parameters()}
    dtype = next(iter(types.values()), torch.float32)
    inputs_B, targets_B = (
        data[chosen].to(dtype) if data.is_floating_point() else data[chosen]
        for data in (task.inputs, task.targets)
    )
    own = {name: value.detach().to(types[name], copy=True) for name, value in parameters.items()}
    try:
        # A copy: what a person's module counts or keeps in its forward is none of the look's.
        network = Network(
            module=copy.deepcopy(module),
            parameters=own,
            task=task,
            inputs_B=inputs_B,
            targets_B=targets_B,
        )
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            fault, detail = wiring_fault(network) or (None, None)
            still, share = still_parts(network)
            ratio = gradient_through_time(network)
    except Exception as error:  # A person's module or loss may fail in ways of its own.
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        _logger.debug("how the network is put together was not looked at: %s", reason)
        return Wiring()
    return Wiring(
        fault=fault,
        detail=detail,
        time_ratio=ratio,
        still=still,
        still_share=share,
    )
