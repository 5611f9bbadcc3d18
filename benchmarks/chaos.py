"""Counts trials lost and doubled while everything that a study needs is killed and restarted.

A study of tiny trials on a Ray cluster of three nodes of one CPU, with PostgreSQL for Optuna and
for MLflow. For each seed, at random times: two worker processes are killed, a node is removed and
one added, MLflow is away for 30 s (killed, or stopped so that it keeps silent), PostgreSQL is
restarted, and the driver is killed with -9 twice and resumed. In the end each trial must be once
in the tables, in Optuna (COMPLETE) and in MLflow (FINISHED), with the numbers of the same study
undisturbed to 1e-9 (cohorts are packed in another way, which changes the rounding of float64).
With odd seeds the study names the data base behind MLflow's server, and workers write the runs.

    python benchmarks/chaos.py --seeds 20 --trials 400
    python benchmarks/chaos.py --seeds 20 --homes     a home's first seconds, on one machine

With `--homes` each seed is four scenes of small studies: a driver killed twice within the first
ten seconds of a new home; two homes with studies of one name on one MLflow, one driver killed;
three studies that begin together in a new home, one killed; a disk that is too small (a tmpfs,
which needs root) and is enlarged. In the end the same command has to end with exit code 0.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.chaos import Outcome, run_seed, undisturbed  # noqa: E402
from tests.support.chaos.homes import COUNTED, run_home_seed  # noqa: E402
from tests.support.postgresql import postgres_server  # noqa: E402


def main() -> int:
    """Runs the seeds; 1 if one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=20, help="how many schedules of faults")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--trials", type=int, default=400, help="trials of the study")
    parser.add_argument("--outage", type=float, default=30.0, help="seconds without MLflow")
    parser.add_argument("--seconds", type=float, default=0.05, help="of a step, beside arithmetic")
    parser.add_argument("--homes", action="store_true", help="faults of a home's first seconds")
    given = parser.parse_args()
    if given.homes:
        return homes(range(given.first, given.first + given.seeds))
    failed = 0
    with tempfile.TemporaryDirectory() as folder, postgres_server() as postgresql:
        reference = undisturbed(Path(folder), trials=given.trials)
        for seed in range(given.first, given.first + given.seeds):
            print(f"seed {seed}", flush=True)
            outcome = run_seed(
                seed,
                postgresql=postgresql,
                reference=reference,
                trials=given.trials,
                seconds=given.seconds,
                outage_s=given.outage,
                say=lambda line: print(f"  {line}", flush=True),
            )
            failed += not outcome.passed
            show(outcome)
    print(f"{given.seeds - failed} of {given.seeds} seeds passed")
    return 1 if failed else 0


def homes(seeds: range) -> int:
    """Counts what a home's first seconds cost."""
    total: Counter[str] = Counter()
    for seed in seeds:
        print(f"seed {seed}", flush=True)
        for outcome in run_home_seed(seed, say=lambda line: print(f"  {line}", flush=True)):
            total["scenes"] += 1
            total["passed"] += outcome.passed
            for name in COUNTED:
                total[name] += len(getattr(outcome, name))
    print(", ".join(f"{name} {total[name]}" for name in ("scenes", "passed", *COUNTED)))
    return 0 if total["passed"] == total["scenes"] else 1


def show(outcome: Outcome) -> None:
    """The counts of a seed."""
    print(
        f"  faults injected: {len(outcome.injected)}, trials lost: {len(outcome.lost)}, "
        f"trials doubled: {len(outcome.doubled)}, {outcome.seconds:.0f} s",
        flush=True,
    )
    for title, lines in (
        ("numbers differ", outcome.wrong),
        ("a driver ended by itself and was started again", outcome.ended_by_itself),
        ("left over", outcome.left_over),
    ):
        for line in lines:
            print(f"  {title}: {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
