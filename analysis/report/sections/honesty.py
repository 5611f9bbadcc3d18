"""What the numbers rest on, and what they cannot tell."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.report.evidence import Evidence
from analysis.report.findings import regions
from analysis.report.section import Section


@dataclass(frozen=True, kw_only=True)
class Honesty:
    """Counts behind the page; `median_cell` is the median number of trials in a map's cells."""

    trials: int
    configurations: int
    least_seeds: int
    most_seeds: int
    cells: int
    empty_cells: int
    median_cell: float
    without_run: int
    unmeasured_sharpness: bool


def honesty(evidence: Evidence) -> Honesty:
    """How much evidence there is."""
    trials = evidence.trials
    seeds = trials.groupby("configuration")["seed"].nunique()
    sizes = [number for table in evidence.of(regions) for number in table["trials"]]
    ordered = sorted(sizes)
    return Honesty(
        trials=len(trials),
        configurations=len(seeds),
        least_seeds=int(seeds.min()),
        most_seeds=int(seeds.max()),
        cells=len(sizes),
        empty_cells=sum(1 for size in sizes if not size),
        median_cell=float(ordered[len(ordered) // 2]) if ordered else 0.0,
        without_run=int(trials["mlflow_run_id"].isna().sum()),
        unmeasured_sharpness=bool(trials["sharpness_initial"].isna().all()),
    )


SECTION = Section(name="honesty", title="How far to trust this", view=honesty)
