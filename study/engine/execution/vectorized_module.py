"""A module under vmap: outputs, losses and gradients of some trials at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from study.engine.execution.execution import Batch, by_example
from study.engine.execution.losses import CohortLoss
from study.engine.observing.hooks import taps
from study.engine.observing.observation import Observation
from study.engine.precision import Precision
from study.engine.tasks.task import Task


@dataclass(frozen=True, kw_only=True)
class Differentiated:
    """Attributes:
    outputs_KxB: (K, B, ...), detached.
    loss_K: Mean loss of each trial's batch, detached.
    loss_KxB: Losses by example, detached.
    gradients: By each of the parameters, (K, ...), in their order; zeros by frozen ones.
    """

    outputs_KxB: Tensor
    loss_K: Tensor
    loss_KxB: Tensor
    gradients: tuple[Tensor, ...]


class VectorizedModule:
    """The forward pass under vmap, the backward pass by autograd.

    Autograd records the plain batched operations that vmap makes, so the backward pass of all
    trials runs in C++ without vmap's dispatch.

    Args:
        module: The network, whose own parameters are not used.
        task: Gives the loss.
        precision: Type of the arithmetic; outputs and losses have the parameters' type.
    """

    def __init__(self, module: nn.Module, task: Task, precision: Precision) -> None:
        self._module = module
        self._task = task
        self._precision = precision
        self._loss = CohortLoss(module, task)

    def differentiate(
        self, leaves: Mapping[str, Tensor], batch: Batch, observation: Observation | None
    ) -> Differentiated:
        """Runs one forward and backward pass.

        Args:
            leaves: Parameters by name, (K, ...) each; those that train require gradients.
            batch: The examples of these trials, (K, B, ...).
            observation: Shown activations and deltas, if any.
        """
        autocast = self._precision.autocast(batch.inputs_KxB.device)
        with taps(self._module, observation), autocast:
            outputs_KxB = self._loss.outputs(leaves, batch.inputs_KxB)
        outputs_KxB = outputs_KxB.to(self._precision.parameters)
        loss_KxB = by_example(self._task.loss, outputs_KxB, batch.targets_KxB)
        loss_K = loss_KxB.mean(dim=1)
        trained = {name: leaf for name, leaf in leaves.items() if leaf.requires_grad}
        computed = torch.autograd.grad(
            loss_K.sum(), list(trained.values()), materialize_grads=True
        )
        gradient_of = dict(zip(trained, computed, strict=True))
        return Differentiated(
            outputs_KxB=outputs_KxB.detach(),
            loss_K=loss_K.detach(),
            loss_KxB=loss_KxB.detach(),
            gradients=tuple(
                gradient_of[name] if name in trained else torch.zeros_like(leaf)
                for name, leaf in leaves.items()
            ),
        )
