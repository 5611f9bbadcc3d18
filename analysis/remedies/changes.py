"""The single changes that a study can say something about."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.labels import number_label
from analysis.space.coordinates import Coordinate

FACTORS = (10.0, 3.0)
"""Steps of a range of ratios, as far as they fit into it twice."""

LINEAR_STEP = 0.25
"""Step of a range of differences, over its width."""

MOST_VALUES = 12
"""Values of one hyperparameter that are compared with each other: the most frequent ones."""

MIN_TRIALS = 5
"""Values that fewer trials have are left out."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """From some values of a hyperparameter to others.

    Attributes:
        name: The hyperparameter.
        before: The value, or "any", in words.
        after: The value, or the step, in words.
        source: Trials that the change could be made to [A].
        target: Trials that may be what comes of it [B].
        shift: What is added to a number on its scale by a step; 0 between two values.
        scale: Numbers on the scale in which a step is a sum [N]; None between two values.
    """

    name: str
    before: str
    after: str
    source: NDArray[np.int64]
    target: NDArray[np.int64]
    shift: float = 0.0
    scale: NDArray[np.float64] | None = None


def changes(coordinate: Coordinate) -> Iterator[Change]:
    """Yields all changes of one hyperparameter: between any two values, or steps along a range."""
    if coordinate.names is None and coordinate.levels is None:
        yield from _steps(coordinate)
        return
    values, numbers = np.unique(
        coordinate.values[~np.isnan(coordinate.values)], return_counts=True
    )
    frequent = np.argsort(-numbers, kind="stable")[:MOST_VALUES]
    kept = np.sort(frequent[numbers[frequent] >= MIN_TRIALS])
    rows = {index: np.flatnonzero(coordinate.values == values[index]) for index in kept}
    for before in kept:
        for after in kept:
            if before != after:
                yield Change(
                    name=coordinate.name,
                    before=_text(coordinate, values[before]),
                    after=_text(coordinate, values[after]),
                    source=rows[before],
                    target=rows[after],
                )


def _text(coordinate: Coordinate, value: float) -> str:
    return coordinate.names[int(value)] if coordinate.names else number_label(value, digits=3)


def _steps(coordinate: Coordinate) -> Iterator[Change]:
    finite = np.isfinite(coordinate.values)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.log10(coordinate.values) if coordinate.log else coordinate.values
    low, high = float(scale[finite].min()), float(scale[finite].max())
    if coordinate.log:
        fits = [factor for factor in FACTORS if 2 * math.log10(factor) <= high - low + 1e-9]
        steps = [(math.log10(factor), f"a factor {factor:g}") for factor in fits]
        words = ("larger", "smaller")
    else:
        step = float(f"{LINEAR_STEP * (high - low):.1g}")
        steps, words = [(step, number_label(step))], ("more", "less")
    rows = np.flatnonzero(finite)
    for size, text in steps:
        for shift, word in ((size, words[0]), (-size, words[1])):
            # Trials that the step would move off the range have nothing to be compared with.
            inside = (scale[rows] + shift >= low) & (scale[rows] + shift <= high)
            reached = (scale[rows] - shift >= low) & (scale[rows] - shift <= high)
            yield Change(
                name=coordinate.name,
                before="any",
                after=f"{text} {word}",
                source=rows[inside],
                target=rows[reached],
                shift=shift,
                scale=scale,
            )
