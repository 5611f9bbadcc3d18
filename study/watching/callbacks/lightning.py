"""Lightning: a callback that watches `Trainer.fit`.

from study.watching.callbacks.lightning import WatchCallback

watching = WatchCallback()
Trainer(callbacks=[watching]).fit(module, loader)
print(watching.result())
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from study.watching.watcher import Watch, watch

if TYPE_CHECKING:
    from torch.optim import Optimizer

    from study.watching.reporting.result import RunResult


class WatchCallback(Callback):
    """Watches the module that a Lightning trainer fits, and its optimizers.

    A module that optimizes by hand, with several optimizers, is watched as a game of as many
    losses as it has optimizers; what `training_step` returns is not each one's loss then, so
    it is to call `watching.step({...})` itself.

    Args:
        options: Of `study.watch`.

    Attributes:
        watch: The watch, once training has begun.
    """

    def __init__(self, **options: Any) -> None:
        self.watch: Watch | None = None
        self._options = options
        self._loss: Tensor | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.watch is not None:
            self.watch.close()
        scaler = getattr(trainer.precision_plugin, "scaler", None)
        optimizers = [getattr(each, "optimizer", each) for each in trainer.optimizers]
        self.watch = watch(
            pl_module,
            optimizers[0] if len(optimizers) == 1 else optimizers,
            **{"scaler": scaler, **self._options},
        )

    def on_before_backward(
        self, trainer: Trainer, pl_module: LightningModule, loss: Tensor
    ) -> None:
        # What comes at the end of a batch has no graph, which tells what kind of loss it is.
        self._loss = loss

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        # Lightning makes gradients within the optimizer's step: only here are they there, and the
        # update is not.
        if self.watch is not None:
            self.watch.check()

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        loss, self._loss = self._loss, None
        if self.watch is not None and loss is not None:
            # It was divided by the number of batches whose gradients are accumulated.
            self.watch.step(loss * trainer.accumulate_grad_batches)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if self.watch is not None:
            self.watch.close()

    def result(self) -> RunResult:
        """Returns verdict, cause and explanation; see `Watch.result`.

        Raises:
            ValueError: If no step was seen.
        """
        if self.watch is None:
            raise ValueError("no step was seen: the trainer has not begun to fit")
        return self.watch.result()
