"""`python -m study.engine.fused` compiles what trains networks beforehand, for float32."""

from __future__ import annotations

import logging

from study.engine import NETWORKS, TASKS, train_cohort
from study.trial import HyperparameterValue, Trial

STEPS = 6
"""The fewest of which one, step 4, is not recorded."""

COMMON: dict[str, HyperparameterValue] = {"depth": 1, "width": 1, "activation": "relu"}
COMMON |= {"learning_rate": 0.1, "batch_size": 8}

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    for network, task in (("mlp", TASKS["teacher"]()), ("lstm", TASKS["adding"]())):
        trial = Trial(number=0, configuration=0, seed=0, hyperparameters=COMMON)
        train_cohort([trial], task=task, network=NETWORKS[network], steps=STEPS)
