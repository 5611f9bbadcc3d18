"""Where in a backward pass gradients cease to be finite."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor
from torch.autograd.graph import Node

from study.engine.forensics.blame import Blame
from study.engine.forensics.operations import ORDINARY

DERIVATIVES = {
    "Sqrt": Blame(
        "the derivative of sqrt at 0", "add a small number inside it: (x + 1e-8).sqrt()"
    ),
    "Pow": Blame(
        "the derivative of a power below 1 at 0",
        "add a small number to its base: (x + 1e-8) ** p",
    ),
    "Log": Blame(
        "the derivative of log at 0",
        "add a small number inside it, (x + 1e-8).log(), or begin from log_softmax or logsigmoid",
    ),
    "Div": Blame(
        "the derivative of a division by 0", "add a small number to the divisor: a / (b + 1e-8)"
    ),
    "Reciprocal": Blame(
        "the derivative of a division by 0", "add a small number to the divisor: 1 / (b + 1e-8)"
    ),
    "Rsqrt": Blame(
        "the derivative of 1 / sqrt at 0", "add a small number inside it: (x + 1e-8).rsqrt()"
    ),
    "Acos": Blame("the derivative of acos at 1 or -1", "clamp what it gets a little inside of 1"),
    "Asin": Blame("the derivative of asin at 1 or -1", "clamp what it gets a little inside of 1"),
}
"""Autograd's name of a function -> where its derivative is infinite, and what to do about it."""


@contextmanager
def gradient_origins(result: Tensor) -> Iterator[list[Blame]]:
    """Watches the backward passes from ``result`` that are made within the block.

    Args:
        result: With a graph; its nodes carry hooks within the block.

    Yields:
        Functions whose incoming gradients were finite and whose outgoing ones were not, each
        once, with the cure where it is known; filled by the backward pass.
    """
    origins: list[Blame] = []
    handles = [node.register_hook(_hook(node, origins)) for node in _nodes(result)]
    try:
        yield origins
    finally:
        for handle in handles:
            handle.remove()


def _hook(
    node: Node, origins: list[Blame]
) -> Callable[[Sequence[Tensor | None], Sequence[Tensor | None]], None]:
    name = re.sub(r"Backward\d*$", "", node.name())
    known = DERIVATIVES.get(name)
    blame = known or Blame(f"the derivative of {_in_words(name)}")

    def note(to_inputs: Sequence[Tensor | None], from_outputs: Sequence[Tensor | None]) -> None:
        if not _finite(from_outputs) or _finite(to_inputs):
            return
        ordinary = known is not None and _largest(from_outputs) < ORDINARY
        if all(each.what != blame.what for each in origins):
            origins.append(dataclasses.replace(blame, ordinary=ordinary))

    return note


def _in_words(name: str) -> str:
    """Autograd's "LogSoftmax" as "log softmax"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _largest(gradients: Sequence[Tensor | None]) -> float:
    return max((float(each.abs().max()) for each in gradients if each is not None), default=0.0)


def _finite(gradients: Sequence[Tensor | None]) -> bool:
    return all(bool(each.isfinite().all()) for each in gradients if each is not None)


def _nodes(result: Tensor) -> Iterator[Node]:
    """Every function of the graph behind a result, once."""
    waiting, found = [result.grad_fn], set[Node]()
    while waiting:
        node = waiting.pop()
        if node is not None and node not in found:
            found.add(node)
            yield node
            waiting.extend(source for source, _ in node.next_functions)
