"""Norms of gradients from within the step that Keras compiles on TensorFlow and on JAX.

What a compiled step computes is seen from outside only if the step returns it. So the step is
given one more output beside its metrics, which is taken away again before anybody reads those.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from study.adapters.keras.library import keras_library

KEY = "gradscape_gradients"
"""Of the output, among the metrics of a step."""

UNREACHED = -1.0
"""Stands for the norm of a gradient that there is none of."""

CLIPS = ("clipnorm", "global_clipnorm", "clipvalue")
"""Settings of a Keras optimizer that clip gradients."""


@dataclass(frozen=True, kw_only=True)
class Gradients:
    """Of one step.

    Attributes:
        norms_P: By trainable variable, before clipping; `UNREACHED` where the loss does not
            depend on it.
        clip_factor: Norm of what was used over that of what came; NaN where that is not known.
    """

    norms_P: npt.NDArray[np.float64]
    clip_factor: float

    @property
    def norm(self) -> float:
        """Of all together."""
        return float(np.linalg.norm(self.norms_P[self.norms_P != UNREACHED]))

    @property
    def finite(self) -> bool:
        """Whether no number is NaN or infinite."""
        return bool(np.isfinite(self.norms_P).all())


class TrainStep:
    """Lets a model's compiled training step return the norms of its gradients.

    Args:
        model: About to be fitted; its step is compiled once more.
    """

    def __init__(self, model: Any) -> None:
        self._model = model
        self._optimizer = model.optimizer
        self._on_jax = keras_library().backend.backend() == "jax"
        self._shown: Any = None
        self._seen: Any = None
        self._until_end = ExitStack()
        self.unseen = _unseen(model)
        if self.unseen is None:
            self._enter()

    def last(self) -> Gradients | None:
        """Returns those of the last step; None where they are not seen."""
        if self._seen is None:
            return None
        numbers = np.asarray(keras_library().ops.convert_to_numpy(self._seen), dtype=np.float64)
        return Gradients(norms_P=numbers, clip_factor=_clip_factor(self._optimizer, numbers))

    def close(self) -> None:
        """Leaves the model and its optimizer as they were, with the step compiled before."""
        self._until_end.close()
        self._seen = None

    def _enter(self) -> None:
        model, compiled = self._model, self._model.train_function
        self._until_end.callback(setattr, model, "train_function", compiled)
        update = "stateless_apply" if self._on_jax else "apply"
        self._replace(self._optimizer, update, self._updating(getattr(self._optimizer, update)))
        self._replace(model, "train_step", self._stepping(model.train_step))
        model.make_train_function(force=True)
        model.train_function = self._without_ours(model.train_function)

    def _updating(self, update: Callable[..., Any]) -> Callable[..., Any]:
        def updating(*args: Any, **kwargs: Any) -> Any:
            state, gradients = (args[0], args[1]) if self._on_jax else (None, args[0])
            self._shown = _measured(self._optimizer, state, list(gradients))
            return update(*args, **kwargs)

        return updating

    def _stepping(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def stepping(*args: Any) -> Any:
            self._shown = None
            returned = step(*args)
            shown, self._shown = self._shown, None
            if shown is None:
                return returned
            if self._on_jax:
                metrics, state = returned
                return {**metrics, KEY: shown}, state
            return {**returned, KEY: shown}

        return stepping

    def _without_ours(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def without_ours(*args: Any) -> Any:
            returned = function(*args)
            metrics = returned[0] if self._on_jax else returned
            self._seen = metrics.pop(KEY, None)
            return returned

        return without_ours

    def _replace(self, owner: Any, name: str, method: Any) -> None:
        """Until training ends; past what Keras does with attributes, as no part of the model."""
        vars(owner)[name] = method
        self._until_end.callback(vars(owner).pop, name, None)


def _unseen(model: Any) -> str | None:
    """Returns why the gradients of a model cannot be seen; None if they can."""
    keras = keras_library()
    step = type(model).train_step
    if step not in (keras.Model.train_step, keras.Sequential.train_step):
        return "the model has a train_step of its own"
    if keras.distribution.distribution() is not None:
        return "several devices train it"
    strategy = getattr(model, "distribute_strategy", None)
    if strategy is not None and strategy.num_replicas_in_sync > 1:
        return "several devices train it"
    return None


def _measured(optimizer: Any, state: Any, gradients: Sequence[Any]) -> Any:
    """Norms by variable, (P,), as part of the step.

    Args:
        optimizer: Keras'.
        state: Values of its variables, where it keeps none itself.
        gradients: By trainable variable, as the backward pass left them; None where it did not.
    """
    keras = keras_library()
    ops = keras.ops
    mapping = [] if state is None else list(zip(optimizer.variables, state, strict=True))
    with nullcontext() if state is None else keras.StatelessScope(state_mapping=mapping):
        scale = ops.cast(optimizer.scale_loss(ops.ones((), dtype="float32")), "float32")
        known = [None if each is None else _whole(each) / scale for each in gradients]
        norms = [UNREACHED if each is None else _norm(each) for each in known]
    return ops.stack([ops.cast(each, "float32") for each in norms])


def _clip_factor(optimizer: Any, norms_P: npt.NDArray[np.float64]) -> float:
    """What the optimizer's clipping by norms leaves; NaN of clipping that norms do not tell.

    Not looked at within the step: whatever reads clipped gradients there, XLA rounds the update
    in another way.
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    norms_P = norms_P[norms_P != UNREACHED]
    came = float(np.linalg.norm(norms_P))
    each, whole, value = (float(getattr(inner, name, None) or 0) for name in CLIPS)
    if not (each or whole or value) or came == 0:
        return 1.0
    if value or getattr(inner, "gradient_accumulation_steps", None):
        return math.nan  # Accumulated gradients are clipped as the sum of several steps.
    limit = np.minimum(norms_P, each) if each else norms_P * min(1.0, whole / came)
    return float(np.linalg.norm(limit) / came)


def _whole(gradient: Any) -> Any:
    """As float32; of rows of an embedding, which TensorFlow keeps apart, the whole table's."""
    ops = keras_library().ops
    return ops.cast(ops.convert_to_tensor(gradient), "float32")


def _norm(gradient: Any) -> Any:
    """Euclidean, of numbers whose squares may underflow."""
    ops = keras_library().ops
    largest = ops.max(ops.abs(gradient))
    divisor = ops.where(largest > 0, largest, 1.0)
    return divisor * ops.sqrt(ops.sum(ops.square(gradient / divisor)))
