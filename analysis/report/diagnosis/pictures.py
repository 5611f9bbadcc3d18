"""The figures of a diagnosis."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd

from analysis.figures import (
    gradient_by_layer,
    gradient_through_time,
    layer_heatmap,
    layer_scales,
    seed_curves,
)
from analysis.figures.palette import VERDICT_COLORS
from analysis.figures.seed_curves import SeedGroup
from analysis.labels import count_label, number_label
from analysis.report.diagnosis.subject import DiagnosisSubject, Remedied, Seeds
from analysis.report.page.picture import Picture, picture
from analysis.space.axes import hyperparameters
from analysis.trials.gradient_profiles import gradient_profiles, time_profiles

_LOG: Mapping[str, Literal["", "low", "high"]] = {
    "loss": "low",
    "metric": "",
    "update_ratio": "high",
    "learning_rate": "high",
}

_LABELS = {"loss": "loss", "update_ratio": "update / parameters", "learning_rate": "learning rate"}


def training_pictures(subject: DiagnosisSubject) -> list[Picture]:
    """Loss and metric by step, a line a seed in the colour of its verdict."""
    groups = _by_verdict(subject.seeds)
    return [
        _curves(f"seeds-{column}", column, groups, subject, what="each seed")
        for column in ("loss", "metric")
    ]


def remedy_pictures(subject: DiagnosisSubject, number: int, remedy: Remedied) -> list[Picture]:
    """Loss and metric of a changed configuration beside those of the diagnosed one.

    A metric that the diagnosed one was not measured by has lines of the changed one alone.

    Args:
        subject: The diagnosis.
        number: Which change it is, for the figures' names.
        remedy: The change, and the changed configuration.
    """
    before = SeedGroup(name="before", steps=subject.seeds.steps, broken=_broken(subject.seeds))
    after = SeedGroup(
        name="with the change",
        steps=remedy.seeds.steps,
        color=VERDICT_COLORS["stable"],
        broken=_broken(remedy.seeds),
    )
    loss = _curves(
        f"remedy-{number}-loss", "loss", [before, after], subject, what="before and after"
    )
    changed = dataclasses.replace(subject, metric=remedy.metric, seeds=remedy.seeds)
    metric = _curves(
        f"remedy-{number}-metric",
        "metric",
        [before, after] if remedy.metric == subject.metric else [after],
        changed,
        what="before and after" if remedy.metric == subject.metric else "with the change",
    )
    return [loss, metric]


def update_pictures(subject: DiagnosisSubject) -> list[Picture]:
    """Size of the updates by step, and the learning rate that was in force."""
    groups = _by_verdict(subject.seeds)
    captions = {
        "update_ratio": "Size of an update over the size of the parameters, at recorded steps.",
        "learning_rate": "The learning rate in force at each step.",
    }
    return [
        _curves(f"steps-{column}", column, groups, subject, what="each seed", caption=caption)
        for column, caption in captions.items()
    ]


def gradient_picture(seeds: Seeds, trial: int) -> Picture | None:
    """The gradient by layer and step of a typical seed; None where layers were not measured."""
    rows = seeds.layers[seeds.layers["trial"] == trial]
    if rows.empty or rows["delta_rms"].isna().all():
        return None
    first = rows[rows["step"] == rows["step"].min()].sort_values("layer")["delta_rms"].dropna()
    ends = ""
    if len(first) > 1:
        ends = f" At the first step {number_label(first.iloc[0])} at the first layer and "
        ends += f"{number_label(first.iloc[-1])} at the last."
    return picture(
        "gradients",
        lambda theme: layer_heatmap(rows, decades=delta_decades(rows), theme=theme),
        alt=f"Heat map of the gradient by layer and step of seed {trial}.{ends}",
        caption=f"Seed {trial}. A cross marks what was not finite, a ring what was exactly zero.",
    )


def profile_pictures(seeds: Seeds) -> list[Picture]:
    """The gradient by layer, and over time steps, at both ends of training: medians of seeds."""
    known = hyperparameters(seeds.trials)
    by = "activation" if "activation" in known else next(iter(known), None)
    if by is None or seeds.layers.empty:
        return []
    drawn = []
    profiles = gradient_profiles(seeds.trials, seeds.layers, by)
    if len(profiles) and profiles.attrs["layers"] > 1:
        drawn.append(
            picture(
                "gradient-by-layer",
                lambda theme: gradient_by_layer(profiles, theme=theme),
                alt="Gradient by layer over that of the last hidden layer, at initialization, at "
                "the end, and as theory has it.",
                caption="Relative to the last hidden layer; medians of the seeds.",
            )
        )
    over_time = time_profiles(seeds.trials, seeds.layers, by)
    if len(over_time):
        drawn.append(
            picture(
                "gradient-through-time",
                lambda theme: gradient_through_time(over_time, theme=theme),
                alt="Gradient at the first time step over that at the last.",
                caption="Over the time steps; medians of the seeds and of the recurrent layers.",
            )
        )
    return drawn


def delta_decades(rows: pd.DataFrame) -> tuple[float, float]:
    """Returns exponents of ten that hold all of one trial, however far it vanished."""
    delta = rows["delta_rms"].to_numpy(dtype=np.float64, na_value=np.nan)
    exponents = np.log10(delta[(delta > 0) & np.isfinite(delta)])
    if not exponents.size:
        return -1.0, 1.0
    low = float(np.floor(exponents.min()))
    return low, max(low + 2, float(np.ceil(exponents.max())))


def scale_picture(seeds: Seeds, trial: int) -> Picture | None:
    """The scale of the signal by layer of a typical seed; None where layers were not measured."""
    rows = seeds.layers[seeds.layers["trial"] == trial]
    if rows.empty or rows["preactivation_rms"].isna().all():
        return None
    row = seeds.trials[seeds.trials["trial"] == trial].iloc[0]
    inputs, targets = _number(row, "input_rms"), _number(row, "target_rms")
    known = [
        f"{name} {number_label(value)}"
        for name, value in (("inputs", inputs), ("targets", targets))
        if np.isfinite(value)
    ]
    return picture(
        "scales",
        lambda theme: layer_scales(rows, inputs=inputs, targets=targets, theme=theme),
        alt="Root mean square of what each layer puts out, at several steps"
        f"{'; of ' + ' and of '.join(known) if known else ''}.",
        caption=f"Seed {trial}."
        + (" Diamonds are the data." if known else " Labels and tokens have no scale."),
    )


def _curves(
    id: str,
    column: str,
    groups: list[SeedGroup],
    subject: DiagnosisSubject,
    *,
    what: str,
    caption: str = "",
) -> Picture:
    label = _LABELS.get(column, subject.metric)
    marks, lowest = _levels(subject, column)
    number = sum(group.steps["trial"].nunique() for group in groups)
    return picture(
        id,
        lambda theme: seed_curves(
            groups,
            column=column,
            label=label,
            log=_LOG[column],
            marks=marks,
            lowest=lowest,
            theme=theme,
        ),
        alt=f"{label} by step, {what}: {count_label(number, 'line')}.",
        caption=caption,
    )


def _levels(subject: DiagnosisSubject, column: str) -> tuple[Mapping[str, float], float]:
    """Returns levels to compare with, and where the axis of a metric need not go below."""
    row = subject.seeds.trials.iloc[0]
    if column == "loss":
        return {"best constant": _number(row, "loss_chance")}, -np.inf
    if column != "metric":
        return {}, -np.inf
    chance, target = _number(row, "metric_chance"), _number(row, "metric_target")
    ceiling = _number(row, "metric_ceiling")
    lowest = chance - (ceiling - chance) if np.isfinite(ceiling) and ceiling > chance else -np.inf
    return {"chance": chance, "target": target}, lowest


def _by_verdict(seeds: Seeds) -> list[SeedGroup]:
    verdicts = seeds.trials.set_index("trial")["verdict"]
    return [
        SeedGroup(
            name=verdict,
            steps=seeds.steps[seeds.steps["trial"].isin(verdicts.index[verdicts == verdict])],
            color=color,
            broken=_broken(seeds),
        )
        for verdict, color in VERDICT_COLORS.items()
        if (verdicts == verdict).any()
    ]


def _broken(seeds: Seeds) -> frozenset[int]:
    ended = seeds.trials["outcome"].isin(("nonfinite", "diverged"))
    return frozenset(seeds.trials.loc[ended, "trial"])


def _number(row: pd.Series, column: str) -> float:
    value = row.get(column)
    return np.nan if value is None or pd.isna(value) else float(value)
