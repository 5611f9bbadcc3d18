"""Trials and layers as a study would record them, with closed-form deltas."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import pytest

MakeTrials = Callable[..., pd.DataFrame]
MakeLayers = Callable[..., pd.DataFrame]

TRAINED = {
    "configuration": 0,
    "seed": 0,
    "design": None,
    "confirms": None,
    "steps_run": 200,
    "decided_step": None,
    "failure_step": None,
    "failure_tensor": None,
    "failure_origin": None,
    "failure_detail": None,
    "failure_output": None,
    "failure_growth": None,
    "rise_step": None,
    "loss_initial": 2.4,
    "loss_initial_error": None,
    "loss_final": 0.2,
    "loss_best": 0.2,
    "loss_max": 2.5,
    "loss_swing": 0.02,
    "loss_fall": None,
    "loss_zigzag": None,
    "loss_noise": None,
    "loss_chance": 2.3,
    "metric_final": 0.95,
    "metric_best": 0.95,
    "metric_noise": None,
    "metric_chance": 0.10,
    "metric_ceiling": 1.0,
    "metric_target": 0.80,
    "grad_norm_initial": 3.1,
    "grad_norm_median": 1.0,
    "grad_norm_max": 5.0,
    "clipped_fraction": 0.0,
    "update_ratio_median": 1e-3,
    "update_ratio_max": 1e-2,
    "sharpness_initial": None,
    "edge_ratio": None,
    "predicted_ratio": None,
    "predicted_saturated_fraction": None,
    "predicted_max_learning_rate": None,
    "input_rms": 1.0,
    "target_rms": None,
    "majority_share": 0.1,
    "output_bound": None,
    "wiring_fault": None,
    "wiring_detail": None,
    "time_ratio": None,
    "signal": 0.5,
    "still_parts": None,
    "still_share": 0.0,
    "loss_validation": None,
    "metric_validation": None,
    "train_seconds": 0.1,
    "mlflow_run_id": None,
}


@pytest.fixture
def make_trials() -> MakeTrials:
    """One trial for each mapping: a trained one, with what the mapping changes."""

    def make(*changes: dict[str, object]) -> pd.DataFrame:
        # What ended as the change says did not do better before, unless the change says so.
        best = [
            {"metric_best": one["metric_final"]} if "metric_final" in one else {}
            for one in changes
        ]
        rows = [
            {"trial": number, **TRAINED, **best[number], **change}
            for number, change in enumerate(changes)
        ]
        return pd.DataFrame(rows)

    return make


@pytest.fixture
def make_layers() -> MakeLayers:
    """Hidden layers of one trial at some steps, deltas given or geometric, and an output layer."""

    def make(
        *,
        trial: int = 0,
        steps: Sequence[int] = (0,),
        depth: int = 30,
        factor: float = 1.0,
        deltas: Sequence[float] | None = None,
        dead: float | Sequence[float] = 0.0,
        saturated: float | Sequence[float] = 0.0,
        calls: int = 1,
    ) -> pd.DataFrame:
        # factor is what one layer does to a gradient on its way back or, in a recurrent network
        # of an input map and one recurrent layer, what one time step does.
        if calls > 1:
            depth = 2
        values = deltas or [
            1e-2 * (1 if calls > 1 else factor ** (depth - layer)) for layer in range(1, depth + 1)
        ]
        hidden = pd.DataFrame(
            {
                "layer": range(1, len(values) + 1),
                "role": "hidden",
                "delta_rms": values,
                "dead_fraction": dead,
                "saturated_fraction": saturated,
            }
        )
        if calls > 1:
            hidden["calls"] = [1, calls]
            hidden["delta_rms_first_call"] = [1e-2, 1e-2 * factor ** (calls - 1)]
            hidden["delta_rms_last_call"] = 1e-2
        output = {"layer": len(values) + 1, "role": "output", "delta_rms": 123.0}
        one_step = pd.concat([hidden, pd.DataFrame([output])], ignore_index=True)
        return pd.concat(
            [one_step.assign(trial=trial, step=step) for step in steps], ignore_index=True
        )

    return make
