"""Published rules that warn of unstable training, held against the verdicts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.space.name_sets import NameSets, has_name, name_sets
from analysis.stats.intervals import CONFIDENCE, wilson_interval
from analysis.trials.counts import VERDICTS, check_verdicts
from analysis.trials.flags import count_by_set
from study.tables.schema import ALARMS

ANY_RULE = "any_rule"
"""Not a rule: at least one of the published ones fires."""

REGIME = "gradscape.regime"
"""Not a published rule: the regime, at initialization or at the end, is other than healthy."""


def has_alarm(trials: pd.DataFrame, rule: str) -> pd.Series:
    """Returns in which trials a published rule would have fired.

    Args:
        trials: Trials table; only `alarms` is read.
        rule: One of `study.tables.schema.ALARMS`.

    Returns:
        Nullable booleans with the index of `trials`; null where alarms were not recorded.

    Raises:
        AnalysisError: If there is no such rule.
    """
    return has_name(trials, name_sets(trials, "alarms", ALARMS), rule, what="rule")


def rule_agreement(trials: pd.DataFrame, *, confidence: float = CONFIDENCE) -> pd.DataFrame:
    """Compares each published rule with the verdicts, which are taken for the truth.

    A rule is after the failures of one verdict or, "any", after all. It fires or not once a
    trial; where what it looks at was not measured, it does not. Trials whose alarms were not
    recorded are left out.

    Args:
        trials: Trials table; `alarms`, `verdict` and, for the last row, the regimes are read.
        confidence: Two-sided, of the Wilson intervals, in (0, 1).

    Returns:
        One row a rule, then `ANY_RULE` and `REGIME`: `rule`; the verdict it is `after`; `fired`,
        in so many trials. `failures` it is after, of which it `caught` some: `recall` with its
        Wilson interval `recall_low`, `recall_high`. The same for every failure: `all_failures`,
        `all_caught`, `recall_all`, `recall_all_low`, `recall_all_high`. And `false_alarms` among
        the `stable` trials: `false_alarm_share`, `false_alarm_low`, `false_alarm_high`. NaN where
        there are no such trials. `attrs`: numbers `recorded` and `not_recorded`.

    Raises:
        AnalysisError: If a trial has no verdict or one that is not known.
    """
    check_verdicts(trials)
    sets = _with_summaries(trials)
    by_set = count_by_set(sets, trials)
    of, fired = by_set.sum(axis=0), sets.holds.T.astype(np.int64) @ by_set
    after = [ALARMS.get(name, "any") for name in sets.names]
    wanted = np.array([[_is_after(target, verdict) for verdict in VERDICTS] for target in after])
    failed = np.array([verdict != "stable" for verdict in VERDICTS])
    stable = ~failed
    frame = pd.DataFrame(
        {
            "rule": list(sets.names),
            "after": after,
            "fired": fired.sum(axis=1),
            "failures": wanted @ of,
            "caught": (wanted * fired).sum(axis=1),
            **_shares("recall", (wanted * fired).sum(axis=1), wanted @ of, confidence),
            "all_failures": of[failed].sum(),
            "all_caught": fired[:, failed].sum(axis=1),
            **_shares("recall_all", fired[:, failed].sum(axis=1), of[failed].sum(), confidence),
            "stable": of[stable].sum(),
            "false_alarms": fired[:, stable].sum(axis=1),
            **_shares("false_alarm", fired[:, stable].sum(axis=1), of[stable].sum(), confidence),
        }
    )
    frame = frame.rename(columns={"false_alarm": "false_alarm_share"})
    frame.attrs = {"recorded": int(of.sum()), "not_recorded": len(trials) - int(of.sum())}
    return frame


def rule_kappa(trials: pd.DataFrame) -> pd.DataFrame:
    """Measures how far two rules fire in the same trials beyond chance: Cohen's kappa.

    Kappa rather than the share of common alarms, because two rules that fire nearly always, or
    nearly never, agree by chance.

    Args:
        trials: Trials table; `alarms` and the regimes are read.

    Returns:
        Square, by rule as `rule_agreement` lists them: 1 where two fire together always, 0 as
        independent ones would, below 0 where they avoid each other. NaN where a rule fires in
        all trials or in none.

    References:
        Cohen, A coefficient of agreement for nominal scales, 1960.
    """
    sets = _with_summaries(trials)
    number = np.bincount(sets.index[sets.recorded], minlength=len(sets.holds)).astype(np.float64)
    holds = sets.holds.astype(np.float64)
    total = number.sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        both = holds.T @ (number[:, None] * holds) / total
        single = np.diag(both)
        # Both fire or neither does: P(AB) + P(not A, not B) = 1 - P(A) - P(B) + 2 P(AB).
        observed = 1 - single[:, None] - single[None, :] + 2 * both
        by_chance = np.outer(single, single) + np.outer(1 - single, 1 - single)
        kappa = (observed - by_chance) / (1 - by_chance)
    varies = (single > 0) & (single < 1)
    kappa[~np.outer(varies, varies)] = np.nan
    return pd.DataFrame(kappa, index=list(sets.names), columns=list(sets.names))


def _with_summaries(trials: pd.DataFrame) -> NameSets:
    """Returns the alarms, with `ANY_RULE` and `REGIME` as two further names."""
    sets = name_sets(trials, "alarms", ALARMS)
    unhealthy = np.zeros(len(trials), dtype=bool)
    for column in ("regime_initial", "regime_final"):
        if column in trials.columns:
            regime = trials[column]
            unhealthy |= (regime.notna() & (regime != "healthy")).to_numpy(dtype=bool)
    any_rule = sets.holds.any(axis=1, keepdims=True)
    # Each set twice: of trials in a healthy regime, and of the others.
    doubled = np.repeat(np.hstack([sets.holds, any_rule]), 2, axis=0)
    of_regime = np.tile([False, True], len(sets.holds))[:, None]
    return NameSets(
        names=(*sets.names, ANY_RULE, REGIME),
        index=np.where(sets.recorded, 2 * sets.index + unhealthy, -1),
        holds=np.hstack([doubled, of_regime]),
    )


def _is_after(after: str, verdict: str) -> bool:
    return verdict != "stable" and after in ("any", verdict)


def _shares(
    name: str, part: NDArray[np.int64], whole: NDArray[np.int64], confidence: float
) -> dict[str, NDArray[np.float64]]:
    low, high = wilson_interval(part, whole, confidence=confidence)
    with np.errstate(invalid="ignore"):
        share = part / np.asarray(whole, dtype=np.float64)
    return {name: share, f"{name}_low": low, f"{name}_high": high}
