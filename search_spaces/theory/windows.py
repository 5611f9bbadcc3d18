"""Which pixels a convolution joins, so that mean squares can be carried along pixel by pixel.

Weights of different taps are independent: a mean square is the sum of those at the taps, in the
forward pass and in the backward pass. Beyond the border there are zeros.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from search_spaces.theory.activations import Array

Sides = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Window:
    """A square kernel of odd size over an image, padded with zeros by half its size.

    Attributes:
        sides: Height and width in pixels of the image that it sees; (1, 1) for a linear layer.
        size: Side of the kernel in pixels, odd.
        stride: Pixels from one position to the next, >= 1.
        centred: Whether its centre alone has weights.
    """

    sides: Sides = (1, 1)
    size: int = 1
    stride: int = 1
    centred: bool = False

    @property
    def sides_after(self) -> Sides:
        """Height and width in pixels of the image that it makes."""
        height, width = (-(-side // self.stride) for side in self.sides)
        return height, width

    def taps(self, values: Array) -> Iterator[Array]:
        """Yields what each tap sees at each position, of a map of the image's sides."""
        half = self.size // 2
        padded = np.pad(values, half)
        for down, right in self._offsets():
            rows = slice(down, down + self.sides[0], self.stride)
            yield padded[rows, right : right + self.sides[1] : self.stride]

    def gathered(self, values: Array) -> Array:
        """Sums over the taps at each position."""
        return np.asarray(sum(self.taps(values)))

    def scattered(self, values: Array) -> Array:
        """Sums a map of positions at each pixel over the positions that see it."""
        half = self.size // 2
        height, width = self.sides
        padded = np.zeros((height + 2 * half, width + 2 * half))
        for down, right in self._offsets():
            rows = slice(down, down + height, self.stride)
            padded[rows, right : right + width : self.stride] += values
        return padded[half : half + height, half : half + width]

    def _offsets(self) -> Iterator[tuple[int, int]]:
        half = self.size // 2
        if self.centred:
            yield half, half
            return
        yield from np.ndindex(self.size, self.size)
