"""The study file's key `scaling`."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated

from pydantic import BaseModel, Field

from search_spaces.errors import InputError
from search_spaces.space import SearchSpace
from search_spaces.space.settings import Choice, Range
from study.study_file.fields import RULES, AtLeast0, AtLeast1, AtLeast16, Text, one_of

AXES = ("width", "depth", "batch_size")
RATE = "learning_rate"
SAMPLERS = ("qmc", "random")
"""Those that begin a changed space by filling it, whatever came before."""


class Scaling(BaseModel):
    """Larger sizes than those of the study's map, at each a few trials where the edge may be.

    Attributes:
        axis: What grows: a hyperparameter whose list in the study file is mapped densely.
        sizes: Those beyond the list, ascending; each is trained once all before it are.
        trials: Trials at each of them.
        refine: Trials that each mapped size gets before, where the map shows its edge to be: a
            map spreads its own over all learning rates, and few lie near any edge.
    """

    model_config = RULES

    axis: Annotated[Text, one_of("axis", lambda: AXES)] = Field(examples=["width"])
    sizes: list[AtLeast1] = Field(
        min_length=1, description="a list of integers >= 1", examples=["[256, 512]"]
    )
    trials: AtLeast16 = 24
    refine: AtLeast0 = 0

    def check(self, space: SearchSpace, sampler: str, *, confirm: int) -> None:
        """Refuses what cannot be scaled.

        Raises:
            InputError: If the axis is no list of at least two sizes, the sizes do not go on from
                it, the learning rate is no logarithmic range, the sampler learns, or trials that
                confirm a region would come between the map and its refinement.
        """
        settings = {entry.name: entry.setting for entry in space.entries}
        mapped = settings.get(self.axis)
        if not isinstance(mapped, Choice):
            raise InputError(
                f"{self.axis} must be a list of at least two sizes in the study file, which are "
                f"mapped, but is {mapped if mapped is not None else 'absent'}",
                key="scaling.axis",
            )
        sizes = [max(float(value) for value in mapped.values), *self.sizes]
        if any(before >= after for before, after in pairwise(sizes)):
            raise InputError(
                f"must go up from above {sizes[0]:g}, the largest {self.axis} that is mapped, but "
                f"got {self.sizes}",
                key="scaling.sizes",
            )
        rate = settings.get(RATE)
        if not (isinstance(rate, Range) and rate.log):
            raise InputError(
                f"needs a range of the {RATE}, {{low: ..., high: ..., log: true}}, but it is "
                f"{rate}",
                key="scaling",
            )
        if sampler not in SAMPLERS:
            raise InputError(
                f"goes with sampler {' or '.join(SAMPLERS)}, but sampler is {sampler}",
                key="scaling",
            )

        if self.refine and confirm:
            raise InputError(
                f"goes without confirm, whose trials would come before, but confirm is {confirm}",
                key="scaling.refine",
            )

    def mapped(self, space: SearchSpace) -> list[int]:
        """Returns the sizes of the study file's list, ascending."""
        settings = {entry.name: entry.setting for entry in space.entries}
        listed = settings[self.axis]
        assert isinstance(listed, Choice)  # As `check` has seen.
        return sorted(int(str(value)) for value in listed.values)

    def rates(self, space: SearchSpace) -> tuple[float, float]:
        """Returns the lowest and highest learning rate of the study file."""
        settings = {entry.name: entry.setting for entry in space.entries}
        rate = settings[RATE]
        assert isinstance(rate, Range)  # As `check` has seen.
        return float(rate.low), float(rate.high)

    def narrowed(
        self, hyperparameters: Mapping[str, object], size: int, rates: tuple[float, float]
    ) -> dict[str, object]:
        """Returns a study file's hyperparameters at one size, between two learning rates."""
        low, high = (float(f"{rate:.4g}") for rate in rates)
        rate = {"low": low, "high": high, "log": True}
        return {**hyperparameters, self.axis: size, RATE: rate}
