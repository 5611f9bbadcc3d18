"""Published rules that warn of unstable training, against the verdicts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from analysis.labels import percent, percent_range
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
class Share:
    """A share and its interval as texts, both "–" of no trials."""

    share: str
    interval: str


@dataclass(frozen=True, kw_only=True)
class RuleRow:
    """One rule; `number` stands for it in the table of agreements, `summary` if it is no rule."""

    number: int
    source: str
    name: str
    summary: bool
    after: str
    fired: int
    recall: Share
    recall_all: Share
    false_alarms: Share


@dataclass(frozen=True, kw_only=True)
class KappaRow:
    """One rule's agreement with each of the others, as texts; its own is number `column`."""

    number: int
    column: int
    name: str
    values: list[str]


@dataclass(frozen=True, kw_only=True)
class PublishedRules:
    """Rules, and their agreement as far as they fire in some trials and not in all."""

    recorded: int
    not_recorded: int
    failures: int
    stable: int
    rows: list[RuleRow]
    kappa: list[KappaRow]


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
                number=number,
                source=_source(row["rule"]),
                name=_name(row["rule"]),
                summary=row["rule"] in _SUMMARY,
                after="every failure" if row["after"] == "any" else row["after"],
                fired=row["fired"],
                recall=_share(row, "recall", "recall"),
                recall_all=_share(row, "recall_all", "recall_all"),
                false_alarms=_share(row, "false_alarm_share", "false_alarm"),
            )
            for number, row in enumerate(records(rules), start=1)
        ],
        kappa=_kappa(evidence.of(_agreement)),
    )


def _kappa(kappa: pd.DataFrame) -> list[KappaRow]:
    names = list(kappa.index)
    varying = [index for index, name in enumerate(names) if not math.isnan(kappa[name][name])]
    table = kappa.to_numpy()[varying][:, varying]
    return [
        KappaRow(
            number=index + 1,
            column=column,
            name=" ".join(part for part in (_source(names[index]), _name(names[index])) if part),
            values=[f"{round(value, 2) + 0:.2f}".replace("-", "−") for value in row],
        )
        for column, (index, row) in enumerate(zip(varying, table, strict=True), start=1)
    ]


def _share(row: dict[str, float], share: str, interval: str) -> Share:
    low, high = row[f"{interval}_low"], row[f"{interval}_high"]
    return Share(share=percent(row[share]), interval=percent_range(low, high))


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
)
