"""The columns of the tables with several rows a trial: steps and layers."""

from __future__ import annotations

from study.tables.schema.columns import Column, column

STEPS: tuple[Column, ...] = (
    column("trial", "int64", "", "number of the trial"),
    column("step", "int64", "steps", "0 is before the first update; log-spaced, and the last"),
    column("loss", "float64", "task", "loss of this step's batch before the update"),
    column("metric", "float64", "task", "metric of this step's batch before the update"),
    column("grad_norm", "float64", "1", "global gradient norm before clipping"),
    column(
        "clip_factor",
        "float64",
        "1",
        "norm of the clipped gradient over norm of the gradient; 1 if nothing was cut",
    ),
    column("learning_rate", "float64", "1", "learning rate of this step's update"),
    column(
        "update_ratio",
        "float64",
        "1",
        "|update| / |parameters|, all together; null where sharpness alone was looked at",
    ),
    column(
        "noise_scale", "float64", "examples", "tr(Sigma) / |G|^2, one estimate; null if unmeasured"
    ),
    column("sharpness", "float64", "1/lr", "largest Hessian eigenvalue; null where not scheduled"),
)

LAYERS: tuple[Column, ...] = (
    column("trial", "int64", "", "number of the trial"),
    column("step", "int64", "steps", "recorded step"),
    column("layer", "int64", "", "1 is nearest the input; in the order of the forward pass"),
    column("name", "string", "", "the module's name inside the network"),
    column("role", "string", "", "hidden or output"),
    column("calls", "int64", "1", "how often the layer was called in one pass; 1 if feed-forward"),
    column("delta_rms", "float64", "1", "rms of delta, the loss gradient by the pre-activation"),
    column("delta_rms_first_call", "float64", "1", "delta_rms at the first call (time step)"),
    column(
        "delta_rms_early_call", "float64", "1", "delta_rms a quarter of the way to the last call"
    ),
    column("delta_rms_middle_call", "float64", "1", "half of the way; null if called once"),
    column(
        "delta_rms_late_call", "float64", "1", "three quarters of the way; null if called once"
    ),
    column("delta_rms_last_call", "float64", "1", "delta_rms at the last call (time step)"),
    column("weight_grad_rms", "float64", "1", "rms of the gradient of the layer's weight"),
    column("weight_rms", "float64", "1", "rms of the layer's weight before the update"),
    column("weight_count", "int64", "1", "elements of the layer's weight"),
    column("update_ratio", "float64", "1", "|update| / |weight| of the layer's weight"),
    column("preactivation_rms", "float64", "1", "rms of the layer's output; q is its square"),
    column(
        "preactivation_rms_first_call",
        "float64",
        "1",
        "preactivation_rms at the first call (time step) that is not all zero",
    ),
    column("preactivation_rms_last_call", "float64", "1", "preactivation_rms at the last call"),
    column("activation_mean", "float64", "1", "mean of the layer's activations; null at outputs"),
    column("activation_std", "float64", "1", "standard deviation of the layer's activations"),
    column("zero_fraction", "float64", "1", "share of activations that are exactly zero"),
    column("dead_fraction", "float64", "1", "share of units that are zero on the whole batch"),
    column("saturated_fraction", "float64", "1", "share with derivative below 1 % of its maximum"),
    column("nonfinite_count", "int64", "1", "NaN or Inf among activations and weight gradient"),
)
