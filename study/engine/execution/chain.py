"""Sequences of linear layers and activations, with the backward pass written out.

The most studied networks are the simplest, and there the bookkeeping of autograd and vmap costs
as much as the arithmetic. Here each layer is one batched product forward and two backward, and
parameters of one shape lie in one block.

Axes: K trials, B examples. Link l takes x_l to x_{l+1}:

    h_l = x_l W_l^T + b_l    x_{l+1} = f_l(h_l), or h_l without an activation

and with delta_l the loss gradient by h_l, a row for each example, backward is

    dW_l = delta_l^T x_l    db_l = sum over the examples of delta_l
    delta_{l-1} = (delta_l W_l) * f_{l-1}'(h_{l-1})
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from study.engine.activations import ACTIVATIONS, Activation, activation_name
from study.engine.cohort.blocks import Blocks
from study.engine.execution.execution import Batch, Pass, by_example, metrics
from study.engine.observing.observation import Observation
from study.engine.tasks.task import Task


@dataclass(frozen=True, kw_only=True)
class Link:
    """A linear layer by its module's name, and the activation behind it."""

    name: str
    activation: Activation | None


def links_of(module: nn.Module, *, axes: int = 1) -> tuple[Link, ...] | None:
    """Reads the module as a chain; returns None if it is anything else.

    Args:
        module: A network.
        axes: Of one example's inputs. Linear layers work along the last one, chains on vectors:
            of more axes it has to begin with `nn.Flatten`.
    """
    if type(module) is not nn.Sequential:
        return None
    if axes > 1 and not isinstance(next(iter(module), None), nn.Flatten):
        return None
    links: list[Link] = []
    for name, child in module.named_children():
        if type(child) is nn.Flatten and not links and repr(child) == repr(nn.Flatten()):
            continue
        if type(child) is nn.Linear and child.bias is not None:
            links.append(Link(name=name, activation=None))
            continue
        known = activation_name(child)
        if known is None or not links or links[-1].activation is not None:
            return None
        activation = ACTIVATIONS[known]
        if repr(child) != repr(activation.module()):
            return None  # Not with its default settings (a steeper LeakyReLU).
        links[-1] = Link(name=links[-1].name, activation=activation)
    return tuple(links) if links and links[-1].activation is None else None


class ChainExecution:
    """Implements `Execution` for chains.

    Args:
        links: Of the network, from the input to the output.
        blocks: Parameters grouped by shape.
        task: Loss and metric.
    """

    name = "chain"
    notice: str | None = None
    copies: Sequence[nn.Module] = ()
    draws = False

    def __init__(self, links: Sequence[Link], blocks: Blocks, task: Task) -> None:
        self._links = links
        self.blocks = blocks
        self._task = task
        self._point()

    def run(self, batch: Batch, observation: Observation | None) -> Pass:
        values = [batch.inputs_KxB.flatten(2)]
        preactivations: list[Tensor] = []
        with torch.no_grad():
            for weight, bias, link in zip(self._weights, self._biases, self._links, strict=True):
                h = torch.baddbmm(bias.unsqueeze(1), values[-1], weight.transpose(1, 2))
                preactivations.append(h)
                if observation is not None:
                    observation.preactivation(link.name).add(h)
                values.append(h if link.activation is None else link.activation.function(h))
        outputs = values[-1].requires_grad_()
        loss_KxB = by_example(self._task.loss, outputs, batch.targets_KxB)
        loss_K = loss_KxB.mean(dim=1)
        (delta,) = torch.autograd.grad(loss_K.sum(), outputs)
        with torch.no_grad():
            self._backward(delta, values, preactivations, observation)
        return Pass(
            loss_K=loss_K.detach(),
            loss_KxB=loss_KxB.detach(),
            metric_KxB=metrics(self._task, outputs, batch.targets_KxB),
            gradients=self._gradients,
        )

    def keep(self, slots: Tensor) -> None:
        self.blocks.keep(slots)
        self._point()

    def state(self) -> list[Tensor]:
        return []

    def load(self, state: Sequence[Tensor]) -> None:
        self._point()

    def _backward(
        self,
        delta: Tensor,
        values: Sequence[Tensor],
        preactivations: Sequence[Tensor],
        observation: Observation | None,
    ) -> None:
        """Fills the gradients of the mean losses.

        Args:
            delta: The loss gradient by the last link's output, (K, B, outputs).
            values: x_l, the input of each link, (K, B, features), and the outputs.
            preactivations: h_l, the output of each link before its activation.
            observation: Shown each link's delta and activations, if any.
        """
        for position in range(len(self._links) - 1, -1, -1):
            link, inputs = self._links[position], values[position]
            if observation is not None:
                observation.delta(link.name).add(delta, stays=True)
                if link.activation is not None:
                    observation.activation(link.name).add(values[position + 1], stays=True)
            # dW_l and db_l
            torch.bmm(delta.transpose(1, 2), inputs, out=self._weight_gradients[position])
            torch.sum(delta, 1, out=self._bias_gradients[position])
            if position == 0:
                return  # The gradient by the data is of no use.
            # delta_{l-1}
            delta = torch.bmm(delta, self._weights[position])
            before = self._links[position - 1].activation
            if before is not None:
                delta = before.gradient(delta, preactivations[position - 1], inputs)

    def _point(self) -> None:
        """Points at each link's parameters and gradients, which are views of the blocks."""
        blocks, values = self.blocks, self.blocks.values
        gradients = [torch.empty_like(value) for value in values]
        self._gradients: Sequence[Tensor] = gradients
        self._weights = [blocks.of(values, f"{link.name}.weight") for link in self._links]
        self._biases = [blocks.of(values, f"{link.name}.bias") for link in self._links]
        self._weight_gradients = [
            blocks.of(gradients, f"{link.name}.weight") for link in self._links
        ]
        self._bias_gradients = [blocks.of(gradients, f"{link.name}.bias") for link in self._links]
