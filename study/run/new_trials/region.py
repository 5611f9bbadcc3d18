"""A region that is recommended, and what fresh trials say of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from search_spaces.samplers import ConfirmingBlock


@dataclass(frozen=True, kw_only=True)
class Region:
    """A box of the space in which trials are expected to be stable.

    Attributes:
        where: The box, as `search_spaces.samplers.box` has it.
        promised: Share of stable trials to expect at least, in (0, 1).
        words: The box in words.
    """

    where: Mapping[str, Any]
    promised: float
    words: str

    @classmethod
    def found(cls, said: Mapping[str, Any]) -> Region:
        """Makes a region of what a `Recommend` returned."""
        return cls(where=dict(said["where"]), promised=float(said["low"]), words=str(said["box"]))

    @classmethod
    def tested(cls, block: ConfirmingBlock) -> Region:
        """Makes the region that a block tests."""
        return cls(where=block.where, promised=block.promised, words="the region")


Recommend = Callable[[pd.DataFrame, Mapping[str, Any] | None], Mapping[str, Any] | None]
"""Finds the region to test from a study's trials, inside a box if one is given: its box `where`,
the bound `low` that it promises, and the `box` in words. None if none is to be recommended."""


def results(trials: pd.DataFrame, where: Mapping[str, Any]) -> tuple[int, int]:
    """How many confirming trials of a box were stable, and how many there are."""
    texts = trials["confirms"].dropna() if "confirms" in trials else pd.Series(dtype=str)
    mine = [text for text in texts.unique() if json.loads(text)["where"] == dict(where)]
    verdicts = trials.loc[texts.index[texts.isin(mine)], "verdict"]
    return int((verdicts == "stable").sum()), len(verdicts)
