"""The walkable map: axes, sliders, trials, filters, a table; evaluated in the page."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from analysis.report.findings.evidence import Evidence
from analysis.report.page.section import Section
from analysis.report.walk.data import inside, walk_data
from analysis.report.walk.packing import packed


@dataclass(frozen=True, kw_only=True)
class Walk:
    """`data`: packed, for the page's script; so many trials are `shown` in it or `left_out`."""

    data: Markup
    model: bool
    shown: int
    left_out: int


def walk(evidence: Evidence) -> Walk | None:
    """Packs what the map carries; None if fewer than two hyperparameters vary."""
    data = walk_data(evidence)
    if data is None:
        return None
    shown = len(evidence.of(inside))
    return Walk(
        data=Markup(packed(data)),
        model=data["model"] is not None,
        shown=shown,
        left_out=len(evidence.trials) - shown,
    )


SECTION = Section(name="walk", title="Walk in the map", view=walk)
