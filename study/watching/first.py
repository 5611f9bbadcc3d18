"""What was first when a watched run became non-finite.

The loop's own loss cannot be run again, but its network can: with the inputs that it was last
given. What that shows, and which gradients are broken, says where it began.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from study.engine.forensics.examples import counted, wrong_rows
from study.engine.forensics.look import broken_parameter
from study.engine.forensics.modules import ModuleWatch
from study.engine.layers import Layer, buffers_kept, first_tensor
from study.first_failure import FirstFailure
from study.watching.observing.passes import Given, bare
from study.watching.observing.ranks import local, sharded
from study.watching.observing.signals import Signals

_logger = logging.getLogger("gradscape.watch")

_PARTS = {
    "Log": "log",
    "Log2": "log",
    "Sqrt": "sqrt",
    "Rsqrt": "1 / sqrt",
    "Div": "division",
    "Reciprocal": "division",
    "Pow": "power",
    "Exp": "exp",
    "Acos": "acos",
    "Asin": "asin",
    "LinalgVectorNorm": "norm",
}
"""Autograd's name of a function that may leave finite numbers -> its name for people."""

_OF_NETWORKS = ("Addmm", "Mm", "Bmm", "Convolution", "Embedding", "NativeBatchNorm", "MkldnnRnn")
"""Autograd's names of functions at which a loss ends and its network begins."""

_DEEP = 100
"""Functions behind a loss that are looked at."""


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """A step in which something is not finite, before its loss is known.

    Attributes:
        step: Its number.
        parameter: The first broken parameter before the update; None if all were finite.
        forward: What the network itself shows, run again; None if it stays finite.
        wrong: Parameters whose gradients are not finite, in forward order.
        numbers: How many numbers of the last of them are broken, in words.
        every: Whether the last parameter that has a gradient is among them.
    """

    step: int
    parameter: str | None
    forward: FirstFailure | None
    wrong: tuple[str, ...]
    numbers: str
    every: bool

    def concluded(self, loss: object) -> tuple[str, FirstFailure] | None:
        """Says what was first, as the tables name it and in words; None if nothing was.

        Args:
            loss: Of the step, with its graph where it has one.
        """
        if self.parameter is not None:
            when = f"after the update of step {self.step - 1}" if self.step else "from the start"
            return f"parameter:{self.parameter.split(' ')[0]}", FirstFailure(
                origin="parameter", detail=f"{self.parameter}, {when}"
            )
        value = _value(loss)
        tensor = "loss" if value is None or not math.isfinite(value) else ""
        tensor = tensor or (f"gradient:{self.wrong[-1]}" if self.wrong else "")
        if self.forward is not None:
            return tensor or "loss", self.forward
        if tensor == "loss":
            return tensor, FirstFailure(origin="loss", detail=_of_loss(loss))
        if not self.wrong:
            return None
        if self.every:
            detail = f"{_of_loss(loss)}; every gradient up to {self.numbers}"
            return tensor, FirstFailure(origin="loss_gradient", detail=detail)
        return tensor, FirstFailure(origin="gradient", detail=f"of {self.numbers}")


def suspect(
    signals: Sequence[Signals], named: Mapping[str, Tensor], *, step: int, updated: bool
) -> Suspect:
    """Looks at a step whose loss or gradient is not finite.

    Args:
        signals: Of the modules that take part.
        named: Their parameters by name, with the gradients of this step.
        step: Number of the step.
        updated: Whether the update was made already: then broken parameters are its result.
    """
    # What each process holds: looking at all of it would need all of them here.
    broken = broken_parameter({name: local(value.detach()) for name, value in named.items()})
    # A network that the update broke shows nothing of what was before it.
    forward = None if broken is not None else _of_forward(signals)
    wrong = tuple(name for name, value in named.items() if _broken(value.grad))
    numbers, every = "", False
    if wrong:
        with_gradient = [name for name, value in named.items() if value.grad is not None]
        values = _values(named[wrong[-1]].grad)
        numbers = f"{wrong[-1]} ({int((~values.isfinite()).sum())} of {values.numel()} numbers)"
        every = wrong[-1] == with_gradient[-1]
    return Suspect(
        step=step,
        parameter=None if updated else broken,
        forward=forward,
        wrong=wrong,
        numbers=numbers,
        every=every,
    )


def _of_forward(signals: Sequence[Signals]) -> FirstFailure | None:
    for each in signals:
        # Processes that share parameters would have to run it together.
        if each.given is None or any(map(sharded, each.module.parameters())):
            continue
        try:
            failure = _again(each.module, each.given, each.layers)
        except Exception as error:  # A person's module may fail in ways of its own.
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            _logger.warning("what failed first is not known: %s", reason)
            continue
        if failure is not None:
            return failure
    return None


def _again(module: nn.Module, given: Given, layers: Sequence[Layer]) -> FirstFailure | None:
    """Runs a module's last call again and says what is not finite in it, if anything."""
    tensors = [tensor for tensor in given.tensors if tensor.ndim]
    examples = len(tensors[0]) if tensors else 1
    rows_B = torch.arange(examples)
    for tensor in tensors:
        wrong_B = wrong_rows(tensor, len(tensor))
        if wrong_B.any():
            detail = counted(wrong_B, torch.arange(len(tensor)))
            return FirstFailure(origin="inputs", detail=detail)
    watch = ModuleWatch(module, layers, examples)
    devices = list({t.device for t in tensors if t.device.type == "cuda"})
    with torch.random.fork_rng(devices=devices), torch.no_grad(), buffers_kept(module):
        with watch.watching():
            # Not compiled: hooks inside would break it up, and be told of.
            outputs = first_tensor(bare(given.module)[0](*given.args, **given.kwargs))
        call = watch.first_call(torch.ones(examples, dtype=torch.bool))
    if call is None:
        return None
    origin = "outputs" if watch.is_output(call) else "activation"
    where = f", for {counted(call.wrong_B, rows_B)}" if call.wrong_B.any() else ""
    growth = watch.growth()
    return FirstFailure(
        origin="outputs" if origin == "outputs" else "activation",
        detail=watch.said(call) + where,
        output=None if outputs is None else float("inf"),
        growth=None if growth is None else growth.factor,
    )


def _of_loss(loss: object) -> str:
    """What the loss is made of that may have left finite numbers."""
    names, waiting, seen = [], [getattr(loss, "grad_fn", None)], 0
    while waiting and seen < _DEEP:
        node = waiting.pop(0)
        if node is None:
            continue
        seen += 1
        function = node.name().split("Backward")[0]
        if function in _OF_NETWORKS:
            continue
        name = _PARTS.get(function)
        if name is not None and name not in names:
            names.append(name)
        waiting += [source for source, _ in node.next_functions]
    made = f"it is made with {', '.join(names)}" if names else "which function is not known"
    return f"{made}; its targets were not seen"


def _value(loss: object) -> float | None:
    if isinstance(loss, Tensor):
        return float(loss.detach())
    return float(loss) if isinstance(loss, (int, float)) else None


def _broken(gradient: Tensor | None) -> bool:
    return gradient is not None and not bool(_values(gradient).isfinite().all())


def _values(gradient: Tensor | None) -> Tensor:
    assert gradient is not None
    return local(gradient)
