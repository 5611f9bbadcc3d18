"""The values that pass between the parts of a running study, with the catalogue's words for them.

The engine has `FUSIBLE` and `NONE` from here: it knows trials, not search spaces.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from search_spaces.catalogue import FUSIBLE, NONE

__all__ = ["FUSIBLE", "NONE", "Cohort", "HyperparameterValue", "Trial"]

HyperparameterValue = bool | int | float | str


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One configuration and one seed, to be trained once.

    Attributes:
        number: Number of the trial in its study, from 0; the same as Optuna's.
        configuration: Number of its configuration, from 0 (several seeds share one).
        seed: Decides initialization and data order; 0 <= seed < 2**31.
        hyperparameters: Every hyperparameter that applies to this trial, fixed ones included; a
            numeric limit that is switched off is NONE.
        design: What it was placed for: `space-filling` is a uniform sample of the space,
            `boundary` (both by a sampler that learns) and `confirming` are not. Else None.
        confirms: The region that a confirming trial tests, as JSON with its box `where` and the
            share of stable trials that is `promised`.
    """

    number: int
    configuration: int
    seed: int
    hyperparameters: Mapping[str, HyperparameterValue]
    design: str | None = None
    confirms: str | None = None


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """Trials that agree in every hyperparameter outside FUSIBLE and are trained together.

    Attributes:
        number: Number of the cohort in this invocation, from 0.
        trials: At least one trial.
        attempt: 0 at first; counts the times that infrastructure lost it.
        may_stop: Whether its trials may end once their verdict is certain, where the study file
            asks for that: not once the rule was found wrong too often.
    """

    number: int
    trials: tuple[Trial, ...]
    attempt: int = 0
    may_stop: bool = True
