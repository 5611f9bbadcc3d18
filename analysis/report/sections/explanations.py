"""One typical trial of each verdict: what happened in it and how its gradients ran."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from analysis.axes import hyperparameters, varied
from analysis.figures import layer_gradients, loss_curves
from analysis.labels import count_label, number_label, value_label
from analysis.records import records
from analysis.report.evidence import Evidence
from analysis.report.findings import counts, typical
from analysis.report.picture import Picture, picture
from analysis.report.section import Section


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A name and its value, as texts; `varied` where the study varied it."""

    name: str
    value: str
    varied: bool


@dataclass(frozen=True, kw_only=True)
class TypicalTrial:
    """One trial; no figure if the tables have no layers of it."""

    verdict: str
    trial: int
    of: int
    explanation: str
    settings: list[Setting]
    figures: list[Setting]
    mlflow_run_id: str
    figure: Picture | None


@dataclass(frozen=True, kw_only=True)
class Explanations:
    """The trials and their losses."""

    trials: list[TypicalTrial]
    losses: Picture | None


def explanations(evidence: Evidence) -> Explanations:
    """A card for each verdict that occurs."""
    of = evidence.of(counts).set_index("verdict")["trials"]
    chosen = evidence.of(typical)
    numbers = [int(number) for number in chosen["trial"]]
    layers, steps = evidence.layers(numbers), evidence.steps(numbers)
    cards = [
        _card(evidence.trials, row, int(of[row["verdict"]]), layers) for row in records(chosen)
    ]
    losses = None
    if len(steps):
        losses = picture(
            "losses",
            lambda theme: loss_curves(steps, chosen, theme=theme),
            alt="Loss over first loss by step of the trials above.",
            caption="The losses of these trials over their first loss. A cross ends a trial that "
            "diverged or became non-finite.",
        )
    return Explanations(trials=cards, losses=losses)


def _card(
    trials: pd.DataFrame, row: dict[str, object], of: int, layers: pd.DataFrame
) -> TypicalTrial:
    axes = varied(trials)
    names = [*axes, *(one for one in hyperparameters(trials) if one not in axes)]
    run = row["mlflow_run_id"]
    explanation = row["explanation"]
    number = int(str(row["trial"]))
    return TypicalTrial(
        verdict=str(row["verdict"]),
        trial=number,
        of=of,
        explanation=explanation if isinstance(explanation, str) else "",
        settings=[
            Setting(name=name.replace("_", " "), value=value_label(row[name]), varied=name in axes)
            for name in names
            if not _missing(row[name])
        ],
        figures=_figures(row),
        mlflow_run_id=run if isinstance(run, str) else "",
        figure=_gradients(layers, number, str(row["verdict"])),
    )


def _figures(row: dict[str, object]) -> list[Setting]:
    shown = {
        "outcome": row["outcome"],
        "regime at initialization": row["regime_initial"],
        "regime at the end": row["regime_final"],
        "steps run": row["steps_run"],
        "first loss": row["loss_initial"],
        "final loss": row["loss_final"],
        "delta ratio at step 0": row["delta_ratio_initial"],
    }
    return [
        Setting(name=name, value=_figure(value), varied=False)
        for name, value in shown.items()
        if not _missing(value)
    ]


def _gradients(layers: pd.DataFrame, trial: int, verdict: str) -> Picture | None:
    rows = layers[layers["trial"] == trial]
    if rows.empty:
        return None
    zero = int((rows["delta_rms"] == 0).sum())
    broken = int((rows["delta_rms"].isna() | (rows["delta_rms"].abs() == math.inf)).sum())
    notes = [f"{count_label(zero, 'value')} of exactly zero"] if zero else []
    notes += [f"{count_label(broken, 'non-finite value')}"] if broken else []
    missing = f" Not drawn: {' and '.join(notes)}." if notes else ""
    first = rows[rows["step"] == rows["step"].min()].sort_values("layer")["delta_rms"].dropna()
    ends = ""
    if len(first) > 1:
        ends = f" At the first step {number_label(first.iloc[0])} at the first layer and "
        ends += f"{number_label(first.iloc[-1])} at the last."
    return picture(
        f"layers-{verdict}",
        lambda theme: layer_gradients(rows, theme=theme),
        alt=f"Gradient by layer and step of trial {trial}.{ends}",
        caption=f"Size of the gradient at each layer, one line a recorded step.{missing}",
    )


def _figure(value: object) -> str:
    # An infinite loss is no absent limit.
    return "infinite" if value in (math.inf, -math.inf) else value_label(value, digits=3)


def _missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _summary(evidence: Evidence) -> dict[str, object]:
    return {"typical": evidence.of(typical)[["verdict", "trial", "mlflow_run_id"]]}


SECTION = Section(
    name="explanations",
    title="A typical trial of each verdict",
    view=explanations,
    summary=_summary,
)
