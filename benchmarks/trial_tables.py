"""Whether a change leaves what is trained as it was: the tables of small fixed studies, compared.

    python benchmarks/trial_tables.py --write before      # on the version before
    python benchmarks/trial_tables.py --against before    # on the version after

Each preset named below is cut to a few trials and steps and trained in this process, without
MLflow, on one thread. Every column of the three tables must be equal, to the bit; only times and
the identifiers of MLflow's runs are left out. Exit code 1 names the columns that differ. Bits are
equal on one machine with one version of torch, so the tables are made anew, not kept. The ways of
running a network agree to rounding only, and the fastest is found by timing, so it is pinned here.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

import pandas as pd
import torch

from analysis import load_layers, load_steps, load_trials
from study import StudyConfig, run_study
from study.dispatch import InProcessDispatcher
from study.engine.execution import making
from study.study_file import preset_text
from study.tracking import NullTracker

PRESETS = {
    "digits-mlp": {"trials": 48, "steps": 40},
    "digits-cnn": {"trials": 12, "steps": 20},
    "temporal-order-lstm": {"trials": 8, "steps": 20},
    "text-transformer": {"trials": 6, "steps": 20},
}
"""Preset -> how far it is cut."""

TABLES = {"trials": load_trials, "steps": load_steps, "layers": load_layers}
NOT_COMPARED = {"train_seconds", "mlflow_run_id"}


def cut(preset: str, *, trials: int, steps: int) -> StudyConfig:
    """The preset's study with so many trials and steps."""
    lines = preset_text(preset).splitlines()
    kept = [line for line in lines if not line.startswith(("trials:", "steps:", "stop:"))]
    own = [f"trials: {trials}", f"steps: {steps}", "stop: never", ""]
    return StudyConfig.from_text("\n".join([*kept, *own]), file=preset)


def tables_of(preset: str) -> dict[str, pd.DataFrame]:
    """Trains the preset's small study and reads its tables back."""
    pinned = patch.object(making, "seconds_per_trial", lambda execution, batch: 0.0)
    with pinned, tempfile.TemporaryDirectory() as home:
        config = cut(preset, **PRESETS[preset])
        run_study(
            config,
            home=home,
            dispatcher=InProcessDispatcher(),
            open_tracker=lambda config, paths: NullTracker(),
        )
        return {name: load(config.study, home=home) for name, load in TABLES.items()}


def differences(before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    """Columns that are not the same in both, or that only one has."""
    names = (set(before) | set(after)) - NOT_COMPARED
    shared = set(before) & set(after)
    return sorted(
        name
        for name in names
        if name not in shared or not before[name].equals(after[name].astype(before[name].dtype))
    )


def main() -> int:
    """Writes the tables or compares them; gives the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--write", type=Path, metavar="DIR", help="keep the tables in this folder")
    way.add_argument("--against", type=Path, metavar="DIR", help="compare with those in it")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    changed = 0
    for preset in PRESETS:
        for name, table in tables_of(preset).items():
            path = (arguments.write or arguments.against) / f"{preset}.{name}.parquet"
            if arguments.write:
                path.parent.mkdir(parents=True, exist_ok=True)
                table.to_parquet(path)
                print(f"{preset} {name}: {len(table)} rows written")
                continue
            columns = differences(pd.read_parquet(path), table)
            changed += len(columns)
            verdict = f"differ in {', '.join(columns)}" if columns else "identical"
            print(f"{preset} {name}: {len(table)} rows, {table.shape[1]} columns {verdict}")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
