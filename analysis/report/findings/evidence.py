"""What a report is made from: a study's tables, and what was asked of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

import pandas as pd

from analysis.errors import AnalysisError
from analysis.joining import JoinedStore
from analysis.reading import open_studies, series_frame
from analysis.report.findings.asked import check_asked
from analysis.trials.relabelling import Relabelling, relabelling
from study.tables import TableStore

Finding = TypeVar("Finding")


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """A study as the report's sections see it.

    Attributes:
        study: The study's name.
        trials: Trials table; its `attrs` are the study's metadata.
        store: The study's tables, of which steps and layers are read when they are needed.
        relabelled: What changed, if the trials were labelled again; else None.
        maps: Pairs of hyperparameters of which maps were asked for (one alone: None as the
            second); empty if the report is to choose.
        where: Values, or lists of values, that the trials of these maps must have.
        failed: Number of trials that failed for reasons of the infrastructure, by reason; no
            table has them.
        planned: Trials that the study is to have, while it still runs; else None.
    """

    study: str
    trials: pd.DataFrame
    store: TableStore | JoinedStore
    relabelled: Relabelling | None = None
    maps: tuple[tuple[str, str | None], ...] = ()
    where: Mapping[str, object] = field(default_factory=dict)
    failed: Mapping[str, int] = field(default_factory=dict)
    planned: int | None = None
    _computed: dict[Callable[..., Any], object] = field(
        default_factory=dict, init=False, repr=False
    )

    def of(self, find: Callable[[Evidence], Finding]) -> Finding:
        """Returns `find` of this evidence, computed once however many sections ask."""
        if find not in self._computed:
            self._computed[find] = find(self)
        return cast(Finding, self._computed[find])

    def steps(self, trials: Sequence[int]) -> pd.DataFrame:
        """Returns the rows of the steps table of these trials."""
        return series_frame(self.store, "steps", trials)

    def layers(self, trials: Sequence[int]) -> pd.DataFrame:
        """Returns the rows of the layers table of these trials."""
        return series_frame(self.store, "layers", trials)

    @property
    def metadata(self) -> Mapping[str, object]:
        """What the tables say about their study."""
        return {str(key): value for key, value in self.trials.attrs.items()}


def gather(
    study: str | Path | Sequence[str | Path],
    *,
    home: str | Path | None = None,
    trials: pd.DataFrame | None = None,
    maps: Sequence[tuple[str, str | None]] = (),
    where: Mapping[str, object] | None = None,
    failed: Mapping[str, int] | None = None,
    planned: int | None = None,
) -> Evidence:
    """Loads a study.

    Args:
        study: Name or folder of the study, or several that are to be read as one.
        home: The home folder.
        trials: Trials of the study labelled again, instead of those that are stored.
        maps: Maps that were asked for.
        where: Values that the trials of these maps must have.
        failed: Number of trials that failed for reasons of the infrastructure, by reason.
        planned: Trials that the study is to have, if it still runs.

    Raises:
        StudyNotFound: If there is no such study.
        AnalysisError: If it has no finished trial, `trials` has none or others, or a map or
            a value that was asked for is none of the study's.
    """
    store, stored = open_studies(study, home=home)
    relabelled = None if trials is None else relabelling(stored, trials)
    trials = stored if trials is None else trials
    if trials.empty:
        raise AnalysisError("a report needs trials, but the table that was given has none")
    check_asked(trials, maps, where or {})
    return Evidence(
        study=str(trials.attrs.get("study") or study),
        trials=trials,
        store=store,
        relabelled=relabelled,
        maps=tuple(maps),
        where=where or {},
        failed=failed or {},
        planned=planned,
    )
