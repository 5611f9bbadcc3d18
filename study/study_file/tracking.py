"""The study file's key `tracking`."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from pydantic import BaseModel

from study.secrets import MASK
from study.study_file.fields import RULES, Text, TrackingDatabase, one_of

ALL, SAMPLED = "all", "sampled"

SHARE = 0.02
"""Of the trials of a study whose runs are sampled: 2,000 runs of 100,000."""


class Tracking(BaseModel):
    """What MLflow shows of a study; tables and report always have every trial.

    Attributes:
        runs: `all` gives each trial a run, `sampled` a random share of them, and the typical
            trials of each verdict when the run ends.
    """

    model_config = RULES

    runs: Annotated[Text, one_of("runs", lambda: (ALL, SAMPLED))] = ALL
    database: TrackingDatabase = None

    def __repr_args__(self) -> list[tuple[str | None, Any]]:
        return [("runs", self.runs), ("database", self.database and MASK)]

    @property
    def sampled(self) -> bool:
        """Whether most trials have no run."""
        return self.runs == SAMPLED

    def shows(self, trial: int) -> bool:
        """Whether a trial gets a run when it is trained: by its number alone."""
        if not self.sampled:
            return True
        digest = hashlib.sha256(str(trial).encode()).digest()
        return int.from_bytes(digest[:8], "big") < SHARE * 2**64
