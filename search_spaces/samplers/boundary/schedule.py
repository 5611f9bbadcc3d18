"""Which trials fill the space and which go to the boundary: a rule of the trial's number alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Design = Literal["space-filling", "boundary"]

SPACE_FILLING: Design = "space-filling"
BOUNDARY: Design = "boundary"


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Space-filling trials first, then one in every few, always.

    The rule knows no result, so that these trials are a uniform sample of the space whatever
    the others found: frequencies among them are unbiased.

    Attributes:
        startup: Configurations that fill the space before any goes to the boundary.
        every: Afterwards each configuration whose number is a multiple of it fills the space.
    """

    startup: int
    every: int

    def __post_init__(self) -> None:
        if self.startup < 1 or self.every < 1:
            raise ValueError(
                f"startup and every must be >= 1, but got {self.startup} and {self.every}"
            )

    def design(self, configuration: int) -> Design:
        """Returns what a configuration is for.

        Args:
            configuration: Number of the configuration, >= 0.
        """
        if configuration < self.startup or configuration % self.every == 0:
            return SPACE_FILLING
        return BOUNDARY

    def index_of(self, configuration: int) -> int:
        """Returns how many space-filling configurations come before this one."""
        if configuration <= self.startup:
            return configuration
        # Multiples of `every` from the startup on, up to this one.
        before = -(-configuration // self.every) - -(-self.startup // self.every)
        return self.startup + before
