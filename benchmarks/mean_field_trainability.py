"""How deep tanh networks train, in units of mean-field theory's depth scale of correlations.

    python benchmarks/mean_field_trainability.py [--images FOLDER] [--rates 3e-3] [--home HOME]

Schoenholz et al. (Deep Information Propagation, ICLR 2017, figure 5) trained networks of 300
units for 200 steps of SGD and saw them train to about six depth scales xi_c on either side of the
critical variance of weights. This maps the same: variance of weights against depth, biases of
variance 0.05, a readout of a tenth of the variance. Prints for each variance the depth at which
accuracy falls below one half, over its xi_c, and where the deepest network that trains lies. It
goes from shallow to deep, and leaves out the depths beyond two at which a variance failed.

FOLDER holds MNIST's files (idx_images); without it the shipped 8 x 8 digits are used.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pandas as pd
import torch
from sklearn.isotonic import IsotonicRegression

from analysis import load_trials
from search_spaces.theory.criticality import critical_weight_variance
from search_spaces.theory.mean_field import mean_field
from study import StudyConfig, run_study
from study.dispatch import InProcessDispatcher
from study.tracking import NullTracker

BIAS_VARIANCE = 0.05
DEPTHS = [4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192]
VARIANCES = [round(1.0 + 0.16 * number, 2) for number in range(20)]
HALF = 0.5


def trained(images: Path | None, rate: float, split: str, home: Path) -> pd.DataFrame:
    """Trains the map's cells at one learning rate, one network each, from shallow to deep."""
    known: list[pd.DataFrame] = []
    left = VARIANCES
    for depth in DEPTHS:
        began = time.process_time()
        known.append(at_depth(depth, left, images, rate, split, home))
        cells = pd.concat(known, ignore_index=True)
        last = cells[cells["depth"].isin(DEPTHS[: len(known)][-2:])]
        learned = last[last["metric_final"] >= HALF]["variance"]
        seconds = time.process_time() - began
        print(f"depth {depth}: {len(left)} variances, {seconds:.0f} CPU s", flush=True)
        left = [each for each in left if len(known) < 2 or each in set(learned)]
        if not left:
            break
    return cells


def at_depth(
    depth: int, variances: list[float], images: Path | None, rate: float, split: str, home: Path
) -> pd.DataFrame:
    """Trains one network of a depth for each variance."""
    config = StudyConfig(
        study=f"mean-field-{rate:g}-{depth}",
        task="idx_images" if images else "digits",
        task_options={"folder": str(images), "split": split} if images else {},
        network="mlp",
        hyperparameters={
            "depth": depth,
            "width": 300,
            "activation": "tanh",
            "initialization": "mean_field",
            "weight_std": [math.sqrt(variance) for variance in variances],
            "bias_std": math.sqrt(BIAS_VARIANCE),
            "output_init_gain": math.sqrt(0.1),
            "learning_rate": rate,
            "batch_size": 64,
        },
        sampler="grid",
        trials=len(variances),
        steps=200,
        stop="never",
        statistics="minimal",
    )
    run_study(
        config,
        home=home,
        dispatcher=InProcessDispatcher(),
        open_tracker=lambda config, paths: NullTracker(),
    )
    trials = load_trials(config.study, home=home)
    trials["variance"] = (trials["weight_std"] ** 2).round(2)
    return trials


def depth_of_half(cells: pd.DataFrame) -> float:
    """Depth at which accuracy, falling with depth, crosses one half; infinity if it never does.

    Between two depths of the map it is interpolated in the logarithm.
    """
    cells = cells.sort_values("depth")
    depths = np.log(cells["depth"].to_numpy(float))
    falling = IsotonicRegression(increasing=False).fit(depths, cells["metric_final"].fillna(0.0))
    accuracies = falling.predict(depths)
    if accuracies[0] < HALF:
        return math.nan
    below = np.flatnonzero(accuracies < HALF)
    if not len(below):
        return math.inf
    first = below[0]
    high, low = accuracies[first - 1], accuracies[first]
    share = (high - HALF) / (high - low)
    return float(np.exp(depths[first - 1] + share * (depths[first] - depths[first - 1])))


def rows(trials: pd.DataFrame) -> pd.DataFrame:
    """One row a variance: its phase, theory's scale and the depth that trains."""
    critical = critical_weight_variance("tanh", BIAS_VARIANCE)
    assert critical is not None
    found = []
    for variance in VARIANCES:
        cells = trials[trials["variance"] == variance]
        scale = mean_field("tanh", variance, BIAS_VARIANCE).xi_c
        assert scale is not None
        depth = depth_of_half(cells)
        phase = "ordered" if variance < critical else "chaotic"
        found.append((variance, phase, scale, depth, depth / scale))
    return pd.DataFrame(found, columns=["variance", "phase", "xi_c", "depth", "depth_by_xi_c"])


def told(trials: pd.DataFrame) -> None:
    """Prints the map, the rows, and the two answers."""
    accuracies = trials.pivot_table(index="depth", columns="variance", values="metric_final")
    print(accuracies.to_string(float_format=lambda number: f"{number:.2f}"))
    table = rows(trials)
    print(table.to_string(index=False, float_format=lambda number: f"{number:.3g}"))
    for phase, of_phase in table.groupby("phase", sort=False):
        known = of_phase["depth_by_xi_c"].replace(math.inf, math.nan).dropna()
        low, middle, high = known.quantile([0.25, 0.5, 0.75])
        print(
            f"{phase}: accuracy falls below one half at {middle:.1f} xi_c (quartiles {low:.1f} "
            f"and {high:.1f}, {len(known)} of {len(of_phase)} variances)"
        )
    deepest = table[table["depth"] == table["depth"].max()]["variance"]
    critical = critical_weight_variance("tanh", BIAS_VARIANCE)
    print(
        f"deepest at weight variances {deepest.min():.2f} to {deepest.max():.2f} "
        f"({table['depth'].max():.0f} layers); theory's critical one is {critical:.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=Path, help="folder of MNIST's files")
    parser.add_argument("--split", default="train", help="which of its files")
    parser.add_argument("--rates", type=float, nargs="+", default=[3e-3], help="learning rates")
    parser.add_argument("--home", type=Path, help="keeps the trials there, and goes on from them")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        for rate in arguments.rates:
            began = time.process_time()
            home = arguments.home or Path(temporary)
            trials = trained(arguments.images, rate, arguments.split, home)
            print(
                f"\nlearning rate {rate:g}: {len(trials)} cells, "
                f"{time.process_time() - began:.0f} CPU s"
            )
            told(trials)


if __name__ == "__main__":
    main()
