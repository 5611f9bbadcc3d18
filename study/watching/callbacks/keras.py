"""Keras 3: a callback that watches `fit` on the torch backend.

from study.watching.callbacks.keras import WatchCallback

watching = WatchCallback()
model.fit(inputs, targets, callbacks=[watching])
print(watching.result())
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import keras
from torch import Tensor

from study.adapters.keras.library import check_torch_backend
from study.adapters.keras.watched import StandInOptimizer, WatchedModel, stand_in_of
from study.watching.watcher import Watch, watch

if TYPE_CHECKING:
    from study.watching.reporting.result import RunResult


class WatchCallback(keras.callbacks.Callback):
    """Watches the model that `fit` trains, with the loss that it makes smaller, regularizers in.

    Args:
        options: Of `study.watch`.

    Attributes:
        watch: The watch, once the first batch has come.

    Raises:
        ValueError: If Keras runs on another backend than torch.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__()
        check_torch_backend()
        self.watch: Watch | None = None
        self._options = options
        self._loss: Tensor | None = None
        self._optimizer: StandInOptimizer | None = None
        self._watched: WatchedModel | None = None
        self._until_end = ExitStack()

    def on_train_begin(self, logs: Any = None) -> None:
        self._end()
        model, optimizer = self.model, self.model.optimizer
        call, apply, scale_loss = model.call, optimizer.apply, optimizer.scale_loss

        def watched_call(*args: Any, **kwargs: Any) -> Any:
            if self._watched is None:
                self._watched = WatchedModel(model, call, args, kwargs)
                self._begin(self._watched)
            return self._watched(*args, **kwargs)

        def watched_apply(*args: Any, **kwargs: Any) -> None:
            if self._optimizer is None:
                apply(*args, **kwargs)
            else:
                self._optimizer.around(lambda: apply(*args, **kwargs))

        def watched_loss(loss: Tensor) -> Any:
            self._loss = loss
            return scale_loss(loss)

        self._replace(model, "call", watched_call)
        self._replace(optimizer, "apply", watched_apply)
        self._replace(optimizer, "scale_loss", watched_loss)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        loss, self._loss = self._loss, None
        if self.watch is not None and loss is not None:
            self.watch.step(loss)

    def on_train_end(self, logs: Any = None) -> None:
        self._end()

    def result(self) -> RunResult:
        """Returns verdict, cause and explanation; see `Watch.result`.

        Raises:
            ValueError: If no step was seen.
        """
        if self.watch is None:
            raise ValueError("no step was seen: the model has not begun to fit")
        return self.watch.result()

    def _begin(self, watched: WatchedModel) -> None:
        self._optimizer = stand_in_of(self.model.optimizer, self.model.trainable_weights)
        self._until_end.enter_context(watched.shown())
        self.watch = watch(watched, self._optimizer, **self._options)

    def _replace(self, owner: Any, name: str, method: Any) -> None:
        """Until training ends; past what Keras and torch do with attributes, as no part of it."""
        vars(owner)[name] = method
        self._until_end.callback(vars(owner).pop, name, None)

    def _end(self) -> None:
        """Leaves the model and its optimizer as they were."""
        if self.watch is not None:
            self.watch.close()
        self._until_end.close()
        self._watched = self._optimizer = None
