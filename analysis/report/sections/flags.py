"""What else was noticed, by verdict."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.counts import VERDICTS
from analysis.records import records
from analysis.report.evidence import Evidence

_MEANING: dict[str, str] = {
    "clip_dominated": "most updates were clipped",
    "clipped_divergence": "the loss stayed high while clipping bounded the gradient",
    "batchnorm_explosion": "gradients through batch normalization exploded at initialization",
    "catapult": "the loss shot up first and trained then",
    "edge_of_stability": "sharpness was at the limit of the learning rate",
    "dead_layer": "a layer was dead",
    "saturated_layer": "a layer was saturated",
}


@dataclass(frozen=True, kw_only=True)
class FlagRow:
    """One flag: its trials, and of each verdict's trials the number that have it."""

    name: str
    meaning: str
    trials: int
    share: float
    by_verdict: list[int]


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Flags that occur, and the names of those that do not; `recorded` trials of all."""

    recorded: int
    not_recorded: int
    verdicts: tuple[str, ...]
    rows: list[FlagRow]
    missing: list[str]


def flags(evidence: Evidence) -> Flags:
    """Trials by flag and verdict."""
    found = records(evidence.flags)
    return Flags(
        recorded=evidence.flags.attrs["recorded"],
        not_recorded=evidence.flags.attrs["not_recorded"],
        verdicts=VERDICTS,
        rows=[
            FlagRow(
                name=_name(row["flag"]),
                meaning=_MEANING.get(row["flag"], ""),
                trials=row["trials"],
                share=row["share"],
                by_verdict=[row[verdict] for verdict in VERDICTS],
            )
            for row in found
            if row["trials"]
        ],
        missing=[_name(row["flag"]) for row in found if not row["trials"]],
    )


def _name(flag: str) -> str:
    return flag.replace("_", " ")
