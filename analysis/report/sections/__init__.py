"""The report's sections in their order: each is one file here and one template."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from analysis.report.evidence import Evidence
from analysis.report.sections.explanations import explanations
from analysis.report.sections.flags import flags
from analysis.report.sections.headline import headline
from analysis.report.sections.honesty import honesty
from analysis.report.sections.learning_rates import learning_rates
from analysis.report.sections.maps import maps
from analysis.report.sections.methods import methods
from analysis.report.sections.published_rules import published_rules
from analysis.report.sections.relabelled import relabelled
from analysis.report.sections.theory import theory
from analysis.report.sections.verdicts import verdicts


@dataclass(frozen=True, kw_only=True)
class Section:
    """One section of the page.

    Attributes:
        name: Of its template, `templates/<name>.html`, and of its anchor.
        title: As it stands in the contents; "" for the page's head.
        view: What the template shows, as a frozen dataclass; None leaves the section out.
    """

    name: str
    title: str
    view: Callable[[Evidence], object | None]


SECTIONS: tuple[Section, ...] = (
    Section(name="headline", title="", view=headline),
    Section(name="relabelled", title="Labelled anew", view=relabelled),
    Section(name="verdicts", title="Verdicts", view=verdicts),
    Section(name="maps", title="Stability regions", view=maps),
    Section(name="learning_rates", title="Learning rates that train", view=learning_rates),
    Section(name="explanations", title="A typical trial of each verdict", view=explanations),
    Section(name="theory", title="Theory against observation", view=theory),
    Section(name="flags", title="Flags", view=flags),
    Section(name="published_rules", title="Published rules", view=published_rules),
    Section(name="honesty", title="How far to trust this", view=honesty),
    Section(name="methods", title="Methods and references", view=methods),
)
