"""What happened when in a watched run, from its tables."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.labels import number_label

VIOLENT = 0.1
"""Update over the parameters above which a step is told of; the default of `violent_update`."""

DEAD = 0.9
"""Share of a layer's units from which it is told of as dead; the default of `dead_share`."""

GROWN = 10.0
"""Factor by which a gradient norm must have grown over the median before it to be told."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened.

    Attributes:
        step: When it was first seen.
        text: What, in words.
    """

    step: int
    text: str


def events(trial: pd.Series, steps: pd.DataFrame, layers: pd.DataFrame) -> tuple[Event, ...]:
    """Lists what happened, in the order of the steps.

    Args:
        trial: A row of the trials table.
        steps: Its rows of the steps table.
        layers: Its rows of the layers table.
    """
    found = [*_of_steps(steps), *_of_layers(layers)]
    if pd.notna(trial.get("rise_step")):
        text = "from here on the loss is above twice the first"
        found.append(Event(step=int(trial["rise_step"]), text=text))
    if pd.notna(trial.get("failure_step")):
        what = trial.get("failure_detail")
        detail = f": {what}" if isinstance(what, str) else ""
        origin = trial.get("failure_origin")
        name = origin if isinstance(origin, str) else trial.get("failure_tensor")
        text = f"first value that is not finite, in {str(name).replace('_', ' ')}{detail}"
        found.append(Event(step=int(trial["failure_step"]), text=text))
    return tuple(sorted(found, key=lambda event: event.step))


def _of_steps(steps: pd.DataFrame) -> list[Event]:
    ordered = steps.sort_values("step")
    found = []
    violent = ordered[ordered["update_ratio"] > VIOLENT]
    if len(violent):
        row = violent.iloc[0]
        moved = number_label(row["update_ratio"])
        text = f"first update that moves the parameters by much of their size ({moved})"
        found.append(Event(step=int(row["step"]), text=text))
    usual = ordered["grad_norm"].expanding().median().shift()
    grown = ordered[ordered["grad_norm"] > GROWN * usual]
    if len(grown):
        row = grown.iloc[0]
        before = number_label(usual.loc[grown.index[0]])
        text = f"the gradient norm jumps from about {before} to {number_label(row['grad_norm'])}"
        found.append(Event(step=int(row["step"]), text=text))
    clipped = ordered[ordered["clip_factor"] < 1]
    if len(clipped):
        text = f"first clipping that was seen, of {len(clipped)} in {len(ordered)} steps looked at"
        found.append(Event(step=int(clipped.iloc[0]["step"]), text=text))
    return found


def _of_layers(layers: pd.DataFrame) -> list[Event]:
    hidden = layers[layers["role"] == "hidden"].sort_values("step")
    found = []
    for name, rows in hidden.groupby("name", sort=False):
        dead = rows[rows["dead_fraction"] >= DEAD]
        if len(dead):
            row = dead.iloc[0]
            share = number_label(100 * row["dead_fraction"])
            text = f"{share} % of the units of {name} are zero on the whole batch"
            found.append(Event(step=int(row["step"]), text=text))
    return found
