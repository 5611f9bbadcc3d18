"""Hugging Face's Trainer: a callback that watches `Trainer.train`.

    from study.watching.callbacks.transformers import WatchCallback

    watching = WatchCallback()
    Trainer(model, args, train_dataset=data, callbacks=[watching]).train()
    print(watching.result())

A loop of Accelerate is a loop of one's own: `study.watch(model, optimizer)` after
`accelerator.prepare`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle
from transformers import TrainerCallback

from study.watching.watcher import Watch, watch

if TYPE_CHECKING:
    from study.watching.reporting.result import RunResult


class WatchCallback(TrainerCallback):
    """Watches the model that a Trainer trains, with the loss that the model returns.

    Args:
        options: Of `study.watch`.

    Attributes:
        watch: The watch, once training has begun.
    """

    def __init__(self, **options: Any) -> None:
        self.watch: Watch | None = None
        self._options = options
        self._losses: list[Tensor] = []
        self._shares = False
        self._handle: RemovableHandle | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        self._end()
        model, optimizer = given["model"], given["optimizer"]
        self._handle = model.register_forward_hook(self._keep_loss, with_kwargs=True)
        # Accelerate wraps optimizers; the one inside has the hooks.
        self.watch = watch(model, getattr(optimizer, "optimizer", optimizer), **self._options)

    def on_step_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        if self.watch is None or not self._losses:
            return
        losses, self._losses = self._losses, []
        if len(losses) == 1:
            self.watch.step(losses[0])
            return
        # One loss a part of the batch, of which the trainer accumulates the gradients.
        parts = torch.stack([loss.detach() for loss in losses])
        self.watch.step(parts.sum() if self._shares else parts.mean())

    def on_train_end(self, args: Any, state: Any, control: Any, **given: Any) -> None:
        self._end()

    def result(self) -> RunResult:
        """Returns verdict, cause and explanation; see `Watch.result`.

        Raises:
            ValueError: If no step was seen.
        """
        if self.watch is None:
            raise ValueError("no step was seen: the trainer has not begun to train")
        return self.watch.result()

    def _keep_loss(
        self, module: nn.Module, args: Any, kwargs: Mapping[str, Any], outputs: Any
    ) -> None:
        if not (module.training and torch.is_grad_enabled()):
            return
        loss = outputs.get("loss") if isinstance(outputs, dict) else None
        if loss is None and isinstance(outputs, (tuple, list)) and outputs:
            loss = outputs[0]
        if isinstance(loss, Tensor) and loss.ndim == 0:
            # A model that is told how many labels the batch has returns its share of the loss.
            self._shares = kwargs.get("num_items_in_batch") is not None
            self._losses.append(loss)

    def _end(self) -> None:
        if self.watch is not None:
            self.watch.close()
        if self._handle is not None:
            self._handle.remove()
            self._handle = None
