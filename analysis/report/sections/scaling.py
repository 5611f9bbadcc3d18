"""How the largest learning rate moves with a size that the study was carried to."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.errors import AnalysisError
from analysis.figures.edge_scaling import edge_scaling as draw
from analysis.maps.edge_scaling import EdgeScaling, edge_scaling
from analysis.report.files.markdown import plain
from analysis.report.findings.evidence import Evidence
from analysis.report.page.picture import Picture, picture
from analysis.report.page.section import Section
from analysis.space.axes import is_numeric

_GROWING = ("width", "depth", "batch_size")
_TWICE = 2
"""Times the largest size at which the edge is predicted, which nobody trained."""

_NEAR = 1.5
"""Factor by which a prediction may be off and still be of use."""


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """The figure and what it says, a sentence each."""

    figure: Picture
    sentences: list[str]


def scaling(evidence: Evidence) -> Scaling | None:
    """Collects how the edge moves; None unless the study's last trials are of its largest size."""
    found = evidence.of(_found)
    if found is None:
        return None
    sentences = _sentences(found)
    return Scaling(
        figure=picture(
            "edge-scaling", lambda theme: draw(found, theme=theme), alt=" ".join(sentences)
        ),
        sentences=sentences,
    )


def _found(evidence: Evidence) -> EdgeScaling | None:
    trials = evidence.trials
    for axis in _GROWING:
        if axis not in trials or not is_numeric(trials[axis]) or trials[axis].nunique() < 3:
            continue
        largest = trials[axis] == trials[axis].max()
        # The mark of a map that was carried on: larger sizes came when all smaller ones were done.
        if trials.loc[largest, "trial"].min() < trials.loc[~largest, "trial"].max():
            continue
        try:
            found = edge_scaling(trials, axis)
        except AnalysisError:
            return None
        return found if found.exponent == found.exponent else None
    return None


def _sentences(found: EdgeScaling) -> list[str]:
    axis = found.axis.replace("_", " ")
    edges = found.sizes.dropna()
    sentences = [
        f"The largest learning rate at which half of the trials still learn goes as {axis} to the "
        f"power of {found.exponent:.2f} ({found.low:.2f} to {found.high:.2f})."
    ]
    beyond = found.predict(float(edges["size"].max() * _TWICE))
    sentences.append(
        f"At {axis} {beyond.size:g}, which was not trained, it is expected at {beyond.edge:.3g} "
        f"({beyond.low:.3g} to {beyond.high:.3g})."
    )
    held = found.held_out
    if held is not None:
        said, came = held.predicted, held.measured
        verdict = "as expected"
        if held.wrong:
            verdict = "that was wrong, do not trust the prediction beyond"
        elif held.factor > _NEAR:
            verdict = "within the interval, which is too wide to plan with"
        sentences.append(
            f"Predicted from all smaller sizes, the edge at {axis} {came.size:g} was to be "
            f"{said.edge:.3g} ({said.low:.3g} to {said.high:.3g}); measured, it is "
            f"{came.edge:.3g} ({came.low:.3g} to {came.high:.3g}), a factor of "
            f"{held.factor:.2f}: {verdict}."
        )
    without = found.sizes.loc[found.sizes["edge"].isna(), "size"]
    if len(without):
        sizes = ", ".join(f"{size:g}" for size in without)
        sentences.append(f"The trials at {axis} {sizes} do not bracket an edge.")
    return sentences


def _tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    found = evidence.of(_found)
    return {} if found is None else {"scaling.csv": found.sizes}


def _text(evidence: Evidence) -> str:
    found = evidence.of(_found)
    return "" if found is None else plain(" ".join(_sentences(found)))


SECTION = Section(
    name="scaling",
    title="How does the edge move with scale?",
    view=scaling,
    tables=_tables,
    text=_text,
)
