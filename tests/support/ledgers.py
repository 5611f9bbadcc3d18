"""A ledger whose trials go on as they began."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from optuna.samplers import BaseSampler

from search_spaces.samplers import Numbering
from study.ledger import LedgerPlan, TrialLedger, open_planned_ledger
from study.ledger.plan import SearchSpaceLike


def open_ledger(
    *,
    name: str,
    storage: str | Path,
    sampler: BaseSampler,
    space: SearchSpaceLike,
    seeds: int = 1,
    seed_of: Callable[[int], int],
    description: Mapping[str, Any],
) -> TrialLedger:
    """Opens the study, or makes it; one that exists keeps the description it has."""

    def plan(stored: Mapping[str, Any], next_number: int) -> LedgerPlan:
        return LedgerPlan(
            sampler=sampler,
            space=space,
            description=stored or description,
            numbering=Numbering(seeds),
        )

    return open_planned_ledger(name=name, storage=storage, seed_of=seed_of, plan=plan)
