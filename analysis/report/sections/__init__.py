"""The report's sections in their order: each is one file here and one template."""

from __future__ import annotations

from analysis.report.page.section import Section
from analysis.report.sections import (
    design,
    explanations,
    flags,
    gradients,
    headline,
    honesty,
    learning_rates,
    maps,
    methods,
    published_rules,
    relabelled,
    remedies,
    safe_regions,
    scaling,
    settling,
    theory,
    verdicts,
    walk,
    what_matters,
)

SECTIONS: tuple[Section, ...] = (
    headline.SECTION,
    relabelled.SECTION,
    walk.SECTION,
    safe_regions.SECTION,
    verdicts.SECTION,
    remedies.SECTION,
    gradients.SECTION,
    explanations.SECTION,
    learning_rates.SECTION,
    scaling.SECTION,
    maps.SECTION,
    what_matters.SECTION,
    theory.SECTION,
    settling.SECTION,
    design.SECTION,
    flags.SECTION,
    published_rules.SECTION,
    honesty.SECTION,
    methods.SECTION,
)

__all__ = ["SECTIONS"]
