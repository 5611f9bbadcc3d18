"""Descriptions of an experiment and its runs, as MLflow's pages show them (Markdown)."""

from __future__ import annotations

import re
from collections.abc import Mapping

NOTE_TAG = "mlflow.note.content"

_OURS = "gradscape study "
"""How an experiment's description begins that gradscape wrote, and may replace."""


def experiment_note(study: str, tags: Mapping[str, str]) -> str:
    """What an experiment holds, and how to find one's way in it.

    Args:
        study: Name of the study.
        tags: Tags of its parent runs; `gradscape.task` and `gradscape.network` are named.
    """
    network = literal(tags.get("gradscape.network", "a network"))
    task = literal(tags.get("gradscape.task", "a task"))
    return (
        f"{_OURS}**{literal(study)}**: {network} on {task}.\n\n"
        "One run a trial, below the run of the command that trained it; that has the stability "
        "report (artifact `report/index.html`), its maps as images (`report/figures`) and the "
        "tables.\n\n"
        "- Filter by verdict and hyperparameters: `tags.verdict = 'exploding' and params.depth = "
        "'8'`\n"
        "- Sort by a metric, for example `loss_final`, to list trials by themselves\n"
        "- Choose runs and open the chart view to compare `loss`, `metric`, `grad/norm`, "
        "`grad/delta_ratio`, `grad/clipped_fraction` and `update/ratio`"
    )


def may_describe(known: str | None) -> bool:
    """Whether a description may be replaced: there is none, or gradscape wrote it."""
    return not known or known.startswith(_OURS)


def counts_note(study: str, counts: Mapping[str, int]) -> str:
    """How many trials of a study came to each verdict, of the parent run."""
    total = sum(counts.values())
    verdicts = ", ".join(f"{count:,} {literal(name)}" for name, count in counts.items() if count)
    return (
        f"{_OURS}**{literal(study)}**: {total:,} trials{f': {verdicts}' if verdicts else ''}.\n\n"
        "The stability report is the artifact `report/index.html`, its maps are images under "
        "`report/figures`, the tables lie under `tables`."
    )


def literal(text: str) -> str:
    """Text of anybody's that Markdown shows as it is, HTML and line breaks included."""
    line = " ".join(text.split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|~])", r"\\\1", line)
