"""The columns of the trials table, but for hyperparameters: identity, labels, figures."""

from __future__ import annotations

from study.first_failure import CLAUSES
from study.losses import FIRST_EXAMPLES, LAST_EXAMPLES, WINDOW
from study.tables.schema.columns import Column, column
from study.tables.schema.labels import CAUSES, VERDICTS

TRIAL_IDENTITY: tuple[Column, ...] = (
    column("trial", "int64", "", "number of the trial, from 0; Optuna's trial number"),
    column("configuration", "int64", "", "number of the configuration; its seeds share it"),
    column("seed", "int64", "", "seed of initialization and data order"),
    column(
        "design",
        "string",
        "",
        "confirming: tests a region; sampler boundary: space-filling (a uniform sample of the"
        " space) or boundary; else null",
    ),
    column(
        "confirms",
        "string",
        "",
        "the region that a confirming trial tests: JSON with its box `where` and the share of"
        " stable trials `promised`; else null",
    ),
)

TRIAL_LABELS: tuple[Column, ...] = (
    column("outcome", "string", "", "nonfinite, diverged, oscillating, stalled, slow, trained"),
    column(
        "regime_initial", "string", "", "gradient regime at initialization; null if unmeasured"
    ),
    column("regime_final", "string", "", "gradient regime at the end; null if unmeasured"),
    column(
        "predicted_regime",
        "string",
        "",
        "gradient regime that theory expects at initialization; null where it is silent",
    ),
    column("verdict", "string", "", ", ".join(VERDICTS)),
    column("cause", "string", "", "why it failed: " + ", ".join(CAUSES)),
    column("flags", "string", "", "what else was noticed, joined by commas; empty if nothing"),
    column(
        "alarms", "string", "", "published rules that would have fired, joined by commas, or empty"
    ),
    column("explanation", "string", "", "one sentence with the evidence for the verdict"),
)

_LAST = f"the last {WINDOW} steps run, at most the second half of them"
_FEW = f"where these hold fewer than {LAST_EXAMPLES} examples"
_MORE = f"{_FEW}, of up to a quarter of all steps"
_AFTER = f"{_FEW}, of a sample of the data after the last update"
_HELD_OUT = "the task's validation examples after the last update; null without any"

