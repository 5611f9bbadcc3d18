"""The report's sections in their order: each is one file here and one template."""

from __future__ import annotations

from analysis.report.section import Section
from analysis.report.sections import (
    explanations,
    flags,
    headline,
    honesty,
    learning_rates,
    maps,
    methods,
    published_rules,
    relabelled,
    theory,
    verdicts,
)

SECTIONS: tuple[Section, ...] = (
    headline.SECTION,
    relabelled.SECTION,
    verdicts.SECTION,
    maps.SECTION,
    learning_rates.SECTION,
    explanations.SECTION,
    theory.SECTION,
    flags.SECTION,
    published_rules.SECTION,
    honesty.SECTION,
    methods.SECTION,
)

__all__ = ["SECTIONS"]
