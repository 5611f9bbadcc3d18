"""Pictures for a lecture: gradients by layer and over time, step sizes, clipping."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.figures import (
    clipped_norms,
    gradient_by_layer,
    gradient_through_time,
    update_sizes,
)
from analysis.labels import number_label, value_label
from analysis.report.findings.evidence import Evidence
from analysis.report.findings.series import ShownSeries, shown_series
from analysis.report.findings.setting import recommended_setting
from analysis.report.page.picture import Picture, picture
from analysis.report.page.section import Section
from analysis.space.axes import varied
from analysis.trials.gradient_profiles import (
    MOMENTS,
    clipping_effect,
    gradient_profiles,
    step_sizes,
    time_profiles,
)
from analysis.trials.records import records

BY = (
    "network",
    "activation",
    "initialization",
    "normalization",
    "connections",
    "init_gain",
    "recurrent_initialization",
    "recurrent_gain",
    "weight_std",
)
"""Hyperparameters by which gradients are drawn, as far as they vary; names before numbers."""

MOST = 4
"""So many pictures of gradients by layer are shown, and as many over time."""

FEWEST = 2
"""Trials of each value that a line is drawn from, at least."""


@dataclass(frozen=True, kw_only=True)
class Gradients:
    """The pictures; none of what was not measured or did not vary."""

    pictures: list[Picture]


def gradients(evidence: Evidence) -> Gradients | None:
    """Draws what the trials' series show; None where nothing was recorded."""
    series = evidence.of(shown_series)
    names = [name for name in BY if name in varied(series.trials)]
    names = [name for name in names if series.trials[name].nunique() <= 8]
    plain = [(name, *_plain(series.trials, names, name, evidence)) for name in names][:MOST]
    pictures = [_by_layer(series, *each) for each in plain]
    pictures += [_through_time(series, *each) for each in plain]
    pictures += [_updates(series), _clipping(series)]
    drawn = [one for one in pictures if one is not None]
    return Gradients(pictures=drawn) if drawn else None


def _plain(
    trials: pd.DataFrame, names: list[str], name: str, evidence: Evidence
) -> tuple[pd.DataFrame, str]:
    """Returns trials that differ in one hyperparameter, as far as there are enough, and in words
    what the others are.

    What can be left out (normalization, connections) is; the rest is as recommended.
    """
    setting, said, kept = evidence.of(recommended_setting), [], trials
    for other in [each for each in names if each != name]:
        none = (kept[other].astype("str") == "none").any()
        value = "none" if none else setting[other]
        some = kept[kept[other] == value]
        counts = some.groupby(name, observed=True).size()
        if len(counts) == kept[name].nunique() and counts.min() >= FEWEST:
            kept = some
            said.append(f"{other.replace('_', ' ')} {value_label(value)}")
    kept.attrs = trials.attrs
    return kept, ", ".join(said)


def _by_layer(series: ShownSeries, name: str, trials: pd.DataFrame, others: str) -> Picture | None:
    profiles = gradient_profiles(trials, series.layers, name)
    # Two layers are no picture of what happens from layer to layer.
    if profiles.empty or profiles.attrs["layers"] < 3:
        return None
    title = name.replace("_", " ")
    return picture(
        f"gradient-by-layer-{name}",
        lambda theme: gradient_by_layer(profiles, theme=theme),
        alt=f"Gradient by layer, a line for each {title}. At the first layer of "
        f"{profiles.attrs['layers']}, at initialization: {_ends(profiles)}.",
        caption=f"By {title}, {profiles.attrs['layers']} hidden layers"
        f"{'; ' + others if others else ''}. Medians of the trials.",
    )


def _ends(profiles: pd.DataFrame) -> str:
    first = profiles[profiles["moment"] == MOMENTS[0]]
    first = first[first["layer"] == first["layer"].min()]
    return ", ".join(f"{row['value']} {number_label(row['ratio'])}" for row in records(first))


def _through_time(
    series: ShownSeries, name: str, trials: pd.DataFrame, others: str
) -> Picture | None:
    profiles = time_profiles(trials, series.layers, name)
    if profiles.empty:
        return None
    title = name.replace("_", " ")
    return picture(
        f"gradient-through-time-{name}",
        lambda theme: gradient_through_time(profiles, theme=theme),
        alt=f"Gradient at the first time step over that at the last, a line for each {title}.",
        caption=f"Over time steps, by {title}{'; ' + others if others else ''}. Medians of the "
        "trials.",
    )


def _updates(series: ShownSeries) -> Picture | None:
    sizes = step_sizes(series.trials, series.steps)
    if sizes.empty:
        return None
    return picture(
        "update-sizes",
        lambda theme: update_sizes(sizes, theme=theme),
        alt="Size of an update over that of the parameters by step, a line for each verdict.",
        caption="Size of the steps by verdict; medians and quartiles.",
    )


def _clipping(series: ShownSeries) -> Picture | None:
    if "clip_norm" not in varied(series.trials) or series.trials["clip_norm"].nunique() > 8:
        return None
    norms = clipping_effect(series.trials, series.steps)
    if norms.empty:
        return None
    return picture(
        "clipped-norms",
        lambda theme: clipped_norms(norms, theme=theme),
        alt="Norm of the gradient by step before and after clipping, by the largest norm allowed.",
        caption="What clipping does to the norm of the gradient; medians of the trials.",
    )


SECTION = Section(name="gradients", title="Gradients by layer", view=gradients)
