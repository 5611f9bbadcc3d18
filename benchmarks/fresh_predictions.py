"""Do predictions of the stability model agree with what is trained afterwards?

Measures: the model of a study predicts the probability of stable of random configurations of its
space; each is then trained once, by the study's own trainer in this process, and what was said is
compared with what came: Brier score against saying the share always, and reliability (by tenth of
what was said, beside what chance alone would show with so many trials).

    python benchmarks/fresh_predictions.py                          the demo, trained here first
    python benchmarks/fresh_predictions.py --home gradscape         the demo as `make demo` left it
    python benchmarks/fresh_predictions.py --fresh 64 --trials 128

The fresh trials are kept as Parquet in --cache, so that a second run trains nothing.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pandas as pd

from analysis import load_trials, sampled_trials, stability_model
from benchmarks.boundary_spaces import LabelledSpace, as_trials, pool
from benchmarks.reliability import print_reliability
from study.study_file import load_study_file

PRESET = Path(__file__).resolve().parent.parent / "study" / "presets" / "digits-mlp.yaml"
FRESH_SEED = 4711
"""Of the fresh configurations: no study of ours has it."""


def studied(labelled: LabelledSpace, home: Path | None, trials: int, cache: Path) -> pd.DataFrame:
    """The trials of a home, or the first ones of the study file, trained here."""
    if home is not None:
        return sampled_trials(load_trials(labelled.config.study, home=home))
    table = pool(labelled, design="qmc", seed=labelled.config.seed, trials=trials, cache=cache)
    return as_trials(table, labelled)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--study", type=Path, default=PRESET, help="a study file")
    parser.add_argument("--home", type=Path, help="home folder that has its trials")
    parser.add_argument("--trials", type=int, default=512, help="of the study, without --home")
    parser.add_argument("--fresh", type=int, default=512)
    parser.add_argument("--cache", type=Path, default=Path("stability-pools"))
    asked = parser.parse_args()
    labelled = LabelledSpace(name=asked.study.stem, config=load_study_file(asked.study))
    model = stability_model(studied(labelled, asked.home, asked.trials, asked.cache))
    table = pool(labelled, design="random", seed=FRESH_SEED, trials=asked.fresh, cache=asked.cache)
    fresh = as_trials(table, labelled)
    # The model has seen none of them, so that the order of the two does not matter.
    said = model.predict(fresh.drop(columns="verdict"))["stable"].to_numpy()
    came = (fresh["verdict"] == "stable").to_numpy()
    share = came.mean() * (1 - came.mean())
    print(
        f"{asked.study.stem}: {len(fresh)} fresh configurations by {len(model.trials)} trials; "
        f"Brier {np.mean((said - came) ** 2):.4f} (saying the share always: {share:.4f})"
    )
    print_reliability(said, came)


if __name__ == "__main__":
    main()
