"""Generates addresses with secrets, and looks for these in all that studies print and leave.

Passwords with apostrophes, quotes, blanks, `/`, `#`, `?`, `@`, tokens as users' names, query
parameters, for data bases and for MLflow servers that nobody answers at. For each address a study
refers to it by `${VAR}`, commands are called, and its parts are looked for in all that is printed
and in every file of the home: log, tables, their metadata, Optuna's journal, MLflow's data base.

    python benchmarks/secret_addresses.py --count 2000
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from itertools import islice
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

import study.run.finish  # noqa: E402
from tests.support.mlflow_tables import copy_them  # noqa: E402
from tests.support.secret_addresses import samples  # noqa: E402
from tests.support.secret_homes import leaks  # noqa: E402


def main() -> int:
    """Tries the addresses; 1 if a secret was seen."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=2000, help="how many addresses")
    parser.add_argument("--first", type=int, default=0, help="number of the first of them")
    parser.add_argument("--seed", type=int, default=3, help="of the addresses")
    given = parser.parse_args()
    copy_them()
    # Nobody here waits for an MLflow that never answers.
    study.run.finish.SHORT_WAIT_S = study.run.finish.WAIT_S = 0.3
    seen = errors = 0
    with tempfile.TemporaryDirectory(prefix="secrets-") as name:
        generated = enumerate(samples(given.first + given.count, given.seed))
        for number, sample in islice(generated, given.first, None):
            try:
                found = leaks(sample, number, Path(name) / str(number))
            except Exception as error:
                errors += 1
                print(f"{number}: {sample.address}: {type(error).__name__}: {error}", flush=True)
                continue
            seen += bool(found)
            for leak in found:
                print(f"{number}: {leak.address}: {leak.where} shows {leak.shown}", flush=True)
    print(f"{given.count} addresses: {seen} with a secret shown, {errors} tracebacks")
    return 1 if seen or errors else 0


if __name__ == "__main__":
    sys.exit(main())
