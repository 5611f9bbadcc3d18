"""Mutates files of a home, and counts the tracebacks of the commands that read them.

A small study is run once. For each seed one file of a copy of its home is damaged (a part of the
tables, Optuna's journal, the lock, study files, records, MLflow's data base: cut, flipped,
repeated and foreign bytes, blank and NUL lines, other numbers, a folder in its place), and one of
the commands that read it is called. It may do without the file or say in a line what is wrong;
counted is what a person should never see: a traceback, silence, a screenful.

    python benchmarks/mutated_files.py --count 2000
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

import study.run.finish  # noqa: E402
from tests.support.mlflow_tables import copy_them  # noqa: E402
from tests.support.mutated_files import make_home, try_mutation  # noqa: E402


def main() -> int:
    """Tries the seeds; 1 if one of them showed what it should not."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=2000, help="how many mutated files")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    given = parser.parse_args()
    copy_them()
    # Nobody here waits for an MLflow that never comes back.
    study.run.finish.SHORT_WAIT_S = 0.3
    ends: Counter[tuple[str, str]] = Counter()
    problems = 0
    with tempfile.TemporaryDirectory(prefix="mutated-") as name:
        folder = make_home(Path(name) / "made")
        for seed in range(given.first, given.first + given.count):
            tried = try_mutation(seed, folder, Path(name))
            ends[tried.file, f"exit code {tried.code}"] += 1
            if tried.problem is not None:
                problems += 1
                print(f"seed {seed}: {tried.command} with {tried.file}: {tried.problem}")
    for file in sorted({file for file, _ in ends}):
        counts = (f"{end}: {n}" for (of, end), n in sorted(ends.items()) if of == file)
        print(f"{file:16s} {', '.join(counts)}")
    print(f"{given.count} mutated files: {problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
