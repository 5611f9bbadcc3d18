"""Where the loss rises, where sharpness rises and where training diverges, over the width.

    python benchmarks/catapult.py [--widths 256 512 1024 2048] [--depth 1] [--seeds 8]

Networks of ReLU units under the squared error, with gradient descent on all examples at once. For
each width and seed the sharpness lambda of the loss is measured before any update; then learning
rates of c / lambda are trained for a list of c. Printed for each width, as the median of the seeds
and their range: the smallest c at which the loss is above its start within the first steps (2 on
a quadratic), at which the sharpness is, and at which training diverges.

Lewkowycz et al., The large learning rate phase of deep learning: the catapult mechanism, 2020:
between 2 and about 12 (ReLU) the loss rises, then falls to flatter minima. Kalra and Barkeshli,
Phase diagram of early training dynamics in deep neural networks, NeurIPS 2023: the three rates.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from study import Trial, train_cohort
from study.engine import NETWORKS, TASKS
from study.engine.observing.record import CohortRecord
from study.engine.quantities.sharpness import EXAMPLES
from study.trial import HyperparameterValue

STEPS = 40
EARLY = 12
"""Steps in which a catapult has begun: the loss grows by (c - 1)^2 a step where c > 2."""

RISE = 1.05
"""What counts as above the start: rounding and the first steps' curvature are below it."""

FACTORS = np.round(np.geomspace(1.0, 64.0, 37), 3)
"""c, in steps of 12 %."""

Array = npt.NDArray[np.float64]


def record_of(
    width: int, depth: int, rates: Sequence[float], seeds: Sequence[int], *, steps: int
) -> CohortRecord:
    """Trains one network for each rate and seed."""
    values: dict[str, HyperparameterValue] = {
        "depth": depth,
        "width": width,
        "activation": "relu",
        "initialization": "he_normal",
        "batch_size": EXAMPLES,
    }
    trials = [
        Trial(
            number=number,
            configuration=number,
            seed=seed,
            hyperparameters={**values, "learning_rate": rate},
        )
        for number, (rate, seed) in enumerate(zip(rates, seeds, strict=True))
    ]
    task = TASKS["teacher"](examples=EXAMPLES)
    train = partial(train_cohort, task=task, network=NETWORKS["mlp"], divergence_factor=1e6)
    return train(trials, steps=steps, statistics="full")


def first_above(flags: npt.NDArray[np.bool_]) -> float:
    """The smallest c from which on it happens, NaN if never: (c,) of one seed.

    The middle of the two neighbours in the list, on its logarithmic scale.
    """
    found = np.flatnonzero(flags)
    if not len(found):
        return np.nan
    first = found[0]
    return float(np.sqrt(FACTORS[first] * FACTORS[max(0, first - 1)]))


def of_seed(width: int, depth: int, seed: int) -> dict[str, float]:
    """The three c of one network."""
    start = record_of(width, depth, [1e-9], [seed], steps=1).sharpness[0, 0]
    record = record_of(width, depth, list(FACTORS / start), [seed] * len(FACTORS), steps=STEPS)
    loss = np.where(np.isnan(record.loss), np.inf, record.loss)
    early = record.recorded < EARLY
    sharpness = record.sharpness[:, early]
    lost = record.steps_run < STEPS
    with np.errstate(invalid="ignore"):
        sharper = np.nanmax(sharpness[:, 1:], axis=1, initial=0.0) > RISE * start
    return {
        "loss rises": first_above(loss[:, 1:EARLY].max(axis=1) > RISE * loss[:, 0]),
        "sharpness rises": first_above(sharper | lost),
        "diverges": first_above(lost | ~(loss[:, -1] < 10 * loss[:, 0])),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--widths", type=int, nargs="+", default=[256, 512, 1024, 2048])
    parser.add_argument("--depth", type=int, default=1, help="hidden layers")
    parser.add_argument("--seeds", type=int, default=8)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(
        f"depth {arguments.depth}, {arguments.seeds} seeds; learning rate * sharpness at the start"
    )
    print(f"{'width':>6s}  {'loss rises':>20s}  {'sharpness rises':>20s}  {'diverges':>20s}")
    for width in arguments.widths:
        began = time.process_time()
        rows = [of_seed(width, arguments.depth, seed) for seed in range(arguments.seeds)]
        texts = []
        for _, column in pd.DataFrame(rows).items():
            low, middle, high = column.quantile([0.025, 0.5, 0.975])
            texts.append(f"{middle:5.2f} ({low:5.2f} to {high:5.2f})")
        said = "  ".join(f"{text:>20s}" for text in texts)
        print(f"{width:6d}  {said}  {time.process_time() - began:5.0f} CPU s", flush=True)


if __name__ == "__main__":
    main()
