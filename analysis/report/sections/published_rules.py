"""Published rules that warn of unstable training, against the verdicts."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.labels import percent
from analysis.report.detectors import RULE_SOURCES
from analysis.report.findings.evidence import Evidence
from analysis.report.page.section import Section
from analysis.trials.published_rules import ANY_RULE, REGIME, rule_agreement, rule_kappa
from analysis.trials.records import records

_SUMMARY: dict[str, str] = {
    ANY_RULE: "any of these rules",
    REGIME: "gradscape's regime alone",
}


@dataclass(frozen=True, kw_only=True)
class RuleRow:
    """One rule, or a `summary` of several; shares as texts, "–" of no trials."""

    source: str
    name: str
    summary: bool
    fired: int
    recall: str
    recall_all: str
    false_alarms: str


@dataclass(frozen=True, kw_only=True)
class PublishedRules:
    """The rules, over `recorded` trials."""

    recorded: int
    not_recorded: int
    failures: int
    stable: int
    rows: list[RuleRow]


def published_rules(evidence: Evidence) -> PublishedRules:
    """Collects each rule's recall and false alarms."""
    rules = evidence.of(_rules)
    return PublishedRules(
        recorded=rules.attrs["recorded"],
        not_recorded=rules.attrs["not_recorded"],
        failures=int(rules["all_failures"].iloc[0]),
        stable=int(rules["stable"].iloc[0]),
        rows=[
            RuleRow(
                source=_source(row["rule"]),
                name=_name(row["rule"]),
                summary=row["rule"] in _SUMMARY,
                fired=row["fired"],
                recall=percent(row["recall"]),
                recall_all=percent(row["recall_all"]),
                false_alarms=percent(row["false_alarm_share"]),
            )
            for row in records(rules)
        ],
    )


def _source(rule: str) -> str:
    source = rule.partition(".")[0]
    return "" if rule in _SUMMARY else RULE_SOURCES.get(source, source)


def _name(rule: str) -> str:
    return _SUMMARY.get(rule) or rule.partition(".")[2].replace("_", " ")


def _rules(evidence: Evidence) -> pd.DataFrame:
    return rule_agreement(evidence.trials)


def _agreement(evidence: Evidence) -> pd.DataFrame:
    return rule_kappa(evidence.trials)


def _tables(evidence: Evidence) -> dict[str, pd.DataFrame]:
    rules = evidence.of(_rules)
    if not rules.attrs["recorded"]:
        return {}
    kappa = evidence.of(_agreement).rename_axis("rule")
    return {"published_rules.csv": rules, "rule_kappa.csv": kappa}


def _summary(evidence: Evidence) -> dict[str, object]:
    rules = evidence.of(_rules)
    recorded = rules.attrs["recorded"]
    return {"published_rules": {**rules.attrs, "rows": rules} if recorded else None}


SECTION = Section(
    name="published_rules",
    title="Published rules",
    view=published_rules,
    tables=_tables,
    summary=_summary,
    folded=True,
)
