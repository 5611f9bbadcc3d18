"""The three tables of a study: names, types, units and meanings of their columns.

The contract between a study and its analysis. Hyperparameters are further columns of `trials`, one
each, in the order of the study file: numbers as int64 or float64, names as strings, `none` of a
number (no clipping) as +inf; null where the hyperparameter does not apply (momentum under Adam).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import pyarrow as pa

from study.losses import WINDOW

SCHEMA_VERSION = 1
"""Raised when a column changes its meaning or goes; kept in each file's Parquet metadata."""

METADATA_KEY = b"gradscape"
"""Parquet metadata key of a JSON object; `StudyMetadata` gives its fields."""

ALARMS: Mapping[str, str] = MappingProxyType(
    {
        "sagemaker.vanishing_gradient": "vanishing",
        "sagemaker.exploding_tensor": "exploding",
        "sagemaker.loss_not_decreasing": "any",
        "sagemaker.dead_relu": "vanishing",
        "sagemaker.saturated_activation": "vanishing",
        "sagemaker.weight_update_ratio": "any",
        "autotrainer.vanishing_gradient": "vanishing",
        "autotrainer.exploding_gradient": "exploding",
        "autotrainer.dying_relu": "vanishing",
        "autotrainer.oscillating_loss": "oscillating",
        "autotrainer.slow_convergence": "stalled",
        "deepdiagnosis.vanishing_gradient": "vanishing",
        "deepdiagnosis.saturated_activation": "vanishing",
        "deepdiagnosis.learning_rate": "any",
        "tuning_playbook.clipping": "any",
        "fractal.not_converged": "any",
    }
)
"""Published rules that the column `alarms` may name, and the verdict that each is after; "any" if
it is after every failure."""

FLAGS = (
    "clip_dominated",
    "clipped_divergence",
    "batchnorm_explosion",
    "catapult",
    "edge_of_stability",
    "dead_layer",
    "saturated_layer",
)
"""What the column `flags` may name."""

ColumnType = Literal["int64", "float64", "float32", "string"]

ARROW_TYPES: Mapping[ColumnType, pa.DataType] = MappingProxyType(
    {
        "int64": pa.int64(),
        "float64": pa.float64(),
        "float32": pa.float32(),
        "string": pa.string(),
    }
)
"""How Parquet files hold columns of each type."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: its Arrow type, its unit ("" for names, "1" for dimensionless), its meaning."""

    name: str
    type: ColumnType
    unit: str
    meaning: str


def _column(name: str, type: ColumnType, unit: str, meaning: str) -> Column:
    return Column(name=name, type=type, unit=unit, meaning=meaning)


TRIAL_IDENTITY: tuple[Column, ...] = (
    _column("trial", "int64", "", "number of the trial, from 0; Optuna's trial number"),
    _column("configuration", "int64", "", "number of the configuration; its seeds share it"),
    _column("seed", "int64", "", "seed of initialization and data order"),
    _column(
        "design",
        "string",
        "",
        "sampler boundary: space-filling (a uniform sample of the space) or boundary; else null",
    ),
)

TRIAL_LABELS: tuple[Column, ...] = (
    _column("outcome", "string", "", "nonfinite, diverged, oscillating, stalled, slow, trained"),
    _column(
        "regime_initial", "string", "", "gradient regime at initialization; null if unmeasured"
    ),
    _column("regime_final", "string", "", "gradient regime at the end; null if unmeasured"),
    _column(
        "predicted_regime",
        "string",
        "",
        "gradient regime that theory expects at initialization; null where it is silent",
    ),
    _column("verdict", "string", "", "stable, exploding, vanishing, oscillating, stalled"),
    _column(
        "cause",
        "string",
        "",
        "what a failure is put down to: blown_up, exploding_gradients, violent_updates, "
        "no_gradient, none",
    ),
    _column("flags", "string", "", "what else was noticed, joined by commas; empty if nothing"),
    _column(
        "alarms", "string", "", "published rules that would have fired, joined by commas, or empty"
    ),
    _column("explanation", "string", "", "one sentence with the evidence for the verdict"),
)

_LAST = f"the last {WINDOW} steps"

