"""`python -m study.engine.fused` compiles the steps of chains beforehand, for float32."""

from __future__ import annotations

import logging

from study.engine import NETWORKS, TASKS, train_cohort
from study.trial import HyperparameterValue, Trial

STEPS = 6
"""The fewest of which one, step 4, is not recorded."""

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    common: dict[str, HyperparameterValue] = {"depth": 1, "width": 1, "activation": "relu"}
    common |= {"learning_rate": 0.1, "batch_size": 8}
    trial = Trial(number=0, configuration=0, seed=0, hyperparameters=common)
    train_cohort([trial], task=TASKS["teacher"](), network=NETWORKS["mlp"], steps=STEPS)
