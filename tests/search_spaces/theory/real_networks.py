"""Gradients of real networks at initialization, as training through the engine measures them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from search_spaces.theory.expectation import with_defaults
from study.engine import NETWORKS, TASKS, CohortRecord, Task, train_cohort
from study.engine.tasks.task import classification
from study.trial import Trial


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Hidden layers at step 0; K seeds, L layers.

    Attributes:
        ratio_K: rms(delta) of the first over the last.
        factors_KxL: rms(delta_l) / rms(delta_{l+1}), one fewer than layers.
        lengths_KxL: Mean square of pre-activations.
        saturated_K: Saturated share in the worst layer; NaN where unmeasured.
        record: All of it.
    """

    ratio_K: np.ndarray
    factors_KxL: np.ndarray
    lengths_KxL: np.ndarray
    saturated_K: np.ndarray
    record: CohortRecord


def gaussian_task(*shape: int, examples: int = 256) -> Task:
    """Standardized inputs without any structure, (examples, *shape), and ten labels."""
    inputs = torch.randn(examples, *shape, generator=torch.Generator().manual_seed(0))
    inputs = (inputs - inputs.mean()) / inputs.std()
    labels = torch.arange(examples) % 10
    return classification("gaussian", inputs, labels, classes=10, target=0.9)


def small_digits() -> Task:
    """As many digits as a few batches take: losses are measured on up to 512 of them."""
    digits = TASKS["digits"]()
    return replace(digits, inputs=digits.inputs[:64], targets=digits.targets[:64])


def measured(
    network: str, task: Task, hyperparameters: dict[str, object], *, seeds: int = 3
) -> Measured:
    """One step of as many trials as seeds, in float64: vanishing gradients underflow float32."""
    values = with_defaults(network, {"dtype": "float64", **hyperparameters})
    trials = [
        Trial(number=seed, configuration=0, seed=seed, hyperparameters=values)  # type: ignore[arg-type]
        for seed in range(seeds)
    ]
    # Which way is the fastest is tried out on more steps than the one that is taken here.
    execution = "auto" if network == "mlp" else "looped"
    record = train_cohort(
        trials, task=task, network=NETWORKS[network], steps=1, execution=execution
    )
    hidden = [place for place, layer in enumerate(record.layers) if layer.role == "hidden"]
    columns = {name: of[:, 0][:, hidden] for name, of in record.by_layer.items()}
    delta_KxL = columns["delta_rms"]
    saturated_K = np.nanmax(np.nan_to_num(columns["saturated_fraction"], nan=-1), axis=1)
    with np.errstate(divide="ignore"):  # zero_last has layers without a gradient.
        factors_KxL = delta_KxL[:, :-1] / delta_KxL[:, 1:]
    return Measured(
        ratio_K=delta_KxL[:, 0] / delta_KxL[:, -1],
        factors_KxL=factors_KxL,
        lengths_KxL=columns["preactivation_rms"] ** 2,
        saturated_K=np.where(saturated_K < 0, np.nan, saturated_K),
        record=record,
    )
