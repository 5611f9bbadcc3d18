"""One trial's failing step again, with its examples apart.

Axes: B examples of the batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from study.engine.forensics.blame import Blame
from study.engine.forensics.examples import counted, wrong_rows
from study.engine.forensics.gradient_origin import gradient_origins
from study.engine.forensics.growth import GROWN
from study.engine.forensics.modules import ModuleWatch
from study.engine.forensics.operations import first_operation
from study.engine.layers import Layer
from study.engine.tasks.task import Task
from study.first_failure import FirstFailure, Origin


@dataclass(frozen=True, kw_only=True)
class Alone:
    """One trial before the update of one step.

    Attributes:
        module: The network, called by `forward`.
        forward: Runs it on the batch as the training does, with the parameters below; (B, ...).
        parameters: By name in the order of the forward pass; they require gradients.
        inputs_B: (B, ...).
        targets_B: (B, ...).
        rows_B: Row numbers of the examples in the data, (B,).
        step: Number of the step.
    """

    module: nn.Module
    forward: Callable[[], Tensor]
    parameters: Mapping[str, Tensor]
    inputs_B: Tensor
    targets_B: Tensor
    rows_B: Tensor
    step: int

    def of(self, wrong_B: Tensor) -> str:
        """Writes "2 of 64 examples (rows 3, 18)"."""
        return counted(wrong_B, self.rows_B)


def first_failure(trial: Alone, task: Task, layers: Sequence[Layer]) -> FirstFailure | None:
    """Says what is first not finite in a step or, if nothing is, which recurrent state ran away.

    Args:
        trial: The step.
        task: Gives the loss.
        layers: The network's layers.

    Returns:
        None where everything is finite when it is run again, and no state grew.
    """
    broken = broken_parameter(trial.parameters)
    if broken is not None:
        after = f"after the update of step {trial.step - 1}" if trial.step else "from the start"
        return FirstFailure(origin="parameter", detail=f"{broken}, {after}")
    watch = ModuleWatch(trial.module, layers, len(trial.inputs_B))
    with watch.watching():
        outputs_B = trial.forward()
    growth = watch.growth()
    found = _first(trial, task, watch, outputs_B)
    if found is None and growth is not None and growth.factor > GROWN:
        found = "state", f"{watch.place(growth.layer)} {growth}"
    if found is None:
        return None
    origin, detail = found
    largest = float(outputs_B.detach().abs().max())
    # What a network returns whose loss is computed inside of it are losses.
    unseen = origin == "loss" and task.feed is not None
    return FirstFailure(
        origin=origin,
        detail=detail,
        output=None if unseen else largest if math.isfinite(largest) else math.inf,
        growth=None if growth is None else growth.factor,
    )


def _first(
    trial: Alone, task: Task, watch: ModuleWatch, outputs_B: Tensor
) -> tuple[Origin, str] | None:
    """Origin and detail of what is not finite; None if everything is."""
    wrong_B = wrong_rows(outputs_B, len(outputs_B))
    if wrong_B.any():
        return _of_forward(trial, task, watch, wrong_B)
    loss_B = task.loss(outputs_B, trial.targets_B).reshape(len(outputs_B), -1)
    wrong_B = wrong_rows(loss_B, len(outputs_B))
    if wrong_B.any():
        return _of_loss(trial, task, outputs_B.detach(), wrong_B)
    mean = loss_B.mean()
    if not bool(mean.isfinite()):
        return "loss", "its mean over the batch overflows"
    return _of_gradients(trial, watch, outputs_B, mean)


def broken_parameter(parameters: Mapping[str, Tensor]) -> str | None:
    """Says which parameter is first not finite: "2.weight (12 of 64 numbers)"; None if none."""
    for name, value in parameters.items():
        wrong = int((~value.isfinite()).sum())
        if wrong:
            return f"{name} ({wrong} of {value.numel()} numbers)"
    return None


def _of_forward(
    trial: Alone, task: Task, watch: ModuleWatch, wrong_B: Tensor
) -> tuple[Origin, str]:
    inputs_B = wrong_rows(trial.inputs_B, len(wrong_B)) & wrong_B
    if inputs_B.any():
        return "inputs", trial.of(inputs_B)
    call = watch.first_call(wrong_B)
    feed = task.feed
    blame = first_operation(
        trial.forward, wrong_B, judging=lambda: feed is not None and feed.judging
    )
    if blame is not None and blame.ordinary:
        origin: Origin = "loss" if blame.of_loss else "network"
        return origin, blame.detail(f"for {trial.of(wrong_B)}")
    if call is None or not call.module:
        return "outputs", f"for {trial.of(wrong_B)}"
    where = f", for {trial.of(call.wrong_B)}" if call.wrong_B.any() else ""
    return "outputs" if watch.is_output(call) else "activation", watch.said(call) + where


def _of_loss(trial: Alone, task: Task, outputs_B: Tensor, wrong_B: Tensor) -> tuple[Origin, str]:
    targets_B = wrong_rows(trial.targets_B, len(wrong_B)) & wrong_B
    if targets_B.any():
        return "targets", trial.of(targets_B)
    blame = first_operation(lambda: task.loss(outputs_B, trial.targets_B), wrong_B)
    where = f"for {trial.of(wrong_B)}"
    return "loss", where if blame is None else blame.detail(where)


def _of_gradients(
    trial: Alone, watch: ModuleWatch, outputs_B: Tensor, mean: Tensor
) -> tuple[Origin, str] | None:
    parameters = list(trial.parameters.values())
    with gradient_origins(mean) as origins:
        by_outputs, *by_parameters = torch.autograd.grad(
            mean, [outputs_B, *parameters], allow_unused=True
        )
    blame = origins[0] if origins else Blame("its derivative")
    wrong_B = wrong_rows(by_outputs, len(outputs_B))
    if wrong_B.any():
        return "loss_gradient", blame.detail(f"for {trial.of(wrong_B)}")
    gradients = {
        name: gradient
        for name, gradient in zip(trial.parameters, by_parameters, strict=True)
        if gradient is not None
    }
    broken = broken_parameter(gradients)
    if broken is not None:
        call = watch.first_delta()
        place = f"of {broken}" if call is None else f"at {watch.said(call)}"
        return "network" if blame.ordinary else "gradient", blame.detail(place)
    norms = torch.stack([gradient.norm() for gradient in gradients.values()])
    if bool(norms.norm().isfinite()):
        return None
    dtype = str(norms.dtype).removeprefix("torch.")
    return "gradient", f"each number is finite and their norm overflows {dtype}"
