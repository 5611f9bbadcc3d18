"""False alarms and recall of the verdicts, and of published rules on the same trials.

Measures: on families of configurations whose verdict is known beforehand (calibration_families.py)
how often the verdict is another one. Thresholds were chosen on the tuning set and then frozen; the
figures of docs/verdicts.md are those of the test set, whose hyperparameters and seeds are others.

    python benchmarks/calibration.py                      train what is missing, print the test set
    python benchmarks/calibration.py --set tuning --sweep what each threshold of our own may be
    python benchmarks/calibration.py --trials 4 --json    small, figures for scripts

Trials are kept in --home as ordinary studies and labelled again each time: changing a threshold
costs no training.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

os.environ.update({"OMP_NUM_THREADS": "1"})

import pandas as pd
from calibration_families import FAMILIES
from calibration_family import Family, Kind

SEEDS = {"tuning": 1, "test": 2}
"""Of sampling; it gives hyperparameters, initial weights and data order."""

OWN_THRESHOLDS: Mapping[str, tuple[float, ...]] = {
    "divergence_path": (0.01, 0.1, 1.0, 10.0, 100.0),
    "divergence_noise": (0.5, 1.0, 2.0, 2.7, 4.0, 8.0),
    "noise_errors": (1.0, 2.0, 3.0, 5.0),
    "swing_errors": (1.5, 2.0, 2.5, 3.0, 4.0),
    "swing": (0.05, 0.1, 0.15, 0.2, 0.3, 0.5),
    "swing_noise": (1.0, 2.0, 2.8, 4.0),
    "stalled_progress": (0.01, 0.02, 0.05, 0.1, 0.2),
    "relapse": (0.05, 0.1, 0.15, 0.25, 0.4, 0.6),
    "violent_update": (0.02, 0.05, 0.1, 0.15, 0.2, 0.5, 1.0),
    "loss_rise": (0.1, 0.3, 1.0, 3.0, 10.0, 100.0),
    "dead_share": (0.5, 0.7, 0.8, 0.9, 0.95, 1.0),
    "saturated_share": (0.2, 0.3, 0.5, 0.7, 0.9),
    "vanishing_ratio": (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1),
    "exploding_ratio": (3.0, 10.0, 30.0, 70.0, 300.0, 1e4),
}
"""Values to try, the default among them; also of the published ones, to see their margin."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """Training one family of one set."""

    family: str
    seed: int
    trials: int
    home: Path


def train(task: Task) -> None:
    """Trains what is missing of a family, as an ordinary study in this process."""
    import torch

    from study import StudyConfig, run_study
    from study.dispatch import InProcessDispatcher
    from study.tracking import NullTracker

    torch.set_num_threads(1)
    family = FAMILIES[task.family]
    config = StudyConfig(
        study=family.name,
        task=family.task,
        network=family.network,
        task_options=dict(family.task_options),
        hyperparameters=dict(family.hyperparameters),
        steps=family.steps,
        trials=task.trials,
        seed=task.seed,
        sampler="random",
    )
    run_study(
        config,
        home=task.home,
        dispatcher=InProcessDispatcher(),
        open_tracker=lambda config, paths: NullTracker(),
    )


@dataclass(frozen=True, kw_only=True)
class Tables:
    """What one family's trials left behind."""

    family: Family
    trials: pd.DataFrame
    steps: pd.DataFrame
    layers: pd.DataFrame

    def labelled(self, thresholds: Mapping[str, float]) -> pd.DataFrame:
        """The trials as they are labelled with some thresholds changed."""
        from study.verdicts import DEFAULT, label_trials

        return label_trials(
            self.trials,
            self.layers,
            DEFAULT.with_overrides(thresholds),
            steps=self.steps,
        )


def load(home: Path, families: Iterable[str], trials: int) -> list[Tables]:
    """The first trials of each family."""
    from study.tables import TableStore

    found = []
    for name in families:
        store = TableStore(home / "studies" / name / "tables")
        numbers = range(trials)
        found.append(
            Tables(
                family=FAMILIES[name],
                trials=store.read_trials(numbers),
                steps=store.read_steps(numbers),
                layers=store.read_layers(numbers),
            )
        )
    return found


