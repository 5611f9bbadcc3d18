"""What theory predicts of the trials, against what was observed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.figures import predicted_ratio
from analysis.figures.predicted_ratio import MAX_POINTS
from analysis.labels import number_label, percent, percent_range
from analysis.report.findings.evidence import Evidence
from analysis.report.findings.predictions import Predictions, predictions
from analysis.report.page.picture import Picture, picture
from analysis.report.page.section import Section
from analysis.trials.records import records
from analysis.trials.theory_agreement import REGIMES


@dataclass(frozen=True, kw_only=True)
class RegimeTable:
    """Observed regimes as columns, (predicted one, its numbers) as rows; as far as they occur."""

    observed: list[str]
    rows: list[tuple[str, list[int]]]


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Agreement of all trials, as texts; errors are factors of R."""

    trials: int
    agreement: str
    median: str
    p90: str


@dataclass(frozen=True, kw_only=True)
class RateRow:
    """Trials whose learning rate lies in one interval of its limit."""

    span: str
    trials: int
    exploding: int
    stable: int
    share: str


@dataclass(frozen=True, kw_only=True)
class Theory:
    """Predicted and observed; `overall` is None and the lists are empty where theory is silent.

    `silent`: trials of which it says neither R nor regime. `drawn`: trials in the figure, of
    `ratios` that could be.
    """

    any: bool
    silent: int
    overall: Agreement | None
    agreeing: int
    ratios: int
    drawn: int
    regimes: RegimeTable
    rates: list[RateRow]
    figure: Picture | None


def theory(evidence: Evidence) -> Theory:
    """Collects regimes, ratios and learning rates, predicted and observed."""
    predicted = evidence.of(predictions)
    overall = records(predicted.overall)
    ratios = int(overall[0]["ratios"]) if overall else 0
    return Theory(
        any=predicted.any,
        silent=predicted.silent,
        overall=_group(overall[0]) if overall else None,
        agreeing=int(overall[0]["agreeing"]) if overall else 0,
        ratios=ratios,
        drawn=min(ratios, MAX_POINTS),
        regimes=_regimes(predicted),
        rates=_rates(predicted),
        figure=_figure(evidence) if ratios else None,
    )


def _regimes(predicted: Predictions) -> RegimeTable:
    table = predicted.regimes
    observed = [name for name in REGIMES if table[name].sum()]
    rows = [row for row in records(table) if row["trials"]]
    return RegimeTable(
        observed=observed,
        rows=[(row["predicted"], [row[name] for name in observed]) for row in rows],
    )


def _group(row: dict[str, Any]) -> Agreement:
    interval = percent_range(row["low"], row["high"])
    return Agreement(
        trials=int(row["trials"]),
        agreement=f"{percent(row['agreement'])} ({interval})" if row["trials"] else "–",
        median=_factor(row["error_median"]),
        p90=_factor(row["error_p90"]),
    )


def _rates(predicted: Predictions) -> list[RateRow]:
    table = predicted.learning_rates
    if not table["trials"].sum():
        return []
    return [
        RateRow(
            span=_span(row["from"], row["to"]),
            trials=row["trials"],
            exploding=row["exploding"],
            stable=row["stable"],
            share=f"{percent(row['share'])} ({percent_range(row['low'], row['high'])})"
            if row["trials"]
            else "–",
        )
        for row in records(table)
    ]


def _span(low: float, high: float) -> str:
    if low == 0:
        return f"below {number_label(high)}"
    return (
        f"{number_label(low)} and more"
        if math.isinf(high)
        else (f"{number_label(low)} to {number_label(high)}")
    )


def _factor(log: float) -> str:
    """Writes exp(log) as a factor: `×1.4`; "–" if there is none."""
    return "–" if math.isnan(log) else f"×{number_label(math.exp(log))}"


def _figure(evidence: Evidence) -> Picture:
    row = records(evidence.of(predictions).overall)[0]
    return picture(
        "predicted-ratio",
        lambda theme: predicted_ratio(evidence.trials, theme=theme),
        alt=f"Observed against predicted R of {row['ratios']} trials, log axes. Half of them lie "
        f"within a factor of {number_label(math.exp(row['error_median']))} of the diagonal.",
        caption="Observed against predicted R at initialization, in the colours of the verdicts. "
        "On the diagonal both agree; beyond the dotted lines gradients vanish or explode.",
    )


def _tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    predicted = evidence.of(predictions)
    return {"theory.csv": predicted.groups} if predicted.any else {}


def _summary(evidence: Evidence) -> dict[str, object]:
    predicted = evidence.of(predictions)
    if not predicted.any:
        return {"theory": None}
    overall = records(predicted.overall)
    return {
        "theory": {
            "silent": predicted.silent,
            "overall": overall[0] if overall else None,
            "regimes": predicted.regimes,
            "groups": predicted.groups,
            "learning_rates": predicted.learning_rates,
            "disagreements": predicted.disagreements,
        }
    }


SECTION = Section(
    name="theory",
    title="Theory against observation",
    view=theory,
    tables=_tables,
    summary=_summary,
    folded=True,
)
