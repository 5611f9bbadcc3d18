"""Loss by step and gradient by layer of the trials inside the page."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.report.walk.axes import rounded

MAX_CURVES = 3000
"""Of so many trials the page has curves; of more, those of evenly spaced parts of the tables."""


def curve_trials(
    parts: Mapping[str, Sequence[int]], inside: Collection[int], first: Collection[int] = ()
) -> list[int]:
    """Chooses trials whose curves go into the page, from few files of the tables.

    Args:
        parts: Trials by file.
        inside: Trials that are in the page.
        first: Trials of these that have curves in any case.
    """
    wanted, chosen = set(inside), [trial for trial in first if trial in set(inside)]
    if len(wanted) <= MAX_CURVES:
        return sorted(wanted)
    names = sorted(parts)
    # Every so many files, then those between them: reading all files of a large study is slow.
    stride = max(1, len(names) * max(1, _mean_size(parts)) // MAX_CURVES)
    for name in names[::stride]:
        chosen += [trial for trial in parts[name] if trial in wanted]
        if len(chosen) >= MAX_CURVES:
            break
    return sorted(set(chosen[: MAX_CURVES + len(first)]))


def _mean_size(parts: Mapping[str, Sequence[int]]) -> int:
    return sum(map(len, parts.values())) // max(1, len(parts))


def walk_curves(steps: pd.DataFrame, layers: pd.DataFrame) -> dict[str, object]:
    """Returns the curves by trial, as JSON values.

    Args:
        steps: Rows of the steps table, sorted by trial and step.
        layers: Rows of the layers table, sorted by trial, step and layer.

    Returns:
        `loss`: by trial `[steps, losses]`; `gradient`: by trial `[layers, first, last]`, the root
        mean square of delta at the first recorded step and at the last one.
    """
    losses: dict[str, object] = {}
    if len(steps):
        values = rounded(steps["loss"].to_numpy(dtype=np.float64, na_value=np.nan), 3)
        at = steps["step"].to_numpy().tolist()
        for trial, start, end in _runs(steps["trial"].to_numpy()):
            losses[str(trial)] = [at[start:end], values[start:end]]
    gradients: dict[str, object] = {}
    if len(layers):
        delta = rounded(layers["delta_rms"].to_numpy(dtype=np.float64, na_value=np.nan), 3)
        step, layer = layers["step"].to_numpy(), layers["layer"].to_numpy().tolist()
        for trial, start, end in _runs(layers["trial"].to_numpy()):
            head = start + int(np.searchsorted(step[start:end], step[start], side="right"))
            tail = start + int(np.searchsorted(step[start:end], step[end - 1], side="left"))
            ends = [delta[start:head], delta[tail:end] if tail > start else []]
            gradients[str(trial)] = [layer[start:head], *ends]
    return {"loss": losses, "gradient": gradients}


def _runs(trials: np.ndarray) -> list[tuple[int, int, int]]:
    """Returns (trial, first row, row behind the last) of rows that are sorted by trial."""
    starts = np.flatnonzero(np.concatenate([[True], trials[1:] != trials[:-1]]))
    ends = np.append(starts[1:], len(trials))
    return [(int(trials[a]), int(a), int(b)) for a, b in zip(starts, ends, strict=True)]