TRIAL_FIGURES: tuple[Column, ...] = (
    column("steps_run", "int64", "steps", "optimizer steps taken before the end or retirement"),
    column(
        "decided_step",
        "int64",
        "steps",
        "with `stop: decided`, step after which the verdict was certain; a trial with more"
        " steps_run went on to show whether it was; null if it was not",
    ),
    column("failure_step", "int64", "steps", "first step with a non-finite value; null if none"),
    column("failure_tensor", "string", "", "loss, gradient:<parameter>, parameter:<parameter>"),
    column(
        "failure_origin",
        "string",
        "",
        "what was first in the step in which values became non-finite or the loss passed its"
        " bound, looked at by itself: " + ", ".join(CLAUSES),
    ),
    column("failure_detail", "string", "", "which layer, time step, rows or function, for people"),
    column(
        "failure_output",
        "float64",
        "1",
        "largest |output| in that step's batch; infinite if one is not finite, null if unknown",
    ),
    column(
        "failure_growth",
        "float64",
        "1",
        "largest growth of a recurrent layer's output over the time steps of that step; null if"
        " none",
    ),
    column(
        "rise_step",
        "int64",
        "steps",
        "first of the last steps whose losses were all above twice the first; null if none",
    ),
    column(
        "loss_initial",
        "float64",
        "task",
        "loss before any update: of the first batch or, where that holds fewer than"
        f" {FIRST_EXAMPLES} examples, of a sample of the data",
    ),
    column(
        "loss_initial_error", "float64", "task", "standard error of loss_initial; null if unknown"
    ),
    column("loss_final", "float64", "task", f"mean training loss of {_LAST}; {_AFTER}"),
    column("loss_validation", "float64", "task", f"mean loss of {_HELD_OUT}"),
    column(
        "loss_best", "float64", "task", f"lowest mean loss of {WINDOW} consecutive steps; {_MORE}"
    ),
    column("loss_max", "float64", "task", "largest loss of any step"),
    column("loss_swing", "float64", "task", f"mean |loss[t] - loss[t-1]| of {_LAST}"),
    column(
        "loss_fall",
        "float64",
        "task",
        "fall of the mean loss over the second half of the steps; null in older tables",
    ),
    column(
        "loss_zigzag",
        "float64",
        "task",
        f"(sum of |loss[t] - loss[t-1]| - |their sum|) over their number, of {_LAST}; {_MORE}; 0"
        " for a loss that falls at every step; null in older tables",
    ),
    column(
        "loss_noise",
        "float64",
        "task",
        "standard error of one batch's mean loss in the same steps; null if unknown",
    ),
    column("loss_chance", "float64", "task", "loss of the best constant prediction"),
    column("metric_final", "float64", "task", f"mean training metric of {_LAST}; {_AFTER}"),
    column("metric_validation", "float64", "task", f"mean metric of {_HELD_OUT}"),
    column(
        "metric_best",
        "float64",
        "task",
        f"best mean metric of {WINDOW} consecutive steps; {_MORE}; or metric_final",
    ),
    column(
        "metric_noise",
        "float64",
        "task",
        "standard error of one batch's mean metric in the same steps; null if unknown",
    ),
    column("metric_chance", "float64", "task", "the metric of guessing"),
    column("metric_ceiling", "float64", "task", "the best metric the task allows"),
    column("metric_target", "float64", "task", "from here on the trial counts as trained"),
    column("grad_norm_initial", "float64", "1", "unclipped global gradient norm at step 0"),
    column("grad_norm_median", "float64", "1", "median over all steps run"),
    column("grad_norm_max", "float64", "1", "largest over all steps run"),
    column(
        "delta_ratio_initial",
        "float64",
        "1",
        "rms(delta_1) / rms(delta_L) at step 0; recurrent: first over last time step",
    ),
    column("delta_ratio_final", "float64", "1", "the same, median of the last 3 recorded steps"),
    column(
        "depth_scale_initial",
        "float64",
        "layers",
        "1 / |slope of ln rms(delta_l)^2 over l|; recurrent: in time steps",
    ),
    column("clipped_fraction", "float64", "1", "share of steps whose gradient was clipped"),
    column("update_ratio_median", "float64", "1", "median of |update| / |parameters|"),
    column(
        "update_ratio_max", "float64", "1", "largest |update| / |parameters| of a recorded step"
    ),
    column("dead_fraction", "float64", "1", "share of dead units in the worst hidden layer, last"),
    column(
        "saturated_fraction", "float64", "1", "saturated share in the worst hidden layer, last"
    ),
    column(
        "sharpness_initial",
        "float64",
        "1/lr",
        "largest Hessian eigenvalue at step 0; null if unmeasured",
    ),
    column(
        "edge_ratio",
        "float64",
        "1",
        "learning rate over its limit at the last sharpness measured; null if unknown",
    ),
    column(
        "predicted_ratio",
        "float64",
        "1",
        "delta_ratio_initial that theory expects; null where it is silent",
    ),
    column(
        "predicted_saturated_fraction",
        "float64",
        "1",
        "saturated share in the worst hidden layer at step 0, as theory expects it",
    ),
    column(
        "predicted_max_learning_rate",
        "float64",
        "1",
        "limit at sharpness_initial; null if unmeasured or the optimizer has no such limit",
    ),
    column("input_rms", "float64", "1", "root mean square of the inputs; null of tokens"),
    column("target_rms", "float64", "1", "root mean square of the targets; null of labels"),
    column(
        "output_bound",
        "string",
        "",
        "why outputs cannot be what loss or targets want; null if nothing bounds them",
    ),
    column(
        "majority_share",
        "float64",
        "1",
        "share of the most frequent label; null of numbers, and where losses are weighted by it",
    ),
    column("wiring_fault", "string", "", "cause that may lie in how the network is put together"),
    column("wiring_detail", "string", "", "what is odd about it, for people"),
    column(
        "time_ratio",
        "float64",
        "1",
        "gradient at torch's recurrent module's first over its last time step, at initialization",
    ),
    column(
        "signal",
        "float64",
        "1",
        "share of the targets' squared error that neighbours or a line take away; 0 within noise",
    ),
    column(
        "still_parts",
        "string",
        "",
        "layers that do not train, and why: frozen, in no optimizer, detached, in a plain list;"
        " null if all do",
    ),
    column(
        "still_share",
        "float64",
        "1",
        "share of the layers' weights that do not train; 0 where a study's network freezes them",
    ),
    column("train_seconds", "float64", "s", "the cohort's training time over its trials"),
    column("mlflow_run_id", "string", "", "the trial's MLflow run; null before delivery"),
)
