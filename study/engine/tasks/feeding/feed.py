"""What a network is fed with where that is more than one tensor, and the loss of what it returns.

The engine trains networks of one tensor, with a loss of each example. Here that tensor has the
numbers of the batch's examples, and the network is joined with its data and its loss (`fed.py`):
from numbers of examples to their losses and metrics. So everything else - how trials run together,
optimizers, clipping, what is measured, checkpoints - knows nothing of it.

Axes: N examples, B examples of a batch.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from study.engine.tasks.data.held import Held
from study.engine.tasks.data.task_data import check_finite
from study.engine.tasks.error import DataError
from study.engine.tasks.feeding.pytree import leaves, mapped

NAMES = ("inputs", "targets")

LOSS, METRIC = 0, 1
"""Columns of what a fed network returns, (B, 2)."""

Loss = Callable[..., Tensor]
"""(outputs, targets) or (outputs, targets, module) -> (B,), or a scalar of the whole batch."""


@dataclass(kw_only=True, eq=False)
class Feed:
    """Attributes:
    name: Of the task, for messages.
    inputs: All inputs, a tree of tensors (N, ...).
    targets: All that the loss sees beside the outputs, a tree of tensors (N, ...).
    loss: Of a batch's outputs and targets; None takes `loss` of the outputs.
    metric: As the loss; None for the share of the loss that is gone.
    loss_chance: Loss of a network that knows nothing.
    loss_best: The lowest loss that there is.
    labels: Of each example, (N,), to weight them by; None where nobody said.
    weights_N: What the loss of each example is multiplied by; None of 1.
    whole: Whether the loss is one number a batch; known once a network was tried.
    judging: Whether loss or metric are being computed, of outputs that the network has made.
    """

    name: str
    inputs: Any
    targets: Any
    loss: Loss | None
    metric: Loss | None
    loss_chance: float
    loss_best: float
    labels: Tensor | None = None
    weights_N: Held | None = None
    whole: bool = False
    judging: bool = False
    _placed: dict[tuple[torch.device, torch.dtype], Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        sizes = {}
        for path, leaf in leaves(dict(zip(NAMES, (self.inputs, self.targets), strict=True))):
            what = _named(path)
            if not isinstance(leaf, Tensor):
                raise DataError(
                    f"data of task {self.name} must be tensors (N, ...), but {what} is "
                    f"{type(leaf).__name__}; torch.as_tensor makes one of numbers"
                )
            if leaf.ndim == 0:
                raise DataError(
                    f"data of task {self.name} must be tensors (N, ...), but {what} is a scalar; "
                    "what is no data of examples belongs into the network or the loss"
                )
            check_finite(self.name, what, leaf, cure="leave those examples out, or mask them")
            sizes[what] = len(leaf)
        if len(set(sizes.values())) != 1 or 0 in sizes.values():
            got = ", ".join(f"{size} of {what}" for what, size in sizes.items()) or "none"
            raise DataError(
                f"data of task {self.name} must have as many examples in each tensor, at least "
                f"one, but got {got}; pad what differs in length (torch.nn.utils.rnn.pad_sequence)"
            )

    @property
    def examples(self) -> int:
        """Number of examples, N."""
        return next(len(leaf) for _, leaf in leaves(self.inputs))

    @property
    def example(self) -> str:
        """What one example is: "inputs['ids'] 24, targets 1"."""
        both = self.inputs if self.inputs is self.targets else (self.inputs, self.targets)
        parts = {"data": both} if both is self.inputs else dict(zip(NAMES, both, strict=True))
        return ", ".join(
            f"{_named(path)} {' x '.join(map(str, leaf.shape[1:])) or '1'}"
            for path, leaf in leaves(parts)
        )

    def batch(self, rows_B: Tensor, dtype: torch.dtype) -> tuple[Any, Any]:
        """Gathers the inputs and targets of these examples, floating ones in this type."""
        key = rows_B.device, dtype
        if key not in self._placed:
            self._placed[key] = mapped(
                lambda data: data.to(key[0], dtype if data.is_floating_point() else data.dtype),
                (self.inputs, self.targets),
            )
        inputs, targets = mapped(lambda data: data[rows_B], self._placed[key])
        return inputs, targets

    def figures(self, outputs: Any, targets: Any, module: Any, rows_B: Tensor) -> Tensor:
        """Computes loss and metric of each example, (B, 2); those of the batch for each of it."""
        examples = len(rows_B)
        loss = self._called("loss", self.loss or _own_loss, outputs, targets, module)
        self.whole = loss.ndim == 0
        loss_B = _by_example(self.name, "loss", loss, examples)
        if self.weights_N is not None:
            if self.whole:
                raise DataError(
                    "class_weights must be none where a loss is one number for the whole batch, "
                    f"as that of task {self.name} is; return (batch,), or weight them in the loss"
                )
            loss_B = loss_B * self.weights_N.like(loss_B)[rows_B]
        if self.metric is None:
            metric_B = (self.loss_chance - loss_B) / (self.loss_chance - self.loss_best)
        else:
            metric = self._called("metric", self.metric, outputs, targets, module)
            metric_B = _by_example(self.name, "metric", metric, examples).to(loss_B.dtype)
        return torch.stack([loss_B, metric_B.detach()], dim=1)

    def _called(
        self, what: str, function: Loss, outputs: Any, targets: Any, module: Any
    ) -> Tensor:
        arguments = (outputs, targets, module)[: _taken(function)]
        self.judging = True
        try:
            value = function(*arguments)
        except Exception as error:
            raise DataError(
                f"the {what} of task {self.name} cannot be computed of what the network returns, "
                f"{described(outputs)}, and the targets, {described(targets)}: "
                f"{type(error).__name__}: {error}"
            ) from error
        finally:
            self.judging = False
        if not isinstance(value, Tensor) or not value.is_floating_point():
            raise DataError(
                f"the {what} of task {self.name} must be a floating-point tensor, (batch,) or one "
                f"number for the whole batch, but is {described(value)}"
            )
        return value

    def __deepcopy__(self, memo: object) -> Feed:
        """Data is shared by the copies of a network."""
        return self


def _own_loss(outputs: Any) -> Tensor:
    """Returns the loss that the network computed itself."""
    mapping = isinstance(outputs, Mapping)
    value = outputs.get("loss") if mapping else getattr(outputs, "loss", None)
    if value is None:
        raise ValueError("it has no loss of its own, so the task needs one: loss=...")
    return torch.as_tensor(value)


def _taken(function: Loss) -> int:
    """Returns how many of outputs, targets and module a loss takes."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # Built-in functions have no signature.
        return 2
    placed = [each for each in parameters if each.kind in (0, 1) and each.default is each.empty]
    return 3 if any(each.kind == 2 for each in parameters) else min(3, len(placed))


def _by_example(name: str, what: str, value: Tensor, examples: int) -> Tensor:
    if value.ndim == 0:
        return value.expand(examples)
    if value.shape != (examples,):
        raise DataError(
            f"the {what} of task {name} must be ({examples},), one number an example, or one "
            f"number for the whole batch, but has shape {tuple(value.shape)}; .mean() or "
            ".flatten(1).mean(1) makes one of these of it"
        )
    return value


def described(tree: Any) -> str:
    """Writes what a tree is made of: "logits (32, 10), mask (32, 7)"."""
    return ", ".join(
        f"{path.strip('.') or 'a tensor'} {tuple(leaf.shape)}"
        if isinstance(leaf, Tensor)
        else f"{path.strip('.')} {type(leaf).__name__}".strip()
        for path, leaf in leaves(tree)
    )


def _named(path: str) -> str:
    """Writes "inputs['ids']" for the path "['inputs']['ids']"."""
    first, bracket, rest = path[2:].partition("']")
    return first + rest if bracket else path
