"""What changes when stored trials are labelled again with other thresholds."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.errors import AnalysisError
from analysis.trials.counts import VERDICTS, check_verdicts


@dataclass(frozen=True, kw_only=True)
class Relabelling:
    """Labels of the same trials before and after.

    Attributes:
        thresholds: Thresholds that differ, as `changed_thresholds` returns them.
        verdicts: Verdicts that differ, as `changed_verdicts` returns them.
        changed: Number of trials whose verdict changed.
    """

    thresholds: pd.DataFrame
    verdicts: pd.DataFrame
    changed: int


def relabelling(stored: pd.DataFrame, trials: pd.DataFrame) -> Relabelling:
    """Compares trials with what is stored of them.

    Raises:
        AnalysisError: If a trial is not stored, or a verdict is not known.
    """
    verdicts = changed_verdicts(stored, trials)
    return Relabelling(
        thresholds=changed_thresholds(stored, trials),
        verdicts=verdicts,
        changed=int(verdicts["trials"].sum()),
    )


def changed_thresholds(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Compares the thresholds in the metadata (`attrs`) of two trials tables.

    Returns:
        `threshold`, `before`, `after`, in the order of `after`; NaN for one that is not stated.
    """
    old, new = _thresholds(before), _thresholds(after)
    names = list(dict.fromkeys([*new, *old]))
    rows = [(name, old.get(name), new.get(name)) for name in names]
    changed = [row for row in rows if row[1] != row[2]]
    frame = pd.DataFrame(changed, columns=["threshold", "before", "after"])
    return frame.astype({"before": "float64", "after": "float64"})


def changed_verdicts(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Counts how many trials went from which verdict to which other one.

    Args:
        before: Trials table; it may have further trials.
        after: Trials table of the same trials under other labels.

    Returns:
        `before`, `after`, `trials`, the most frequent change first; no row if nothing changed.

    Raises:
        AnalysisError: If `after` has a trial that `before` lacks, or a verdict is not known.
    """
    check_verdicts(before)
    check_verdicts(after)
    pair = after[["trial", "verdict"]].merge(
        before[["trial", "verdict"]], on="trial", how="left", suffixes=("_after", "_before")
    )
    strange = pair.loc[pair["verdict_before"].isna(), "trial"]
    if len(strange):
        raise AnalysisError(
            f"the trials must be those of the study, but {len(strange)} of {len(pair)} are not, "
            f"for example trial {strange.iloc[0]}"
        )
    pair = pair[pair["verdict_before"] != pair["verdict_after"]]
    counts = pair.groupby(["verdict_before", "verdict_after"]).size().rename("trials")
    frame = counts.reset_index().set_axis(["before", "after", "trials"], axis=1)
    for name in ("before", "after"):
        frame[name] = pd.Categorical(frame[name], categories=list(VERDICTS), ordered=True)
    frame = frame.sort_values(
        ["trials", "before", "after"], ascending=[False, True, True], ignore_index=True
    )
    return frame.astype({"before": "str", "after": "str"})


def _thresholds(trials: pd.DataFrame) -> dict[str, float]:
    stated = trials.attrs.get("thresholds")
    return dict(stated) if isinstance(stated, dict) else {}
