"""One loss and the optimizers that make it smaller: what each of their steps shows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from study.engine.layers import Layer
from study.watching.harmless import harmless
from study.watching.looks import Looks
from study.watching.measurement import Measurement
from study.watching.observing.answers import Answers, loss_kind
from study.watching.observing.discovery import numbered
from study.watching.observing.inputs import batch_of
from study.watching.observing.notices import notices_of
from study.watching.observing.ranks import gathered, joined_look, mean_loss
from study.watching.observing.scaler import Scaler
from study.watching.observing.settings import has_closure, settings_of
from study.watching.observing.signals import Signals
from study.watching.observing.weights import learning_rate, parameters_of
from study.watching.record import Look, RunRecord
from study.watching.sentry import Sentry

Loss = float | Tensor

LOST = 10
"""Steps in a row that a scaler leaves out, from which a loss that is not finite is no accident."""


class Learner:
    """Watches optimizers that share a loss, and the modules that they train.

    Args:
        name: Of the loss; empty if there is one only.
        models: The modules, by a prefix for the names of their layers.
        optimizers: All that step before the loss is reported.
        every: Steps between two regular looks.
        scaler: Scales the loss, if one does.
        alone: Whether the modules train for this loss only; else layers that its optimizers do
            not train belong to another.
        across_ranks: Whether every process that trains with this one has a watch, and their
            numbers are joined.

    Attributes:
        record: What was seen so far.
    """

    def __init__(
        self,
        name: str,
        models: Mapping[str, nn.Module],
        optimizers: Sequence[Optimizer],
        *,
        every: int,
        scaler: Scaler,
        alone: bool = True,
        across_ranks: bool = False,
    ) -> None:
        self.record = RunRecord(name=name)
        self.looks = Looks(every)
        self._answers = Answers()
        self._optimizers = list(optimizers)
        self._scaler = scaler
        self._alone = alone
        self._across_ranks = across_ranks
        self._signals = {
            prefix: Signals(module, self._see_outputs) for prefix, module in models.items()
        }
        self._named: dict[str, Tensor] = {
            prefix + parameter: value
            for prefix, signals in self._signals.items()
            for parameter, value in signals.module.named_parameters()
        }
        self._stepped: set[int] = set()
        self._waiting: list[Loss] = []
        self._measurement: Measurement | None = None
        self._sentry = Sentry(list(self._signals.values()), self._named)
        self._rate = math.nan
        self._in_a_row = 0
        self._tries = False
        self._handles: list[RemovableHandle] = []
        for optimizer in self._optimizers:
            self._handles.append(optimizer.register_step_pre_hook(self._before))
            self._handles.append(optimizer.register_step_post_hook(self._behind))
        self._prepare()

    @property
    def notices(self) -> list[str]:
        """What is not seen."""
        return notices_of(list(self._signals.values()), across_ranks=self._across_ranks)

    def finish(self, loss: Loss) -> Look | None:
        """Takes the loss of a step, after its optimizers' steps.

        Without a step since the last loss, this is one of a part of a batch whose gradients are
        accumulated, or of a step that the scaler left out.

        Returns:
            What a step that was looked at showed; None of others.
        """
        if not self._stepped:
            self._without_step(loss)
            return None
        value, suspected = self._joined(loss), None
        if self._across_ranks:
            value, suspected = mean_loss(value, suspects=self._sentry.suspects)
        self._stepped.clear()
        self._in_a_row = 0
        step = self.record.steps
        self.record.add(value, self._rate)
        if step == 0:
            self._answers.kind = loss_kind(loss)
            self.record.hyperparameters = settings_of(self._optimizers)
        look = self._end_look(value)
        self._check_loss(step, value, loss, suspected)
        self._prepare()
        return look

    def close(self) -> None:
        """Takes all hooks away; what was seen stays."""
        for handle in self._handles:
            handle.remove()
        for signals in self._signals.values():
            signals.close()
        if self._measurement is not None:
            self._measurement.close()
            self._measurement = None

    def check(self) -> None:
        """Looks whether gradients are finite, before the update that would spread it."""
        if self._may_wait():
            self._sentry.check(self.record.steps)

    def _prepare(self) -> None:
        """Hooks for the next step, if it is one to look at."""
        step = self.record.steps
        if self.looks.due(step):
            seen = (self._signals, self._named, self._scaler)
            self._measurement = Measurement(
                step, self._optimizers, *seen, across_ranks=self._across_ranks
            )

    @harmless
    def _before(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        self._rate = learning_rate(self._optimizers)
        closure = has_closure(args, kwargs)
        if self._measurement is not None:
            self._measurement.before(optimizer, closure=closure)
            self._tries = closure
        if not closure:
            self.check()

    @harmless
    def _behind(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        self._stepped.add(id(optimizer))
        if self._measurement is not None and len(self._stepped) == len(self._optimizers):
            with torch.no_grad():
                self._measurement.behind()

    def _end_look(self, loss: Loss) -> Look | None:
        measurement, self._measurement = self._measurement, None
        if measurement is None:
            return None
        measurement.close()
        if not self.record.layers:
            self._learn()
        look = measurement.look
        if look is None:
            return None
        everywhere = [self._answers.shown()[: 1 if self._tries else None]]
        if self._across_ranks:
            everywhere = gathered(everywhere[0])
            look = joined_look(look, measurement.silent)
        self.record.note_still(measurement.still)
        self.record.looks.append(look)
        self._answers.learn(everywhere, _number(loss))
        self._answers.note_in(self.record)
        return look

    def _learn(self) -> None:
        """Takes what the first step that was seen says of layers and inputs."""
        self.record.layers = self._all_layers()
        given = [each.inputs for each in self._signals.values() if each.inputs is not None]
        self.record.batch_size, self.record.input_rms = batch_of(
            given, across_ranks=self._across_ranks
        )

    def _all_layers(self) -> tuple[Layer, ...]:
        """The layers of all modules, numbered through; of this loss where several share them."""
        mine = {id(parameter) for parameter in parameters_of(self._optimizers)}
        return numbered(
            (prefix, layer)
            for prefix, signals in self._signals.items()
            for layer in signals.order()
            if self._alone or id(self._named[prefix + layer.weight]) in mine
        )

    def _see_outputs(self, outputs: Tensor, gradient: Tensor) -> None:
        units_last = self.record.layers[-1].units_last if self.record.layers else True
        scaled = gradient / self._scaler.of_losses()
        self._answers.see(outputs, scaled, units_last=units_last)

    def _without_step(self, loss: Loss) -> None:
        if self._scaler.skipped():
            self.record.skipped += 1
            self._in_a_row += 1
            self._waiting = []
            if self._in_a_row == LOST and not math.isfinite(_number(loss)):
                step = self.record.steps
                self.record.add(_number(loss), self._rate)
                self._sentry.conclude(self.record, step, _number(loss), loss, everywhere=None)
            return
        self._waiting.append(loss.detach() if isinstance(loss, Tensor) else loss)

    def _joined(self, loss: Loss) -> Loss:
        """The mean over the parts of a batch; on the host unless it would wait for it."""
        if not self._waiting and self._may_wait():
            return _number(loss)
        parts = [*self._waiting, loss.detach() if isinstance(loss, Tensor) else loss]
        self._waiting = []
        if self._may_wait():
            return sum(float(part) for part in parts) / len(parts)
        return sum(parts[1:], parts[0]) / len(parts)

    def _check_loss(self, step: int, value: Loss, loss: Loss, suspected: bool | None) -> None:
        if isinstance(value, Tensor):
            return
        before = abs(self.record.loss_before()) if step > 0 else math.inf
        if math.isfinite(value) and value > 2 * before + 1e-12:
            self.looks.happened(step + 1)
        self._sentry.conclude(self.record, step, value, loss, everywhere=suspected)

    def _may_wait(self) -> bool:
        """Whether reading a number does not hold up an accelerator."""
        return self._measurement is not None or self._on_host

    @cached_property
    def _on_host(self) -> bool:
        return all(value.device.type == "cpu" for value in list(self._named.values())[:1])


def _number(loss: Loss) -> float:
    return float(loss.item()) if isinstance(loss, Tensor) else float(loss)
