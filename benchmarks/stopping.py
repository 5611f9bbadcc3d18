"""How often `stop: decided` is wrong, and what it saves, on presets that train to the end.

    python benchmarks/stopping.py [--trials 1024] [--seed 0] [PRESET ...]

Every decided trial goes on, as in studies only one in twenty does, so that each decision is
compared with the verdict after the last step. Against: the same trials with `stop: never`, which
is what these are. Exit code 1 if a decision was wrong for a trial that trained.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from unittest.mock import patch

import pandas as pd
import torch

from analysis import load_trials
from analysis.stats.intervals import wilson_interval
from study import StudyConfig, run_study, stopping
from study.dispatch import InProcessDispatcher
from study.study_file import list_presets, preset_text
from study.tracking import NullTracker


def trained(preset: str, *, trials: int, seed: int) -> pd.DataFrame:
    """Trains a preset's study to the end and returns its trials, decisions included."""
    lines = preset_text(preset).splitlines()
    kept = [line for line in lines if not line.startswith(("trials:", "seed:", "stop:"))]
    own = [f"trials: {trials}", f"seed: {seed}", "stop: decided", ""]
    config = StudyConfig.from_text("\n".join([*kept, *own]), file=preset)
    with (
        patch.object(stopping, "AUDITED", 1.0),
        patch.object(stopping, "TOLERATED", 1.0),
        tempfile.TemporaryDirectory() as home,
    ):
        run_study(
            config,
            home=home,
            dispatcher=InProcessDispatcher(),
            open_tracker=lambda config, paths: NullTracker(),
        )
        return load_trials(config.study, home=home)


def agreement(trials: pd.DataFrame) -> dict[str, float]:
    """Counts decisions, those that were wrong, and the share of steps that they would save."""
    decided = trials[trials["decided_step"].notna()]
    wrong = decided[decided["verdict"] != stopping.CERTAIN]
    saved = (decided["steps_run"] - decided["decided_step"] - 1).sum()
    return {
        "trials": len(trials),
        "decided": len(decided),
        "wrong": len(wrong),
        "trained": int((wrong["verdict"] == "stable").sum()),
        "saved": float(saved / trials["steps_run"].sum()),
    }


def main() -> int:
    """Prints a line a preset, and one for all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("presets", nargs="*", default=list_presets(), metavar="PRESET")
    parser.add_argument("--trials", type=int, default=1024, help="trials of each preset")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    totals = {"trials": 0.0, "decided": 0.0, "wrong": 0.0, "trained": 0.0}
    print(f"{'preset':22s} trials decided wrong trained  steps saved")
    for preset in arguments.presets:
        found = agreement(trained(preset, trials=arguments.trials, seed=arguments.seed))
        totals = {name: totals[name] + found[name] for name in totals}
        counts = "{trials:6.0f} {decided:7.0f} {wrong:5.0f} {trained:7.0f}".format(**found)
        print(f"{preset:22s} {counts}  {found['saved']:10.1%}", flush=True)
    low, high = wilson_interval(totals["wrong"], totals["decided"])
    agree = 1 - totals["wrong"] / max(1, totals["trials"])
    whole, decided = totals["trials"], totals["decided"]
    print(
        f"verdicts agree in {agree:.2%} of {whole:.0f} trials; of {decided:.0f}"
        f" decisions {low:.2%} to {high:.2%} are wrong (95 %)"
    )
    return int(totals["trained"] > 0)


if __name__ == "__main__":
    sys.exit(main())
