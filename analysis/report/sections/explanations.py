"""A few trials of each verdict: what happened in them, how their gradients ran, what noticed."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.figures import loss_curves
from analysis.labels import percent
from analysis.report.files.markdown import plain
from analysis.report.findings.evidence import Evidence
from analysis.report.page.picture import Picture, picture
from analysis.report.page.section import Section
from analysis.report.page.trial_card import Card, Series, text_of, trial_card
from analysis.trials.records import records
from analysis.trials.representatives import representative_trials


@dataclass(frozen=True, kw_only=True)
class VerdictCard:
    """A trial that stands for the most frequent way in which `of` trials came to a verdict."""

    verdict: str
    of: int
    card: Card


@dataclass(frozen=True, kw_only=True)
class Explanations:
    """The trials and their losses."""

    verdicts: list[VerdictCard]
    losses: Picture | None


def representatives(evidence: Evidence) -> pd.DataFrame:
    """Picks a few trials of each verdict."""
    return representative_trials(evidence.trials)


def explanations(evidence: Evidence) -> Explanations:
    """Collects cards for each verdict that occurs."""
    chosen = evidence.of(representatives).drop_duplicates("verdict")
    numbers = [int(number) for number in chosen["trial"]]
    rows = evidence.trials[evidence.trials["trial"].isin(numbers)]
    series = Series(
        layers=evidence.layers(numbers),
        steps=evidence.steps(numbers),
        address=str(evidence.metadata.get("tracking_uri", "")),
    )
    by_trial = {row["trial"]: row for row in records(rows)}
    groups = [
        VerdictCard(
            verdict=way["verdict"],
            of=int(way["of"]),
            card=trial_card(
                rows,
                by_trial[way["trial"]],
                series,
                trial=int(way["trial"]),
                alike=int(way["alike"]),
            ),
        )
        for way in records(chosen)
    ]
    return Explanations(verdicts=groups, losses=_losses(chosen, rows, series.steps))


def _losses(chosen: pd.DataFrame, rows: pd.DataFrame, steps: pd.DataFrame) -> Picture | None:
    if steps.empty:
        return None
    first = chosen[["trial"]].merge(rows, on="trial")
    return picture(
        "losses",
        lambda theme: loss_curves(steps, first, theme=theme),
        alt="Loss over first loss by step, of the first trial of each verdict above.",
        caption="Loss over first loss of the first trial of each verdict above. A cross ends a "
        "trial that diverged or became non-finite.",
    )


def _summary(evidence: Evidence) -> dict[str, object]:
    chosen = evidence.of(representatives)
    runs = evidence.trials[["trial", "mlflow_run_id"]]
    return {"typical": chosen.merge(runs, on="trial", how="left")}


def _markdown(evidence: Evidence) -> str:
    chosen = evidence.of(representatives)
    explanation = evidence.trials.set_index("trial")["explanation"]
    return "\n".join(
        f"- **{row['verdict']}**, {row['alike']} of {row['of']} like trial {row['trial']} "
        f"({percent(row['alike'] / row['of'])}): {plain(text_of(explanation[row['trial']]))}"
        for row in records(chosen)
    )


SECTION = Section(
    name="explanations",
    title="Typical trials of each verdict",
    stage="choosing typical trials",
    view=explanations,
    summary=_summary,
    text=_markdown,
    folded=True,
)
