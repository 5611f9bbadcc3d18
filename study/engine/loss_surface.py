"""Quantities of the loss as a function of the parameters, measured at scheduled steps.

Axes: K trials still in the cohort, B examples, P parameters of a trial.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from study.engine.execution.execution import Batch, by_example
from study.engine.execution.losses import CohortLoss, beside
from study.engine.initializations import frozen_parameters
from study.engine.layers import buffers_kept, is_normalized_by_batch
from study.engine.networks import NetworkFactory
from study.engine.networks.building import build_network
from study.engine.observing.tiers import Statistics
from study.engine.quantities.noise_scale import noise_scale
from study.engine.quantities.sharpness import EXAMPLES, hessian_product, sharpness
from study.engine.seeds import noise_seed, seed_torch, sharpness_generator
from study.engine.tasks.task import PerExample, Task

PASSES_HELD = 3
"""A pass that is differentiated twice keeps about three times the activations of one that is
differentiated once."""

TRIED = 2
"""Examples on which a network is tried before it is trained."""

Compute = Callable[[CohortLoss, slice], Tensor]
"""From the loss of some of the cohort's slots, and which they are, to a figure each."""


class LossSurface:
    """Looks at the loss around a cohort's parameters, and leaves everything as it was.

    Args:
        module: The network of trials that run together; its own parameters are not used.
        task: Gives the loss.
        statistics: Says what is measured when.
        steps: Number of the training's steps, from which the schedules follow.
        seeds: One a trial.
        inputs: All of the task's inputs as the network gets them, (N, ...), on the device.
        targets: All of its targets.
    """

    def __init__(
        self,
        module: nn.Module,
        task: Task,
        statistics: Statistics,
        steps: int,
        *,
        seeds: Sequence[int],
        inputs: Tensor,
        targets: Tensor,
    ) -> None:
        self._module = module
        self._task = task
        # Of a loss of the whole batch halves have losses of another kind.
        halves = () if task.whole_batches else statistics.noise_scale(steps)
        self._noise_steps = frozenset(halves)
        self.sharpness_steps = frozenset(statistics.sharpness(steps))
        self._seeds = list(seeds)
        self._frozen = frozen_parameters(module)
        self._inputs_B = inputs[:EXAMPLES]
        self._targets_B = targets[:EXAMPLES]

    def measure(
        self,
        batch: Batch,
        parameters: Mapping[str, Tensor],
        copies: Sequence[nn.Module],
    ) -> dict[str, Tensor]:
        """Measures what is scheduled for this step, by column of the steps table, (K,) in float64.

        Args:
            batch: Of the step, before its update.
            parameters: By name in the order of the forward pass, (K, ...) each.
            copies: Each trial's own network, where trials run one after another; else none.
        """
        measured: dict[str, Tensor] = {}
        step, inputs_KxB = batch.step, batch.inputs_KxB
        trained = {n: value for n, value in parameters.items() if n not in self._frozen}
        frozen = {n: parameters[n] for n in self._frozen}
        # Batch normalization refuses a half of one example.
        halves = inputs_KxB.shape[1] // 2 > 1 or not is_normalized_by_batch(self._module)
        if step in self._noise_steps and halves:
            measured["noise_scale"] = self._in_parts(
                step,
                copies,
                len(inputs_KxB),
                lambda loss, part: noise_scale(
                    beside(_some(frozen, part), loss),
                    _some(trained, part),
                    inputs_KxB[part],
                    batch.targets_KxB[part],
                ),
            )
        if step in self.sharpness_steps:
            examples = inputs_KxB.shape[0] * inputs_KxB.shape[1]
            measured["sharpness"] = self._in_parts(
                step,
                copies,
                # So that it needs no more memory than the training itself, where that can be.
                max(1, examples // (PASSES_HELD * len(self._inputs_B))),
                lambda loss, part: sharpness(
                    beside(_some(frozen, part), loss),
                    _some(trained, part),
                    self._inputs_B,
                    self._targets_B,
                    self._starts(part, trained),
                ),
            )
        return measured

    def on_examples(
        self,
        step: int,
        functions: Sequence[PerExample],
        data: tuple[Tensor, Tensor],
        parameters: Mapping[str, Tensor],
        copies: Sequence[nn.Module],
        *,
        at_once: int,
        quiet: bool = False,
    ) -> Tensor:
        """Returns the task's loss or metric of the same examples for every trial.

        Args:
            step: Number of the step; what a network draws depends on it.
            functions: F of them, each of outputs and targets.
            data: Inputs and targets, (N, ...) each.
            parameters: By name in the order of the forward pass, (K, ...) each.
            copies: Each trial's own network, where trials run one after another; else none.
            at_once: Examples of all trials that may be in memory together.
            quiet: Whether networks are put into `eval()`, so that dropout drops nothing.

        Returns:
            Float64, (K, F, N).
        """
        examples = len(data[0])
        pieces = -(-examples // max(1, at_once))

        def compute(loss: CohortLoss, part: slice) -> Tensor:
            some = _some(parameters, part)
            trials = len(next(iter(some.values())))
            values = []
            for inputs_N, targets_N in zip(*(each.chunk(pieces) for each in data), strict=True):
                outputs_KxN = loss.outputs(some, inputs_N.expand(trials, *inputs_N.shape))
                targets_KxN = targets_N.expand(trials, *targets_N.shape)
                each = [by_example(f, outputs_KxN, targets_KxN).double() for f in functions]
                values.append(torch.stack(each, dim=1))
            return torch.cat(values, dim=2)

        with torch.no_grad():
            size = max(1, at_once // examples)
            with _evaluating(copies if quiet else ()):
                return self._in_parts(step, copies, size, compute)

    def keep(self, slots: Sequence[int]) -> None:
        """Goes on with these trials of the cohort only."""
        self._seeds = [self._seeds[slot] for slot in slots]

    def _in_parts(
        self, step: int, copies: Sequence[nn.Module], size: int, compute: Compute
    ) -> Tensor:
        """Returns the figure of all trials, `size` of them at once, or each by itself."""
        trials = len(self._seeds)
        if not copies:
            loss = CohortLoss(self._module, self._task)
            return torch.cat([compute(loss, slice(n, n + size)) for n in range(0, trials, size)])
        figures = []
        for slot, module in enumerate(copies):
            loss = CohortLoss(module, self._task, vectorized=False)
            with _alone(module, noise_seed(self._seeds[slot], step), self._inputs_B.device):
                figures.append(compute(loss, slice(slot, slot + 1)))
        return torch.cat(figures)

    def _starts(self, part: slice, parameters: Mapping[str, Tensor]) -> Tensor:
        """Random directions, each from its trial's seed and the same at every step, (K, P)."""
        size = sum(value[0].numel() for value in parameters.values())
        like = next(iter(parameters.values()))
        drawn = [
            torch.randn(size, generator=sharpness_generator(seed)) for seed in self._seeds[part]
        ]
        return torch.stack(drawn).to(like)


def check_curvature(
    network: NetworkFactory, hyperparameters: Mapping[str, Any], task: Task
) -> None:
    """Tries on two examples whether sharpness can be measured.

    Raises:
        NetworkError: If the network cannot be built, or torch cannot differentiate it twice.
    """
    module = build_network(network, hyperparameters, task)
    parameters = {name: value.detach()[None] for name, value in module.named_parameters()}
    example = next(iter(parameters.values()))
    inputs, targets = (
        data[:TRIED].to(example.dtype) if data.is_floating_point() else data[:TRIED]
        for data in (task.inputs, task.targets)
    )
    frozen = {name: parameters.pop(name) for name in frozen_parameters(module)}
    loss = beside(frozen, CohortLoss(module, task, vectorized=False))
    with (
        _alone(module, 0, example.device),
        hessian_product(loss, parameters, inputs, targets) as product,
    ):
        product(example.new_ones(1, sum(value.numel() for value in parameters.values())))


def _some(parameters: Mapping[str, Tensor], part: slice) -> dict[str, Tensor]:
    return {name: value[part] for name, value in parameters.items()}


@contextmanager
def _evaluating(modules: Sequence[nn.Module]) -> Iterator[None]:
    training = [each for module in modules for each in module.modules() if each.training]
    for each in training:
        each.training = False
    try:
        yield
    finally:
        for each in training:
            each.training = True


@contextmanager
def _alone(module: nn.Module, seed: int, device: torch.device) -> Iterator[None]:
    """For a module that may draw random numbers, change its buffers, or be one of cuDNN's."""
    devices = [device] if device.type == "cuda" else []
    # cuDNN's recurrent networks have a first derivative only.
    recurrent = any(isinstance(child, nn.RNNBase) for child in module.modules())
    with (
        torch.random.fork_rng(devices=devices),
        buffers_kept(module),
        torch.backends.cudnn.flags(enabled=not recurrent),
    ):
        seed_torch(seed)
        yield
