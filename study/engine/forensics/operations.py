"""Which operation first made a value that is not finite out of finite ones.

Axes: B examples.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from study.engine.forensics.blame import Blame
from study.engine.forensics.examples import wrong_rows

Judge = Callable[[Sequence[Tensor], Tensor], Blame]
"""From the operands, and where the result is not finite, to what went wrong."""


ORDINARY = 1e6
"""Numbers below this size are no sign of something that ran away."""

_GROWING = ("mul", "multiply", "rmul", "addcmul", "add", "radd", "sub", "rsub", "sum", "mean")
"""Functions that only overflow where what they are given had grown before."""


def first_operation(
    compute: Callable[[], Tensor],
    wrong_B: Tensor,
    *,
    judging: Callable[[], bool] = lambda: False,
) -> Blame | None:
    """Runs a computation and says which of its operations was first to leave finite numbers.

    Args:
        compute: Makes a tensor from finite ones; it is run once, without gradients.
        wrong_B: Examples whose result is not finite, (B,). An operation on other examples alone
            is none to blame: its result was masked.
        judging: Tells whether it is the loss that is being computed.

    Returns:
        None if no operation is to blame.
    """
    watch = _Operations(wrong_B, judging)
    with torch.no_grad(), watch:
        compute()
    return watch.found


class _Operations(TorchFunctionMode):
    """Sees every function of torch that the computation calls, with its operands.

    A `TorchDispatchMode` would see what these functions call in turn, for seconds more: its first
    use imports torch's compiler.
    """

    def __init__(self, wrong_B: Tensor, judging: Callable[[], bool]) -> None:
        super().__init__()
        self._wrong_B = wrong_B
        self._judging = judging
        self.found: Blame | None = None

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = [args, kwargs or {}]
        operands = [] if self.found else _operands(given)
        masked = not (self.found or operands) and _is_masked(given)
        result = func(*args, **(kwargs or {}))
        made = _numbers(result) if operands or masked else None
        if made is not None:
            wrong = made.isnan() if masked else ~made.isfinite()
            if bool(wrong.any()) and self._concerns(made):
                name = func.__name__.strip("_")
                found = _of_infinity(name) if masked else _judged(name, operands, wrong)
                self.found = dataclasses.replace(found, of_loss=self._judging())
        return result

    def _concerns(self, result: Tensor) -> bool:
        examples = len(self._wrong_B)
        if result.ndim == 0 or len(result) != examples:
            return True
        return bool((wrong_rows(result, examples) & self._wrong_B).any())


def _numbers(result: Any) -> Tensor | None:
    """What a function made: of several things, as attention returns them, the first."""
    first = result[0] if isinstance(result, tuple) and result else result
    return first if isinstance(first, Tensor) and first.is_floating_point() else None


def _operands(given: Any) -> list[Tensor]:
    """Copies of the operands, as the operation may overwrite them; none if one is not finite."""
    leaves = tree_leaves(given)
    numbers = [leaf for leaf in leaves if isinstance(leaf, (int, float))]
    tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor) and leaf.is_floating_point()]
    if not all(math.isfinite(number) for number in numbers):
        return []
    if not all(bool(tensor.isfinite().all()) for tensor in tensors):
        return []
    return [*(tensor.clone() for tensor in tensors), *_scalars(tensors, numbers)]


def _is_masked(given: Any) -> bool:
    """Whether a tensor holds infinities and no NaN.

    No operation made them of finite numbers, or it would be the one to blame: a person wrote them,
    as masks have it.
    """
    leaves = tree_leaves(given)
    tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor) and leaf.is_floating_point()]
    infinite = any(bool(tensor.isinf().any()) for tensor in tensors)
    return infinite and not any(bool(tensor.isnan().any()) for tensor in tensors)


def _of_infinity(name: str) -> Blame:
    if "softmax" in name or "attention" in name:
        return Blame(
            f"{name} over nothing but -inf",
            "an example whose positions are all masked has nothing to attend to: leave one "
            "unmasked, or mask with a large finite number such as -1e9",
            ordinary=True,
        )
    return Blame(f"{name} of an infinite number", ordinary=True)


def _scalars(tensors: Sequence[Tensor], numbers: Sequence[float]) -> Iterator[Tensor]:
    for number in numbers if tensors else ():
        yield torch.tensor(float(number), device=tensors[0].device)


def _judged(name: str, operands: Sequence[Tensor], wrong: Tensor) -> Blame:
    if name not in _JUDGES:
        return Blame(f"{name} overflows or is not defined")
    largest = max(float(each.abs().max()) for each in operands if each.numel())
    ordinary = name not in _GROWING and largest < ORDINARY
    return dataclasses.replace(_JUDGES[name](operands, wrong), ordinary=ordinary)


def _at(operand: Tensor, wrong: Tensor) -> Tensor:
    """The operand where the result is not finite; all of it where the operation changes shapes."""
    fits = operand.ndim <= wrong.ndim and all(
        size in (1, whole)
        for size, whole in zip(reversed(operand.shape), reversed(wrong.shape), strict=False)
    )
    return operand.expand(wrong.shape)[wrong] if fits else operand.flatten()


def _log(operands: Sequence[Tensor], wrong: Tensor) -> Blame:
    if bool((_at(operands[0], wrong) < 0).any()):
        return Blame(
            "log of a negative number", "make it positive first, by softplus(x) + 1e-6 or exp(x)"
        )
    return Blame(
        "log at 0",
        "add a number inside it that the floating-point type does not round away (1e-6 beside "
        "1), or begin from log_softmax or logsigmoid",
    )


def _root(operands: Sequence[Tensor], wrong: Tensor) -> Blame:
    negative = bool((_at(operands[0], wrong) < 0).any())
    return Blame("sqrt of a negative number" if negative else "1 / sqrt at 0")


def _area_tangent(operands: Sequence[Tensor], wrong: Tensor) -> Blame:
    return Blame(
        "atanh at 1 or beyond", "clamp what is inside to [-1 + 1e-6, 1 - 1e-6], as the targets are"
    )


def _poisson(operands: Sequence[Tensor], wrong: Tensor) -> Blame:
    if bool((_at(operands[0], wrong) < 0).any()):
        return Blame(
            "poisson_nll_loss of a rate below 0",
            "with log_input=False outputs are rates: let the network end in a softplus, or leave "
            "log_input=True, where outputs are logarithms of rates",
        )
    return Blame("poisson_nll_loss overflows")


def _arc(operands: Sequence[Tensor], wrong: Tensor) -> Blame:
    return Blame(
        "acos or asin beyond 1, by rounding",
        "its derivative at 1 is infinite too: clamp what is inside to [-1 + 1e-6, 1 - 1e-6]",
    )


def _quotient(operands: Sequence[Tensor], wrong: Tensor) -> Blame:
    if bool((_at(operands[-1], wrong) == 0).any()):
        return Blame("a division by 0", "add a small number to the divisor: a / (b + 1e-8)")
    return Blame("overflow of a quotient")


def _power(operands: Sequence[Tensor], wrong: Tensor) -> Blame:
    base, exponent = operands[0], operands[-1]
    if len(operands) == 1:  # square()
        return Blame("overflow of a power")
    if bool((_at(base, wrong) == 0).any()):
        return Blame("a negative power of 0", "add a small number to its base")
    if bool((_at(base, wrong) < 0).any()) and bool((exponent != exponent.round()).any()):
        return Blame(
            "a fractional power of a negative number", "clamp its base to what is above 0"
        )
    return Blame("overflow of a power")


def _overflow(what: str, cure: str = "") -> Judge:
    return lambda operands, wrong: Blame(f"overflow of {what}", cure)


_JUDGES: Mapping[str, Judge] = {
    **dict.fromkeys(("log", "log2", "log10", "log1p"), _log),
    **dict.fromkeys(("sqrt", "rsqrt"), _root),
    **dict.fromkeys(("acos", "arccos", "asin", "arcsin"), _arc),
    **dict.fromkeys(("atanh", "arctanh"), _area_tangent),
    "poisson_nll_loss": _poisson,
    **dict.fromkeys(("div", "divide", "true_divide", "truediv", "reciprocal"), _quotient),
    **dict.fromkeys(("rdiv", "rtruediv"), lambda operands, wrong: _quotient(operands[:1], wrong)),
    **dict.fromkeys(("pow", "square", "float_power"), _power),
    **dict.fromkeys(
        ("exp", "exp2", "expm1"),
        _overflow("exp", "take the largest off first, as softmax, log_softmax and logsumexp do"),
    ),
    **dict.fromkeys(("mul", "multiply", "rmul", "addcmul"), _overflow("a product")),
    **dict.fromkeys(("add", "radd", "sub", "rsub", "sum", "mean"), _overflow("a sum")),
}
"""Operation -> what is said of it."""
