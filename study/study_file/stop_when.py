"""The study file's key `stop_when`."""

from __future__ import annotations

from pydantic import BaseModel, Field

from study.study_file.fields import RULES, AtLeast1, AtLeast16, Fraction


class StopWhen(BaseModel):
    """Ends a study before its number of trials is reached.

    Attributes:
        map_change: Mean absolute change of the probability of stable over the space, between
            one look and the next, below which a look counts as quiet; 0 to 1.
        every: Trials between two looks.
        looks: Quiet looks in a row that end the study.
    """

    model_config = RULES

    map_change: Fraction = Field(examples=[0.01])
    every: AtLeast16 = 128
    looks: AtLeast1 = 3
