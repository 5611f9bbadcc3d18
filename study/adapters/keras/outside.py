"""A Keras model on TensorFlow or JAX, which compile a step as a whole: seen from outside of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from study.adapters.keras.gradients import UNREACHED, Gradients, TrainStep
from study.adapters.keras.library import keras_library
from study.adapters.keras.variables import layers_of
from study.engine.layers import Layer
from study.first_failure import FirstFailure
from study.watching.looks import Looks
from study.watching.observing.still import DETACHED
from study.watching.observing.weights import relative
from study.watching.record import Look, RunRecord
from study.worker.still_parts import FROZEN

UNMOVED = "no update moves it"

Arrays = Mapping[str, npt.NDArray[np.float64]]


class FromOutside:
    """Watches a model's weights between steps, as a `Learner` watches a torch module.

    Args:
        model: Built, and about to be fitted.
        every: Steps between two regular looks.

    Attributes:
        record: What was seen so far.
    """

    def __init__(self, model: Any, *, every: int) -> None:
        self.record = RunRecord(name="")
        self.looks = Looks(every)
        self._weights = _weights_of(model)
        self._trained = {id(each): index for index, each in enumerate(model.trainable_weights)}
        self._paths = [str(each.path) for each in model.trainable_weights]
        self._optimizer = model.optimizer
        self._step = TrainStep(model)
        self._before: Arrays | None = None
        self._rate = math.nan
        self.record.layers = _layers(self._weights)

    @property
    def due(self) -> bool:
        """Whether the next step is to be looked at."""
        return self.looks.due(self.record.steps)

    @property
    def notices(self) -> list[str]:
        """What is not seen."""
        backend = keras_library().backend.backend()
        compiled = f"Keras on {backend} compiles whole steps: "
        if self._step.unseen is None:
            return [
                f"{compiled}losses, gradients of weights, clipping, weights and updates are "
                "seen; what passes between layers is not (it is on torch)"
            ]
        return [
            f"{compiled}losses, weights and updates are seen; what passes between layers is not "
            f"(it is on torch), nor are gradients and clipping, because {self._step.unseen}"
        ]

    def begin(self) -> None:
        """Takes the weights before a step that is looked at; the model's own are up to date."""
        self._before = self._values()
        self._rate = float(keras_library().ops.convert_to_numpy(self._optimizer.learning_rate))
        if self.record.steps == 0:
            name = type(self._optimizer).__name__.lower()
            self.record.hyperparameters = {"optimizer": name, "learning_rate": self._rate}

    def finish(self, loss: float) -> Look | None:
        """Takes the loss of a step, after it."""
        step, gradients = self.record.steps, self._step.last()
        if gradients is not None and not gradients.finite and math.isfinite(loss):
            if hasattr(self._optimizer, "dynamic_scale"):
                # It halves its factor and leaves this step out.
                self.record.skipped += 1
                return None
            self._note_failure(step, gradients)
        self.record.add(loss, self._rate)
        before = abs(self.record.loss_before()) if step else math.inf
        if math.isfinite(loss) and loss > 2 * before + 1e-12:
            self.looks.happened(step + 1)
        if self._before is None:
            return None
        look = self._look(step, self._before, self._values(), gradients)
        self._before = None
        self.record.looks.append(look)
        return look

    def close(self) -> None:
        """Leaves the model as it was; what was seen stays."""
        self._step.close()

    def check(self) -> None:
        """Gradients are made and used within one step."""

    def _note_failure(self, step: int, gradients: Gradients) -> None:
        if self.record.failure_step is None:
            wrong = np.flatnonzero(~np.isfinite(gradients.norms_P))
            path = self._paths[wrong[-1]]
            self.record.failure_step = step
            self.record.failure_tensor = f"gradient:{path}"
            self.record.first_failure = FirstFailure(origin="gradient", detail=f"of {path}")

    def _values(self) -> Arrays:
        to_numpy = keras_library().ops.convert_to_numpy
        return {
            name: np.asarray(to_numpy(variable.value), dtype=np.float64)
            for name, variable in self._weights.items()
        }

    def _look(self, step: int, before: Arrays, after: Arrays, gradients: Gradients | None) -> Look:
        rows, still = {}, {}
        for name, old in before.items():
            index = self._trained.get(id(self._weights[name]))
            norm = math.nan
            if index is not None and gradients is not None:
                norm = float(gradients.norms_P[index])
            moved = float(np.linalg.norm(after[name] - old))
            rows[name] = {
                "weight_rms": float(np.linalg.norm(old)) / math.sqrt(old.size),
                "weight_count": float(old.size),
                "update_ratio": relative(moved, float(np.linalg.norm(old))),
                "nonfinite_count": 0.0,
            }
            if norm != UNREACHED:
                rows[name]["weight_grad_rms"] = norm / math.sqrt(old.size)
            if index is None:
                still[name] = FROZEN
            elif moved == 0:
                still[name] = self._reason(norm)
        self.record.note_still(still)
        moves = [after[name] - old for name, old in before.items()]
        return Look(
            step=step,
            grad_norm=math.nan if gradients is None else gradients.norm,
            clip_factor=math.nan if gradients is None else gradients.clip_factor,
            update_ratio=relative(_norm(moves), _norm(list(before.values()))),
            layers=rows,
        )

    def _reason(self, norm: float) -> str:
        """Why a weight has not moved, from the norm of its gradient."""
        if self._rate == 0:
            return "its learning rate is 0"
        return DETACHED if norm == UNREACHED else UNMOVED


def _weights_of(model: Any) -> dict[str, Any]:
    """The first weight of two or more axes of each layer, by the layer's name."""
    found: dict[str, Any] = {}
    for layer in layers_of(model):
        inner = {id(each) for child in layer._layers for each in child.weights}
        own = [each for each in layer.weights if len(each.shape) > 1 and id(each) not in inner]
        if own:
            found[str(layer.name)] = own[0]
    return found


def _layers(weights: Mapping[str, Any]) -> tuple[Layer, ...]:
    return tuple(
        Layer(
            number=number,
            name=name,
            role="output" if number == len(weights) else "hidden",
            activation=None,
            activation_name=None,
            weight=str(variable.path),
            positions=1,
            calls=1,
            units_last=True,
        )
        for number, (name, variable) in enumerate(weights.items(), start=1)
    )


def _norm(arrays: list[npt.NDArray[np.float64]]) -> float:
    return math.sqrt(math.fsum(float(np.square(each).sum()) for each in arrays))
