"""The report's sections in their order: each is one file here and one template."""

from __future__ import annotations

from analysis.report.page.section import Section
from analysis.report.sections import (
    design,
    explanations,
    flags,
    headline,
    honesty,
    learning_rates,
    maps,
    methods,
    published_rules,
    relabelled,
    remedies,
    safe_regions,
    settling,
    theory,
    verdicts,
    what_matters,
)

SECTIONS: tuple[Section, ...] = (
    headline.SECTION,
    relabelled.SECTION,
    verdicts.SECTION,
    safe_regions.SECTION,
    maps.SECTION,
    settling.SECTION,
    learning_rates.SECTION,
    design.SECTION,
    what_matters.SECTION,
    remedies.SECTION,
    explanations.SECTION,
    theory.SECTION,
    flags.SECTION,
    published_rules.SECTION,
    honesty.SECTION,
    methods.SECTION,
)

__all__ = ["SECTIONS"]
