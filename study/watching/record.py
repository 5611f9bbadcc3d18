"""What is kept of a watched run: losses and rates of all steps, the rest of those looked at."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from study.engine.layers import Layer
from study.first_failure import FirstFailure

Row = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Look:
    """One step that was looked at.

    Attributes:
        step: Its number.
        grad_norm: Norm of the gradient of all parameters, before clipping where that was seen.
        clip_factor: Norm of the gradient that was used over it; NaN where it was not seen.
        update_ratio: Norm of the update over that of the parameters.
        layers: Figures by layer's name and column of the layers table.
    """

    step: int
    grad_norm: float
    clip_factor: float
    update_ratio: float
    layers: Mapping[str, Row]


@dataclass(kw_only=True)
class RunRecord:
    """One run, or one of the learners of a run that has several.

    Attributes:
        name: Of the learner; empty if there is one only.
        layers: In the order of the forward pass; empty until a pass was seen.
        looks: In the order of their steps.
        failure_step: First step with something that is not finite; None if there is none.
        failure_tensor: What that was, as the trials table has it.
        first_failure: The same, looked at by itself.
        skipped: Steps that a gradient scaler left out because gradients overflowed.
        still: What does not train, by layer, and why.
        batch_size: Examples of a step; 0 if they were not seen.
        input_rms: Root mean square of the inputs, the largest column's of a table; NaN of tokens.
        hyperparameters: Of the optimizer, and what the owner says.
        began: When, in seconds since the epoch.
        seconds: How long it took so far.
    """

    name: str = ""
    layers: tuple[Layer, ...] = ()
    looks: list[Look] = field(default_factory=list)
    failure_step: int | None = None
    failure_tensor: str | None = None
    first_failure: FirstFailure | None = None
    skipped: int = 0
    still: dict[str, str] = field(default_factory=dict)
    batch_size: int = 0
    input_rms: float = math.nan
    loss_chance: float = math.nan
    majority_share: float = math.nan
    target_rms: float = math.nan
    hyperparameters: dict[str, object] = field(default_factory=dict)
    began: float = field(default_factory=time.time)
    seconds: float = 0.0
    _losses: list[float | Tensor] = field(default_factory=list)
    _rates: list[float] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """Steps so far."""
        return len(self._losses)

    def add(self, loss: float | Tensor, rate: float) -> None:
        """Takes a step's loss, which may still be on its device, and its learning rate."""
        self._losses.append(loss)
        self._rates.append(rate)
        self.seconds = time.time() - self.began

    def note_still(self, reasons: Mapping[str, str]) -> None:
        """Keeps what has not trained in any step that was looked at, before this look is added."""
        known = reasons if not self.looks else set(self.still) & set(reasons)
        self.still = {name: reasons[name] for name in reasons if name in known}

    def losses(self) -> list[float]:
        """Returns all losses, fetched together where they are on a device."""
        waiting = [index for index, loss in enumerate(self._losses) if isinstance(loss, Tensor)]
        if waiting:
            tensors = [self._losses[index] for index in waiting]
            values = torch.stack([t.double() for t in tensors if isinstance(t, Tensor)]).tolist()
            for index, value in zip(waiting, values, strict=True):
                self._losses[index] = value
        return [float(loss) for loss in self._losses]

    def last_loss(self) -> float:
        """Returns the last loss, alone; see `loss_before`."""
        return float(self._losses[-1])

    def last_rate(self) -> float:
        """Returns the last learning rate."""
        return self._rates[-1]

    def loss_before(self) -> float:
        """Returns the last loss but one, alone: asked in every step of a run of any length."""
        return float(self._losses[-2])

    def rates(self) -> list[float]:
        """Returns the learning rate of every step."""
        return list(self._rates)
