"""Keras 3: a callback that watches `fit`.

from study.watching.callbacks.keras import WatchCallback

watching = WatchCallback()
model.fit(inputs, targets, callbacks=[watching])
print(watching.result())

On the torch backend it sees what a watch of a torch loop does. TensorFlow and JAX compile a step
as a whole: there it sees losses, weights and updates, and says what it does not see.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import keras
from torch import Tensor

from study.adapters.keras.outside import FromOutside
from study.adapters.keras.watched import StandInOptimizer, WatchedModel, stand_in_of
from study.watching.watcher import EVERY, Watch, watch

if TYPE_CHECKING:
    from study.watching.reporting.result import RunResult


class WatchCallback(keras.callbacks.Callback):
    """Watches the model that `fit` trains, with the loss that it makes smaller, regularizers in.

    Args:
        options: Of `study.watch`.

    Attributes:
        watch: The watch, once the first batch has come.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.watch: Watch | None = None
        self._options = options
        self._loss: Tensor | None = None
        self._optimizer: StandInOptimizer | None = None
        self._watched: WatchedModel | None = None
        self._until_end = ExitStack()
        self._outside: FromOutside | None = None
        self._mean = (0, 0.0)

    def on_train_begin(self, logs: Any = None) -> None:
        self._end()
        if keras.backend.backend() == "torch":
            self._enter()
        else:
            self._look_from_outside()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._mean = (0, 0.0)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if self._outside is not None and self._outside.due:
            assert self.model is not None  # On JAX, asking for it brings its weights up to date.
            self._outside.begin()

    def _look_from_outside(self) -> None:
        options: dict[str, Any] = dict.fromkeys(("report", "chance_loss", "target_loss", "tables"))
        options |= {"config": {}, "mlflow": False, **self._options}
        self._outside = FromOutside(self.model, every=options.pop("every", EVERY))
        learners: Any = {"": self._outside}
        self.watch = Watch(learners, network=type(self.model).__name__, **options)

    def _enter(self) -> None:
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
        loss: Any = self._loss
        self._loss = None
        if self._outside is not None and logs:
            assert self.model is not None
            # What is logged is the mean over the epoch's batches so far.
            (before, old), count = self._mean, self._mean[0] + 1
            loss = count * logs["loss"] - before * old
            self._mean = (count, logs["loss"])
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
        self._watched = self._optimizer = self._outside = None
