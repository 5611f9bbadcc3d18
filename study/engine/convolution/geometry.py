"""How a convolution's kernel moves over its image."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """Attributes:
    stride: Pixels from one position of the kernel to the next, in both directions.
    padding: Zeros beyond the border, in both directions.
    """

    stride: tuple[int, int]
    padding: tuple[int, int]

    def output_size(self, image: tuple[int, int], kernel: tuple[int, int]) -> tuple[int, int]:
        """Height and width of the result."""
        height, width = (
            (side + 2 * padding - size) // stride + 1
            for side, size, stride, padding in zip(
                image, kernel, self.stride, self.padding, strict=True
            )
        )
        return height, width