TRIAL_FIGURES: tuple[Column, ...] = (
    _column("steps_run", "int64", "steps", "optimizer steps taken before the end or retirement"),
    _column("failure_step", "int64", "steps", "first step with a non-finite value; null if none"),
    _column("failure_tensor", "string", "", "loss, gradient:<parameter>, parameter:<parameter>"),
    _column("loss_initial", "float64", "task", "loss of the first batch before any update"),
    _column("loss_final", "float64", "task", f"mean training loss of {_LAST} run"),
    _column("loss_best", "float64", "task", f"lowest mean loss of {WINDOW} consecutive steps"),
    _column("loss_max", "float64", "task", "largest loss of any step"),
    _column("loss_swing", "float64", "task", f"mean |loss[t] - loss[t-1]| of {_LAST}"),
    _column("loss_chance", "float64", "task", "loss of the best constant prediction"),
    _column("metric_final", "float64", "task", f"mean training metric of {_LAST} run"),
    _column("metric_best", "float64", "task", f"best mean metric of {WINDOW} consecutive steps"),
    _column("metric_chance", "float64", "task", "the metric of guessing"),
    _column("metric_ceiling", "float64", "task", "the best metric the task allows"),
    _column("metric_target", "float64", "task", "from here on the trial counts as trained"),
    _column("grad_norm_initial", "float64", "1", "unclipped global gradient norm at step 0"),
    _column("grad_norm_median", "float64", "1", "median over all steps run"),
    _column("grad_norm_max", "float64", "1", "largest over all steps run"),
    _column(
        "delta_ratio_initial",
        "float64",
        "1",
        "rms(delta_1) / rms(delta_L) at step 0; recurrent: first over last time step",
    ),
    _column("delta_ratio_final", "float64", "1", "the same, median of the last 3 recorded steps"),
    _column(
        "depth_scale_initial",
        "float64",
        "layers",
        "1 / |slope of ln rms(delta_l)^2 over l|; recurrent: in time steps",
    ),
    _column("clipped_fraction", "float64", "1", "share of steps whose gradient was clipped"),
    _column("update_ratio_median", "float64", "1", "median of |update| / |parameters|"),
    _column(
        "update_ratio_max", "float64", "1", "largest |update| / |parameters| of a recorded step"
    ),
    _column(
        "dead_fraction", "float64", "1", "share of dead units in the worst hidden layer, last"
    ),
    _column(
        "saturated_fraction", "float64", "1", "saturated share in the worst hidden layer, last"
    ),
    _column(
        "sharpness_initial",
        "float64",
        "1/lr",
        "largest Hessian eigenvalue at step 0; null if unmeasured",
    ),
    _column(
        "edge_ratio",
        "float64",
        "1",
        "learning rate over its limit at the last sharpness measured; null if unknown",
    ),
    _column(
        "predicted_ratio",
        "float64",
        "1",
        "delta_ratio_initial that theory expects; null where it is silent",
    ),
    _column(
        "predicted_saturated_fraction",
        "float64",
        "1",
        "saturated share in the worst hidden layer at step 0, as theory expects it",
    ),
    _column(
        "predicted_max_learning_rate",
        "float64",
        "1",
        "limit at sharpness_initial; null if unmeasured or the optimizer has no such limit",
    ),
    _column("train_seconds", "float64", "s", "the cohort's training time over its trials"),
    _column("mlflow_run_id", "string", "", "the trial's MLflow run; null before delivery"),
)

STEPS: tuple[Column, ...] = (
    _column("trial", "int64", "", "number of the trial"),
    _column("step", "int64", "steps", "0 is before the first update; log-spaced, and the last"),
    _column("loss", "float64", "task", "loss of this step's batch before the update"),
    _column("metric", "float64", "task", "metric of this step's batch before the update"),
    _column("grad_norm", "float64", "1", "global gradient norm before clipping"),
    _column(
        "clip_factor",
        "float64",
        "1",
        "norm of the clipped gradient over norm of the gradient; 1 if nothing was cut",
    ),
    _column("learning_rate", "float64", "1", "learning rate of this step's update"),
    _column("update_ratio", "float64", "1", "|update| / |parameters|, all parameters together"),
    _column(
        "noise_scale", "float64", "examples", "tr(Sigma) / |G|^2, one estimate; null if unmeasured"
    ),
    _column(
        "sharpness", "float64", "1/lr", "largest Hessian eigenvalue; null where not scheduled"
    ),
)

LAYERS: tuple[Column, ...] = (
    _column("trial", "int64", "", "number of the trial"),
    _column("step", "int64", "steps", "recorded step"),
    _column("layer", "int64", "", "1 is nearest the input; in the order of the forward pass"),
    _column("name", "string", "", "the module's name inside the network"),
    _column("role", "string", "", "hidden or output"),
    _column(
        "calls", "int64", "1", "how often the layer was called in one pass; 1 if feed-forward"
    ),
    _column("delta_rms", "float64", "1", "rms of delta, the loss gradient by the pre-activation"),
    _column("delta_rms_first_call", "float64", "1", "delta_rms at the first call (time step)"),
    _column("delta_rms_last_call", "float64", "1", "delta_rms at the last call (time step)"),
    _column("weight_grad_rms", "float64", "1", "rms of the gradient of the layer's weight"),
    _column("weight_rms", "float64", "1", "rms of the layer's weight before the update"),
    _column("weight_count", "int64", "1", "elements of the layer's weight"),
    _column("update_ratio", "float64", "1", "|update| / |weight| of the layer's weight"),
    _column("preactivation_rms", "float64", "1", "rms of the layer's output; q is its square"),
    _column("activation_mean", "float64", "1", "mean of the layer's activations; null at outputs"),
    _column("activation_std", "float64", "1", "standard deviation of the layer's activations"),
    _column("zero_fraction", "float64", "1", "share of activations that are exactly zero"),
    _column("dead_fraction", "float64", "1", "share of units that are zero on the whole batch"),
    _column(
        "saturated_fraction", "float64", "1", "share with derivative below 1 % of its maximum"
    ),
    _column("nonfinite_count", "int64", "1", "NaN or Inf among activations and weight gradient"),
)
