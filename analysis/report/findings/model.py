"""A model of the whole space, as far as the page asks one."""

from __future__ import annotations

from typing import Protocol

import pandas as pd

from analysis.report.findings.evidence import Evidence


class Model(Protocol):
    """What becomes of any configuration: probabilities of verdicts, with intervals."""

    @property
    def verdicts(self) -> tuple[str, ...]:
        """The verdicts that it tells apart, stable first."""

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Returns by configuration and verdict the probability, `_lower` and `_upper`."""

    def export(self) -> dict[str, object]:
        """Returns the model as plain lists and numbers, for the page's script."""


def model(evidence: Evidence) -> Model | None:
    """Returns the model of the study; None where there is none, and trials are drawn instead."""
    return None
