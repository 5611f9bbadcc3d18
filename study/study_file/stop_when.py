"""The study file's key `stop_when`."""

from __future__ import annotations

from pydantic import BaseModel, Field

from search_spaces.settling import SETTLED
from study.study_file.fields import RULES, AtLeast1, AtLeast16, Fraction


class StopWhen(BaseModel):
    """Ends a study before its number of trials is reached, once its map has settled.

    A look compares the map of n trials with that of the first n // 2 (`search_spaces.settling`).

    Attributes:
        map_change: Mean absolute change of the probability of stable over the space, as the
            trials doubled, below which a look is quiet; 0 to 1.
        every: Trials between two looks.
        looks: Quiet looks in a row that end the study.
    """

    model_config = RULES

    map_change: Fraction = Field(examples=[SETTLED])
    every: AtLeast16 = 128
    looks: AtLeast1 = 3
