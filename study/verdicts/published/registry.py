"""Every published rule by its name in `study.tables.schema.ALARMS`. A rule is a line here."""

from __future__ import annotations

from study.losses import WINDOW
from study.verdicts.published import autotrainer as auto
from study.verdicts.published import deepdiagnosis as deep
from study.verdicts.published import fractal, sagemaker, tuning_playbook
from study.verdicts.published.rule import Rule

RULES: dict[str, Rule] = {
    "sagemaker.vanishing_gradient": Rule(
        source=sagemaker.SOURCE,
        condition=f"mean absolute gradient of a layer's weight < {sagemaker.VANISHED:g}",
        fires=sagemaker.vanishing_gradient,
    ),
    "sagemaker.exploding_tensor": Rule(
        source=sagemaker.SOURCE,
        condition="a NaN or infinity in a loss, gradient, parameter or activation",
        fires=sagemaker.exploding_tensor,
    ),
    "sagemaker.loss_not_decreasing": Rule(
        source=sagemaker.SOURCE,
        condition=f"between recorded steps at least {sagemaker.STEPS_BETWEEN} apart the loss fell "
        f"by less than {sagemaker.SMALLEST_FALL:.1%}",
        fires=sagemaker.loss_not_decreasing,
    ),
    "sagemaker.dead_relu": Rule(
        source=sagemaker.SOURCE,
        condition=f"share of a ReLU layer's units that are zero on the whole batch > "
        f"{sagemaker.DEAD_SHARE:g}",
        fires=sagemaker.dead_relu,
    ),
    "sagemaker.saturated_activation": Rule(
        source=sagemaker.SOURCE,
        condition=f"share of a layer's tanh inputs beyond +-9.5, of its sigmoid inputs beyond -23 "
        f"or 17, > {sagemaker.SATURATED_SHARE:g}",
        fires=sagemaker.saturated_activation,
    ),
    "sagemaker.weight_update_ratio": Rule(
        source=sagemaker.SOURCE,
        condition="norm of the update over norm of the weight, of a layer, > "
        f"{sagemaker.LARGEST_UPDATE:g} or < {sagemaker.SMALLEST_UPDATE:g}",
        fires=sagemaker.weight_update_ratio,
    ),
    "autotrainer.vanishing_gradient": Rule(
        source=auto.SOURCE,
        condition=f"norm of the first weight's gradient < {auto.VANISHING_NORM:g}, and over that "
        f"of the last < {auto.VANISHING_RATIO:g}; accuracy < {auto.SATISFYING_ACCURACY:g}",
        fires=auto.vanishing_gradient,
    ),
    "autotrainer.exploding_gradient": Rule(
        source=auto.SOURCE,
        condition="norm of the first weight's gradient over that of the last > "
        f"{auto.EXPLODING_RATIO:g}, and accuracy < {auto.SATISFYING_ACCURACY:g}; or a NaN or "
        "infinity",
        fires=auto.exploding_gradient,
    ),
    "autotrainer.dying_relu": Rule(
        source=auto.SOURCE,
        condition=f"share of zeros in the weights' gradients >= {auto.ZERO_SHARE:g}; accuracy < "
        f"{auto.SATISFYING_ACCURACY:g}",
        fires=auto.dying_relu,
    ),
    "autotrainer.oscillating_loss": Rule(
        source=auto.SOURCE,
        condition=f"accuracy falls from a maximum by {auto.SWING:g} or more, beyond the noise of "
        f"batches, in {auto.SWINGING_SHARE:.0%} of recorded steps; accuracy < "
        f"{auto.SATISFYING_ACCURACY:g}",
        fires=auto.oscillating_loss,
    ),
    "autotrainer.slow_convergence": Rule(
        source=auto.SOURCE,
        condition=f"accuracy gained over chance < {auto.SMALLEST_GAIN:g} for each recorded step "
        f"after the first; accuracy < {auto.SATISFYING_ACCURACY:g}",
        fires=auto.slow_convergence,
    ),
    "deepdiagnosis.vanishing_gradient": Rule(
        source=deep.SOURCE,
        condition=f"mean absolute gradient of a layer's weight < {deep.VANISHED:g}",
        fires=deep.vanishing_gradient,
    ),
    "deepdiagnosis.saturated_activation": Rule(
        source=deep.SOURCE,
        condition="share of a layer's tanh or sigmoid inputs beyond +-5 > "
        f"{deep.SATURATED_SHARE:g}",
        fires=deep.saturated_activation,
    ),
    "deepdiagnosis.learning_rate": Rule(
        source=deep.SOURCE,
        condition="learning rate times norm of the gradient over norm of the weight, of a layer, "
        f"> {deep.LARGEST_UPDATE:g} or < {deep.SMALLEST_UPDATE:g}",
        fires=deep.learning_rate,
    ),
    "tuning_playbook.clipping": Rule(
        source=tuning_playbook.SOURCE,
        condition=f"share of steps whose gradient was clipped > {tuning_playbook.CLIPPED_SHARE:g}",
        fires=tuning_playbook.clipping,
    ),
    "fractal.not_converged": Rule(
        source=fractal.SOURCE,
        condition=f"mean of the last {WINDOW} losses not below the first loss, or not finite",
        fires=fractal.not_converged,
    ),
}
"""In the order in which the column `alarms` names them."""

LAYER_COLUMNS = (
    "trial",
    "step",
    "layer",
    "weight_grad_rms",
    "weight_rms",
    "weight_count",
    "update_ratio",
    "preactivation_rms",
    "activation_mean",
    "activation_std",
    "dead_fraction",
    "saturated_fraction",
    "nonfinite_count",
)
"""What the rules read of the layers table. Rules stay silent where a column is missing."""
