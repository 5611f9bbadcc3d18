"""Whether a safe region is as pure as the report promises.

Measures: studies are simulated in which a trial is stable with a known probability, logistic in
log learning rate and depth, shifted by activation, initialization and clipping; weight decay,
learning-rate decay and width decide nothing. Each box that `safe_regions` reports promises a
purity, its lower bound at 95 %. Its true purity is the mean probability over fresh trials, drawn
as the study draws them. The promise must hold, for all boxes of a study at once, in at least 95 %
of the studies. Also measured: how large and how pure the boxes are, and how simple.

    python benchmarks/safe_regions.py                 200 studies of 128, 512 and 2048 trials
    python benchmarks/safe_regions.py --studies 20 --trials 512 --seeds 3
    python benchmarks/safe_regions.py --speed         seconds for 100,000 and 1,000,000 trials
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis import safe_regions
from analysis.safe_regions import Box, inside_box

ACTIVATIONS = {"sigmoid": -2.0, "tanh": 0.5, "relu": 0.0, "gelu": 0.3, "selu": -0.3}
INITIALIZATIONS = {"small_normal": -2.5, "xavier_normal": 0.0, "he_normal": 0.2, "orthogonal": 0.6}
CLIP_NORMS = {0.1: 0.4, 1.0: 0.3, 10.0: 0.0, np.inf: -0.5}
DEPTHS = (2, 4, 8, 16, 32)
SPACE: dict[str, dict[str, object]] = {
    "depth": {"kind": "choice", "choices": list(DEPTHS)},
    "activation": {"kind": "choice", "choices": list(ACTIVATIONS)},
    "initialization": {"kind": "choice", "choices": list(INITIALIZATIONS)},
    "learning_rate": {"kind": "range", "low": 1e-4, "high": 10.0, "log": True},
    "clip_norm": {"kind": "choice", "choices": [0.1, 1.0, 10.0, "none"]},
    "weight_decay": {"kind": "range", "low": 1e-6, "high": 0.1, "log": True},
    "lr_decay": {"kind": "choice", "choices": ["constant", "cosine", "step"]},
    "width": {"kind": "range", "low": 16, "high": 128, "log": False},
}
FRESH = 50_000
"""Trials by which the true purity of a box is known to about 0.3 %."""


def simulated_trials(number: int, *, seed: int, seeds: int = 1) -> pd.DataFrame:
    """A study's trials; `probability`, which no analysis may look at, is in the attributes.

    Args:
        number: Trials.
        seed: Of everything.
        seeds: Trials a configuration.
    """
    rng = np.random.default_rng(seed)
    configurations = -(-number // seeds)
    frame = pd.DataFrame(
        {
            "depth": rng.choice(DEPTHS, configurations),
            "activation": rng.choice(list(ACTIVATIONS), configurations),
            "initialization": rng.choice(list(INITIALIZATIONS), configurations),
            "learning_rate": 10 ** rng.uniform(-4, 1, configurations),
            "clip_norm": rng.choice(list(CLIP_NORMS), configurations),
            "weight_decay": 10 ** rng.uniform(-6, -1, configurations),
            "lr_decay": rng.choice(["constant", "cosine", "step"], configurations),
            "width": rng.integers(16, 129, configurations),
        }
    )
    frame.insert(0, "configuration", np.arange(configurations))
    frame = frame.loc[np.repeat(frame.index, seeds)[:number]].reset_index(drop=True)
    frame.insert(0, "trial", np.arange(number))
    # Seeds of one configuration share its luck: one draw decides all of them four times of five.
    shared = rng.random(configurations)[frame["configuration"]]
    own = rng.random(number)
    luck = own if seeds == 1 else np.where(rng.random(number) < 0.8, shared, own)
    probability = stable_probability(frame)
    rate = np.log10(frame["learning_rate"])
    frame["verdict"] = np.where(
        luck < probability, "stable", np.where(rate < -2.5, "stalled", "exploding")
    )
    frame.attrs = {"hyperparameters": SPACE, "probability": probability.tolist()}
    return frame


def stable_probability(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Probability of stable [N]: falls above a learning rate that falls with depth, and below one
    that is too small for the budget."""
    rate, depth = np.log10(frame["learning_rate"]), frame["depth"].to_numpy()
    shift = (
        frame["activation"].map(ACTIVATIONS).to_numpy(float)
        + frame["initialization"].map(INITIALIZATIONS).to_numpy(float)
        + frame["clip_norm"].map(CLIP_NORMS).to_numpy(float)
    )
    above = 4.0 * (-0.5 - 0.05 * depth - rate) + 1.5 * shift
    below = 6.0 * (rate + 3.2)
    return np.asarray(1 / ((1 + np.exp(-above)) * (1 + np.exp(-below))))


