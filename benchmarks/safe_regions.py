"""Holds the regions of `analysis.safe_regions` against truths that are known everywhere.

    python benchmarks/safe_regions.py --studies 50 --trials 512 --sampler qmc

Four truths (`region_truths.py`). Of the studies whose truth has a box of 5 % of the space that is
90 % pure, how many recommend a region? Are all regions as pure as their bound? And once 48 fresh
trials test the first one, and a smaller one where it fails (`study.run.new_trials.confirmation`)?
`--speed` times one study of 100,000 and of 1,000,000 trials.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pandas as pd

from analysis import recommended_region, safe_regions
from analysis.safe_regions import Box, inside_box
from analysis.safe_regions.candidates import Belief, largest
from analysis.space.coordinates import coordinates
from analysis.stats.intervals import exact_lower_bound
from benchmarks.region_truths import TRUTHS, study, uniform
from search_spaces.settling import refuted

FRESH = 50_000
"""Configurations by which the true purity of a box is known to about 0.3 %."""

BUDGET, LOOKS, LEAST = 48, 3, 8
"""Fresh trials, in how many portions, and the fewest that test a narrowed region."""

ROOM = 0.05
"""Share of the space of a region that has to be found."""


def has_region(truth: str) -> bool:
    """Whether a truth has a box of `ROOM` of the space that is 90 % pure."""
    drawn = uniform(8192, seed=1)
    belief = Belief(coordinates(drawn), TRUTHS[truth](drawn)[None, :], confidence=0.95)
    best = largest(belief, 0.9, np.ones(len(drawn), dtype=bool))
    return best is not None and best.volume >= ROOM


def confirmed(
    trials: pd.DataFrame, truth: str, first: dict[str, object], rng: np.random.Generator
) -> tuple[dict[str, object], float, int]:
    """Tests a region as a run does; returns the last one, its bound, and how many did not hold."""
    fresh, region, left, failed = uniform(400_000, seed=int(rng.integers(2**31))), first, BUDGET, 0
    chances = TRUTHS[truth](fresh)
    stable = number = 0
    while left > 0:
        inside = np.flatnonzero(inside_box(fresh, Box.from_dict(region["where"])))  # type: ignore[arg-type]
        rows = rng.choice(inside, min(left, -(-BUDGET // LOOKS)), replace=False)
        good = rng.random(len(rows)) < chances[rows]
        left -= len(rows)
        stable, number = stable + int(good.sum()), number + len(rows)
        trials = _with(trials, fresh.iloc[rows], good, region)
        if not refuted(stable, number, float(region["low"])):  # type: ignore[arg-type]
            continue
        failed += 1
        narrower = recommended_region(trials, region["where"])  # type: ignore[arg-type]
        if narrower is None or left < LEAST:
            return region, float(exact_lower_bound(stable, number, confidence=0.95)), failed
        region, stable, number = narrower, 0, 0
    return region, float(exact_lower_bound(stable, number, confidence=0.95)), failed


def _with(
    trials: pd.DataFrame, rows: pd.DataFrame, good: np.ndarray, region: dict[str, object]
) -> pd.DataFrame:
    start = len(trials)
    more = rows.assign(
        trial=np.arange(start, start + len(rows)),
        configuration=np.arange(start, start + len(rows)),
        design="confirming",
        confirms=json.dumps({"where": region["where"], "promised": region["low"]}),
        verdict=np.where(good, "stable", "exploding"),
    )
    joined = pd.concat([trials, more], ignore_index=True)
    joined.attrs = trials.attrs
    return joined


def measure(truth: str, sampler: str, number: int, seed: int) -> dict[str, object]:
    """One study: its regions against the truth, before and after fresh trials."""
    fresh = uniform(FRESH, seed=10**6)
    chances = TRUTHS[truth](fresh)

    def purity(where: object) -> float:
        return float(chances[inside_box(fresh, Box.from_dict(where))].mean())  # type: ignore[arg-type]

    trials = study(truth, sampler, number, seed=seed)
    started = time.process_time()
    found = safe_regions(trials)
    seconds = time.process_time() - started
    rows = [{**row, "where": json.loads(row["where"])} for row in found.to_dict("records")]
    result: dict[str, object] = {
        "truth": truth,
        "seed": seed,
        "cpu_s": seconds,
        "regions": len(rows),
    }
    if not rows:
        return result
    first = rows[0]
    last, bound, failed = confirmed(trials, truth, first, np.random.default_rng([seed, 3]))
    return result | {
        "kept": all(purity(row["where"]) >= row["low"] for row in rows),
        "low": first["low"],
        "purity": purity(first["where"]),
        "share": first["share"],
        "conditions": first["conditions"],
        "failed": failed,
        "confirmed_low": bound,
        "confirmed_purity": purity(last["where"]),
        "confirmed_kept": purity(last["where"]) >= bound,
    }


def speed(sizes: list[int]) -> None:
    for number in sizes:
        trials = study("window", "qmc", number, seed=0)
        started = time.process_time()
        safe_regions(trials)
        print(f"{number:9,} trials {time.process_time() - started:6.1f} s CPU")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--studies", type=int, default=50, help="of each truth")
    parser.add_argument("--first", type=int, default=0, help="seed of the first")
    parser.add_argument("--trials", type=int, default=512)
    parser.add_argument("--sampler", choices=["qmc", "boundary"], default="qmc")
    parser.add_argument("--truths", nargs="+", choices=list(TRUTHS), default=list(TRUTHS))
    parser.add_argument("--speed", action="store_true")
    given = parser.parse_args()
    if given.speed:
        speed([100_000, 1_000_000])
        return
    results = []
    for truth in given.truths:
        for seed in range(given.first, given.first + given.studies):
            results.append(measure(truth, given.sampler, given.trials, seed))
        _print(truth, pd.DataFrame([each for each in results if each["truth"] == truth]))
    _print("all", pd.DataFrame(results))


def _print(name: str, rows: pd.DataFrame) -> None:
    having = "" if name == "all" or has_region(name) else " (no box of 5 % is 90 % pure)"
    found = rows[rows["regions"] > 0]
    median = found[["low", "purity", "share", "confirmed_low", "confirmed_purity"]].median()
    print(
        f"{name}{having}: a region in {len(found)} of {len(rows)} studies; all bounds hold in "
        f"{found['kept'].mean():.1%}; first region, median: at least {median['low']:.2f}, truly "
        f"{median['purity']:.3f} pure, {median['share']:.1%} of the space, "
        f"{found['conditions'].mean():.1f} conditions; {rows['cpu_s'].median():.1f} s CPU. After "
        f"fresh trials: {found['failed'].sum()} narrowed, at least "
        f"{median['confirmed_low']:.2f}, truly {median['confirmed_purity']:.3f}, bound holds in "
        f"{found['confirmed_kept'].mean():.1%}",
        flush=True,
    )


if __name__ == "__main__":
    main()
