"""A resnet as theory carries mean squares through it: its stream, its blocks, its stem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from search_spaces.theory.activations import Array
from search_spaces.theory.layers import EPSILON, Activated, LinearMap


@dataclass(frozen=True, kw_only=True)
class Group:
    """Channels of the stream that have the same history.

    Attributes:
        channels: Their number.
        square: p, their mean square at each pixel; under batch normalization about their means.
    """

    channels: int
    square: Array

    def before(self, normalization: str) -> Activated:
        """Returns the stream as an activation sees it."""
        if normalization == "none":
            return Activated(length=self.square, input=self.square)
        gain = 1 / (float(self.square.mean()) + EPSILON)
        return Activated(length=self.square, input=self.square * gain, gain=gain)


Stream = Sequence[Group]


@dataclass(frozen=True, kw_only=True)
class Block:
    """A block's branch: `between` comes before its second activation; `stream` is what it sees."""

    stream: Stream
    first: LinearMap
    between: Activated
    second: LinearMap


@dataclass(frozen=True, kw_only=True)
class ResidualNetwork:
    """What the backward pass needs: the stem's layers, the blocks, and the stream at the end."""

    stem: Sequence[LinearMap]
    stem_before: Sequence[Activated]
    blocks: Sequence[Block]
    end: Stream