@dataclass(frozen=True, kw_only=True)
class Promises:
    """What came of the promises of many studies of one size.

    Attributes:
        trials: Of each study.
        studies: Their number.
        with_boxes: Studies that reported a box.
        kept: Studies all of whose boxes are as pure as promised, of those with boxes.
        share_kept: `kept` over `with_boxes`.
        boxes: Boxes of all studies.
        purity: True purity of the recommended boxes, median.
        promised: Their bound, median.
        volume: Share of the search space that they hold, median.
        covered: Share of all stable trials to expect in them, median.
        conditions: Their number of conditions, mean.
        seconds: For one study, median.
    """

    trials: int
    studies: int
    with_boxes: int
    kept: int
    share_kept: float
    boxes: int
    purity: float
    promised: float
    volume: float
    covered: float
    conditions: float
    seconds: float


def promises(number: int, *, studies: int, seeds: int = 1, first: int = 0) -> Promises:
    """Simulates studies and compares what their boxes promise with the truth.

    Args:
        number: Trials of each.
        studies: How many.
        seeds: Trials a configuration.
        first: Seed of the first.
    """
    fresh = simulated_trials(FRESH, seed=10**6)
    truth = np.array(fresh.attrs["probability"])
    kept, with_boxes, boxes, seconds, rows = 0, 0, 0, [], []
    for study in range(first, first + studies):
        trials = simulated_trials(number, seed=study, seeds=seeds)
        started = time.perf_counter()
        found = safe_regions(trials, seed=study)
        seconds.append(time.perf_counter() - started)
        if found.empty:
            continue
        inside = [
            inside_box(fresh, Box.from_dict(json.loads(where))).to_numpy()
            for where in found["where"]
        ]
        pure = np.array([truth[one].mean() for one in inside])
        with_boxes, boxes = with_boxes + 1, boxes + len(found)
        kept += bool(np.all(pure >= found["low"].to_numpy()))
        covered = truth[inside[0]].sum() / truth.sum()
        first_box = found.iloc[0]
        rows.append(
            (pure[0], first_box["low"], inside[0].mean(), covered, first_box["conditions"])
        )
    table = np.array(rows, dtype=float).reshape(-1, 5)
    medians = np.median(table, axis=0) if rows else np.full(5, np.nan)
    return Promises(
        trials=number,
        studies=studies,
        with_boxes=with_boxes,
        kept=kept,
        share_kept=kept / with_boxes if with_boxes else np.nan,
        boxes=boxes,
        purity=float(medians[0]),
        promised=float(medians[1]),
        volume=float(medians[2]),
        covered=float(medians[3]),
        conditions=float(table[:, 4].mean()) if rows else np.nan,
        seconds=float(np.median(seconds)),
    )


def speed(sizes: Sequence[int]) -> dict[int, float]:
    """Seconds that the safe regions of one study take, by its number of trials."""
    found = {}
    for number in sizes:
        trials = simulated_trials(number, seed=0)
        trials.attrs.pop("probability")
        started = time.perf_counter()
        safe_regions(trials)
        found[number] = time.perf_counter() - started
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--trials", type=int, nargs="+", default=[128, 512, 2048])
    parser.add_argument("--seeds", type=int, default=1, help="trials a configuration")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.speed:
        for number, seconds in speed([100_000, 1_000_000]).items():
            print(f"{number:9,} trials {seconds:6.2f} s")
        return
    for number in given.trials:
        found = promises(number, studies=given.studies, seeds=given.seeds)
        if given.json:
            print(json.dumps(asdict(found)))
            continue
        print(
            f"{number:5} trials: {found.with_boxes} of {found.studies} studies report a box; all "
            f"promises hold in {found.share_kept:.1%} of them. Recommended box, median: promised "
            f"{found.promised:.2f}, truly {found.purity:.3f} pure, {found.volume:.1%} of the "
            f"space, {found.covered:.0%} of what is stable; {found.conditions:.1f} conditions; "
            f"{found.seconds:.2f} s"
        )


if __name__ == "__main__":
    main()