def confusion(tables: Sequence[Tables], thresholds: Mapping[str, float]) -> pd.DataFrame:
    """One row a family: trials by verdict, and the share that is right."""
    from study.verdicts import Verdict

    rows = []
    for one in tables:
        verdicts = one.labelled(thresholds)["verdict"]
        row: dict[str, object] = {"family": one.family.name, "kind": one.family.kind}
        row["trials"] = len(verdicts)
        row |= {verdict.value: int((verdicts == verdict.value).sum()) for verdict in Verdict}
        row["right"] = int(verdicts.isin(one.family.right).sum())
        rows.append(row)
    return pd.DataFrame(rows)


def by_kind(table: pd.DataFrame) -> dict[Kind, tuple[int, int]]:
    """Trials that are right, and all, by kind of family."""
    sums = table.groupby("kind")[["right", "trials"]].sum()
    return {kind: (int(row.right), int(row.trials)) for kind, row in sums.iterrows()}


def published(tables: Sequence[Tables]) -> pd.DataFrame:
    """Each published rule: how often it fires by kind, and on the failures that it is after."""
    from study.tables.schema import ALARMS

    labelled = [
        one.labelled({}).assign(kind=one.family.kind, after="|".join(one.family.right))
        for one in tables
    ]
    trials = pd.concat(labelled, ignore_index=True)
    rows = []
    for rule, verdict in ALARMS.items():
        fired = trials["alarms"].str.split(",").map(lambda names, rule=rule: rule in names)
        sick = trials["kind"] == "sick"
        wanted = sick if verdict == "any" else sick & trials["after"].str.contains(verdict)
        rows.append(
            {
                "rule": rule,
                "after": verdict,
                "alarms_healthy": _share(fired, trials["kind"] == "healthy"),
                "alarms_unfinished": _share(fired, trials["kind"] == "unfinished"),
                "recall": _share(fired, wanted),
                "recall_all": _share(fired, sick),
            }
        )
    return pd.DataFrame(rows)


def _share(fired: pd.Series, among: pd.Series) -> float:
    return float(fired[among].mean()) if among.any() else float("nan")


def sweep(tables: Sequence[Tables]) -> pd.DataFrame:
    """One row a value of a threshold, all others at their defaults."""
    from study.verdicts import DEFAULT

    rows = []
    for name, values in OWN_THRESHOLDS.items():
        for value in values:
            shares = by_kind(confusion(tables, {name: value}))
            row: dict[str, object] = {"threshold": name, "value": value}
            row["default"] = value == getattr(DEFAULT, name)
            row |= {kind: right / n for kind, (right, n) in shares.items()}
            rows.append(row)
    return pd.DataFrame(rows)


def interval(right: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    from scipy.stats import binomtest

    found = binomtest(right, n).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def main() -> None:
    options = _options()
    home = options.home / options.set
    families = options.families or list(FAMILIES)
    tasks = [
        Task(family=name, seed=SEEDS[options.set], trials=options.trials, home=home)
        for name in families
    ]
    with ProcessPoolExecutor(options.workers, multiprocessing.get_context("spawn")) as pool:
        for task, _ in zip(tasks, pool.map(train, tasks), strict=True):
            print(f"trained {task.family}", file=sys.stderr)
    tables = load(home, families, options.trials)
    table = confusion(tables, {})
    shares = by_kind(table)
    rules = published(tables)
    if options.json:
        print(
            json.dumps({"confusion": table.to_dict("records"), "rules": rules.to_dict("records")})
        )
        return
    print(table.to_string(index=False))
    for kind, (right, n) in shares.items():
        low, high = interval(right, n)
        print(f"{kind:10s} {right} of {n} right: {right / n:.1%} ({low:.1%} to {high:.1%})")
    print(rules.to_string(index=False, float_format=lambda share: f"{share:.3f}"))
    if options.wrong:
        for one in tables:
            found = one.labelled({})
            for row in found[~found["verdict"].isin(one.family.right)].itertuples():
                print(f"{one.family.name} {row.trial}: {row.verdict}: {row.explanation}")
    if options.sweep:
        print(sweep(tables).to_string(index=False, float_format=lambda share: f"{share:.4g}"))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("families", nargs="*", help="of calibration_families.py; default all")
    parser.add_argument("--set", choices=SEEDS, default="test")
    parser.add_argument("--trials", type=int, default=20, help="of each family")
    parser.add_argument("--home", type=Path, default=Path("gradscape-calibration"))
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--sweep", action="store_true", help="try values of each threshold")
    parser.add_argument("--wrong", action="store_true", help="explain each wrong verdict")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
