"""What a step of a Keras model costs beside that of its torch twin, in a study.

CPU time of a step on one core, without the first hundred, in which Keras' own Python runs; both
alternate in one process, and medians are compared.

    python benchmarks/keras_cost.py
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path

import torch

from study.engine import NetworkFactory, make_task, train_cohort

os.environ.setdefault("KERAS_BACKEND", "torch")
sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.study.adapters.keras import models  # noqa: E402
from tests.study.engine.conftest import make_trial  # noqa: E402

FIRST, STEPS, TURNS = 100, 200, 3

CASES = {
    "dense, 4 layers": (models.dense, models.dense_in_torch),
    "convolutional, 3 layers": (models.channels_last, models.convolutional_in_torch),
}


def seconds(network: NetworkFactory, execution: str, trials: int, steps: int) -> float:
    """CPU time of training a cohort on the digits."""
    made = [make_trial(number, dtype="float32", learning_rate=0.03) for number in range(trials)]
    started = time.process_time()
    train_cohort(
        made,
        task=make_task("digits"),
        network=network,
        steps=steps,
        execution=execution,
        statistics="minimal",
    )
    return time.process_time() - started


def step_ms(network: NetworkFactory, execution: str, trials: int) -> float:
    """Milliseconds of a step, all trials together."""
    long, short = (seconds(network, execution, trials, steps) for steps in (FIRST + STEPS, FIRST))
    return 1000 * (long - short) / STEPS


def main() -> None:
    torch.set_num_threads(1)
    for name, pair in CASES.items():
        for execution, trials in (("looped", 1), ("vectorized", 16)):
            turns = [[step_ms(each, execution, trials) for each in pair] for _ in range(TURNS)]
            keras, twin = (statistics.median(turn[side] for turn in turns) for side in (0, 1))
            ratio = statistics.median(turn[0] / turn[1] for turn in turns)
            print(
                f"{name:24} {trials:2} trials {execution:10} Keras {keras:5.2f} ms, "
                f"torch {twin:5.2f} ms, ratio {ratio:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
