"""What the numbers rest on, and what they cannot tell."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import pandas as pd

from analysis.figures import reliability_plot
from analysis.labels import count_label, names_label, percent
from analysis.report.findings.evidence import Evidence
from analysis.report.findings.findings import regions, uniform
from analysis.report.page.picture import Picture, picture
from analysis.report.page.section import Section
from analysis.stats.calibration import (
    FOLDS,
    Brier,
    brier_scores,
    held_out_probabilities,
    reliability,
)
from analysis.trials.stopped import Stopped, stopped


@dataclass(frozen=True, kw_only=True)
class Honesty:
    """Counts behind the page; `median_cell` is the median number of trials in a map's cells.

    `ended_early`: what `stop: decided` did; None where it ended no trial. `lost`: trials that
    failed for reasons of the infrastructure, (reason, number). `brier`: of the map `mapped`, on
    trials that its model did not see, in `folds` folds; None with too few.
    """

    trials: int
    configurations: int
    least_seeds: int
    most_seeds: int
    cells: int
    empty_cells: int
    median_cell: float
    without_run: int
    ended_early: str | None
    unmeasured_sharpness: bool
    lost: list[tuple[str, int]]
    mapped: str
    brier: Brier | None
    folds: int
    figure: Picture | None


def held_out(evidence: Evidence) -> pd.DataFrame:
    """Predicts held-out trials by the first map; empty if there is none."""
    drawn = evidence.of(regions)
    if not drawn:
        return pd.DataFrame({"probability": [], "base": [], "stable": []})
    x, y = drawn[0].attrs["x"], drawn[0].attrs["y"]
    return held_out_probabilities(evidence.of(uniform), x, y, where=evidence.where)


def _stopped(evidence: Evidence) -> Stopped | None:
    return stopped(evidence.trials)


def honesty(evidence: Evidence) -> Honesty:
    """Collects how much evidence there is."""
    trials = evidence.trials
    seeds = trials.groupby("configuration")["seed"].nunique()
    sizes = [number for table in evidence.of(regions) for number in table["trials"]]
    ordered = sorted(sizes)
    brier, bins = brier_scores(evidence.of(held_out)), reliability(evidence.of(held_out))
    return Honesty(
        trials=len(trials),
        configurations=len(seeds),
        least_seeds=int(seeds.min()),
        most_seeds=int(seeds.max()),
        cells=len(sizes),
        empty_cells=sum(1 for size in sizes if not size),
        median_cell=float(ordered[len(ordered) // 2]) if ordered else 0.0,
        without_run=int(trials["mlflow_run_id"].isna().sum()),
        ended_early=_ended_early(evidence),
        unmeasured_sharpness=bool(trials["sharpness_initial"].isna().all()),
        lost=list(evidence.failed.items()),
        mapped=_mapped(evidence),
        brier=brier,
        folds=FOLDS,
        figure=None
        if brier is None
        else picture(
            "reliability",
            lambda theme: reliability_plot(bins, theme=theme),
            alt=f"Share of stable trials by predicted probability, in {len(bins)} bins; "
            f"Brier score {brier.model:.3f}.",
            caption="Trials that the map did not see, by the probability it gave them. On the "
            "line both agree; larger marks are more trials.",
        ),
    )


def _ended_early(evidence: Evidence) -> str | None:
    """What `stop: decided` did, and its measured error."""
    ended = evidence.of(_stopped)
    if ended is None:
        return None
    text = (
        f"{count_label(ended.trials, 'trial')} ended once the verdict vanishing was certain: "
        f"{percent(ended.saved)} of all steps were saved. "
    )
    if not ended.audited:
        return text + "None was trained on to check that."
    return (
        text + f"Of {ended.audited} that were trained on all the same, {ended.wrong} ended "
        f"otherwise: with 95 % confidence {percent(ended.low)} to {percent(ended.high)} of "
        "such decisions are wrong."
    )


def _mapped(evidence: Evidence) -> str:
    drawn = evidence.of(regions)
    return names_label(drawn[0].attrs["x"], drawn[0].attrs["y"]) if drawn else ""


def _tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    predicted = evidence.of(held_out)
    return {} if predicted.empty else {"reliability.csv": reliability(predicted)}


def _summary(evidence: Evidence) -> dict[str, object]:
    brier = brier_scores(evidence.of(held_out))
    ended = evidence.of(_stopped)
    return {
        "calibration": None if brier is None else {"map": _mapped(evidence), **asdict(brier)},
        "stopped": None if ended is None else _without_nan(asdict(ended)),
    }


def _without_nan(figures: dict[str, float]) -> dict[str, float | None]:
    return {name: None if value != value else value for name, value in figures.items()}


def _text(evidence: Evidence) -> str:
    shown = honesty(evidence)
    seeds = count_label(shown.most_seeds, "seed")
    if shown.least_seeds < shown.most_seeds:
        seeds = f"{shown.least_seeds} to {seeds}"
    lines = [
        f"- {count_label(shown.trials, 'trial')} of "
        f"{count_label(shown.configurations, 'configuration')}, {seeds} each; "
        f"{sum(number for _, number in shown.lost)} lost to the infrastructure."
    ]
    if shown.ended_early is not None:
        lines.append(f"- {shown.ended_early}")
    if shown.brier is not None:
        lines.append(
            f"- Smoothed map of {shown.mapped}: Brier score {shown.brier.model:.3f} on trials "
            f"held out, against {shown.brier.base:.3f} of the share of stable trials alone."
        )
    return "\n".join(lines)


SECTION = Section(
    name="honesty",
    title="How far to trust this",
    stage="checking how far to trust it",
    view=honesty,
    tables=_tables,
    summary=_summary,
    text=_text,
    folded=True,
)
