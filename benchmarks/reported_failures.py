"""Failures as people report them: whether the cause is named and the known fix is found.

Measures: on situations whose true cause and fix are known (reported_situations/), how often the
diagnosis names the cause, whether its seeds agree, whether the known fix is among the first three
remedies, whether a run of three times the steps undoes a remedy, and how often the healthy twin,
the same situation with the fix, is called exploding, vanishing or oscillating. Rules of the causes
are chosen on one set of situations and reported on the other.

    python benchmarks/reported_failures.py                         all of it
    python benchmarks/reported_failures.py --set choose --causes-only
    python benchmarks/reported_failures.py --only quartic --twins --json results.json
    python benchmarks/reported_failures.py --plainly               trained by a plain torch loop

With --json what was run replaces what the file holds of it, and the table is of all that the file
holds then, so that parts can be run one after another; --kept prints it and runs nothing.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

os.environ.update({"OMP_NUM_THREADS": "1"})

import torch
from reported_situations import SITUATIONS, Situation
from reported_situations.plain_training import train_plainly
from reported_situations.runs import Job, Row, run_job
from reported_situations.table import Result, table, totals


def main() -> None:
    options = _options()
    chosen = [
        each
        for each in SITUATIONS
        if options.set in ("all", each.set) and (not options.only or each.name in options.only)
    ]
    if options.plainly:
        for situation in chosen:
            _plainly(situation)
        return
    kept = _kept(options.json)
    if not options.kept:
        jobs = [
            Job(
                situation=situation,
                seeds=options.seeds,
                remedies=not options.causes_only,
                twin=options.twins or not options.causes_only,
            )
            for situation in chosen
        ]
        _run(jobs, kept, options.json, options.jobs)
    shown = [each for each in SITUATIONS if options.set in ("all", each.set) and each.name in kept]
    results = [Result(situation=each, row=kept[each.name]) for each in shown]
    for line in table(results):
        print(line)
    print()
    for line in totals(results):
        print(line)


def _run(jobs: Sequence[Job], kept: dict[str, Row], file: Path | None, workers: int) -> None:
    """Runs what is asked, and keeps each row as soon as it is there."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context) as pool:
        waiting = [pool.submit(run_job, job) for job in jobs]
        for number, done in enumerate(as_completed(waiting), 1):
            row = done.result()
            kept[row["name"]] = {**kept.get(row["name"], {}), **row}
            print(f"{number}/{len(jobs)} {row['name']}", file=sys.stderr)
            if file is not None:
                _write(file, kept)


def _kept(file: Path | None) -> dict[str, Row]:
    if file is None or not file.exists():
        return {}
    rows: dict[str, Row] = json.loads(file.read_text("utf-8"))
    return rows


def _write(file: Path, rows: dict[str, Row]) -> None:
    unfinished = file.with_suffix(".part")
    unfinished.write_text(json.dumps(rows, indent=1), "utf-8")
    unfinished.replace(file)


def _plainly(situation: Situation) -> None:
    torch.set_num_threads(1)
    print(f"{situation.name}: {situation.story}")
    for twin in (False, True)[: 1 + situation.has_twin]:
        for seed in (0, 1):
            what = "  twin  " if twin else "  broken"
            print(what, train_plainly(situation, twin=twin, seed=seed), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--set", choices=("choose", "report", "all"), default="all")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="situations; default all")
    parser.add_argument("--causes-only", action="store_true", help="look for no remedies")
    parser.add_argument("--twins", action="store_true", help="with --causes-only: twins too")
    parser.add_argument("--seeds", type=int, default=5, help="of each training")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="at once")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keeps the results")
    parser.add_argument("--kept", action="store_true", help="only print what FILE holds")
    parser.add_argument("--plainly", action="store_true", help="no diagnosis, a plain torch loop")
    return parser.parse_args()


if __name__ == "__main__":
    main()
