"""What the stability model costs, and how good it is, by the number of trials.

Measures: processor time of fitting the model to a synthetic study (`region_truths.py`, window) in
which all six verdicts occur, and of predicting 4,000 configurations; memory at the most, beyond
what the process had before; and, so that no time is saved at the price of what is said, root mean
square error of the probability of stable, its Brier score on outcomes drawn there, and the share
of the truth that 95 % intervals hold. Each size has a process of its own.

    python benchmarks/model_cost.py                 512, 10,000, 100,000 and 1,000,000 trials
    python benchmarks/model_cost.py --trials 512,4096 --truth corner --seeds 0,1
    python benchmarks/model_cost.py --phases --trials 1000000     and which functions took it
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import resource
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pandas as pd

from analysis import stability_model
from benchmarks.region_truths import TRUTHS, study, uniform

SIZES = "512,10000,100000,1000000"
ASKED = 4000
NEAR = 0.001
"""Probabilities are told in percent: a bound of 0.1 % holds a truth of 0."""


def six_verdicts(trials: pd.DataFrame) -> pd.DataFrame:
    """Gives failing trials the verdict that trials of their kind often have."""
    rate, depth = trials["learning_rate"], trials["depth"]
    start, clip = trials["initialization"], trials["clip_norm"]
    kinds = [
        (rate > 1.0, "exploding"),
        (rate > 0.2, np.where(np.isfinite(clip), "oscillating", "exploding")),
        ((start == "small_normal") & (depth >= 8), "vanishing"),
        (rate < 0.003, "slow"),
    ]
    failing = np.select([each for each, _ in kinds], [kind for _, kind in kinds], "stalled")
    stable = trials["verdict"] == "stable"
    return trials.assign(verdict=np.where(stable, "stable", failing))


def peak_mb() -> float:
    """Returns the most memory that this process has had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(truth: str, number: int, seed: int, *, phases: bool) -> None:
    """Prints the figures of one study."""
    trials = six_verdicts(study(truth, "qmc", number, seed=seed))
    before = peak_mb()
    profile = cProfile.Profile(time.process_time)
    start = time.process_time()
    model = profile.runcall(stability_model, trials) if phases else stability_model(trials)
    fit = time.process_time() - start
    asked = uniform(ASKED, seed=10_000 + seed)
    start = time.process_time()
    said = model.predict(asked)
    predict = time.process_time() - start
    truly = TRUTHS[truth](asked)
    came = np.random.default_rng(seed).random(ASKED) < truly
    held = (said["stable_lower"] - NEAR <= truly) & (truly <= said["stable_upper"] + NEAR)
    print(
        f"{truth:8} {number:9,} {fit:8.1f} {predict:8.2f} {peak_mb() - before:8.0f} "
        f"{np.sqrt(np.mean((said['stable'] - truly) ** 2)):8.4f} "
        f"{np.mean((said['stable'] - came) ** 2):8.4f} {held.mean():7.1%}",
        flush=True,
    )
    if phases:
        pstats.Stats(profile).sort_stats("tottime").print_stats(15)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", default=SIZES, help="numbers of trials, with commas between")
    parser.add_argument("--truth", choices=list(TRUTHS), default="window")
    parser.add_argument("--seeds", default="0", help="with commas between")
    parser.add_argument("--phases", action="store_true", help="also which functions took the time")
    parser.add_argument("--alone", action="store_true", help="in this process, without a head")
    asked = parser.parse_args()
    sizes, seeds = (text.split(",") for text in (asked.trials, asked.seeds))
    if asked.alone:
        measure(asked.truth, int(sizes[0]), int(seeds[0]), phases=asked.phases)
        return
    print(f"{'truth':8} {'trials':>9} {'fit s':>8} {'ask s':>8} {'more MB':>8} ", end="")
    print(f"{'RMSE':>8} {'Brier':>8} {'held':>7}", flush=True)
    for size in sizes:
        for seed in seeds:
            given = ["--trials", size, "--seeds", seed, "--truth", asked.truth, "--alone"]
            given += ["--phases"] * asked.phases
            subprocess.run([sys.executable, __file__, *given], check=True)


if __name__ == "__main__":
    main()
