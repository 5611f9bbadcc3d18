"""The function that made the first value that is not finite."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Blame:
    """Attributes:
    what: What happened, without examples: "log at 0".
    cure: What to do about it, for people; empty where it is not known.
    of_loss: Whether it was called by a loss that is computed inside of the network.
    ordinary: Whether what the function was given are numbers of an ordinary size, for which it is
        not defined or overflows; else something had run away before it.
    """

    what: str
    cure: str = ""
    ordinary: bool = False
    of_loss: bool = False

    def detail(self, where: str = "") -> str:
        """Writes "log at 0 for 2 of 64 examples (rows 3, 18); <cure>".

        Args:
            where: "for 2 of 64 examples (rows 3, 18)", or nothing.
        """
        what = f"{self.what} {where}".rstrip()
        return f"{what}; {self.cure}" if self.cure else what
