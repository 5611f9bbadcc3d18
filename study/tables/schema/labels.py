"""The names that columns of labels may hold, and what they mean: the words of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

VERDICTS: Mapping[str, str] = MappingProxyType(
    {
        "stable": "it trained",
        "exploding": "training diverged: its loss, gradients or updates exploded",
        "vanishing": "it did not learn because its gradients do not arrive",
        "oscillating": "its loss does not settle",
        "slow": "it learned, short of the target within its steps",
        "stalled": "it did not learn though its gradients are healthy, or were not measured",
    }
)
"""What became of a trial, by the names that the column `verdict` may hold."""

CAUSES: Mapping[str, str] = MappingProxyType(
    {
        "data": "inputs or targets hold values that are not finite",
        "loss_function": "the loss function makes values or gradients that are not finite",
        "network_function": "a function inside the network makes values that are not finite",
        "unbounded_loss": "the loss has no lower bound and training runs away along it",
        "broadcast": "the loss compares every output with every target",
        "mixed_examples": "the answer to an example depends on the others of its batch",
        "unseen_inputs": "the network's answer leaves out its inputs, or most of them",
        "input_scale": "the inputs are far from the scale that initial weights are made for",
        "target_scale": "the targets are far from the scale of a network's first outputs",
        "flat_loss": "no gradient leaves the loss: it is flat where the outputs are",
        "other_goal": "what satisfies the loss is not what the metric counts",
        "bounded_outputs": "the outputs cannot be what the loss or the targets want",
        "alike_units": "the units of a layer start alike and stay alike",
        "growing_state": "the recurrent state adds up over the time steps",
        "growing_through_time": "gradients grow from time step to time step",
        "growing_through_depth": "gradients grow from layer to layer",
        "shrinking_through_time": "gradients shrink from time step to time step",
        "shrinking_through_depth": "gradients shrink from layer to layer",
        "dead_from_start": "units are dead from initialization on",
        "saturated_from_start": "units are saturated from initialization on",
        "cold_start": "the first steps of an adaptive optimizer, without warm-up, did the damage",
        "killed_by_update": "an update killed units",
        "saturated_by_update": "an update saturated units",
        "still_part": "a part of the network does not train",
        "weight_decay": "weight decay, or a penalty in the loss, has shrunk the weights",
        "large_steps": "steps are too large for the curvature of the loss",
        "decayed_rate": "the learning rate has decayed away",
        "epsilon": "epsilon does not suit the size of the gradients",
        "clipped_away": "clipping leaves next to nothing of the gradient",
        "majority_answer": "always giving the most frequent answer satisfies the loss",
        "small_steps": "steps are too small to get anywhere in this time",
        "no_signal": "nothing was found in the inputs that tells the targets",
        "own_noise": "what the network draws at random drowns what it says",
        "linear_network": "the network is one linear map, with no bend between its layers",
        "batch_noise": "batches are so small that their noise hides the way down",
        "short_training": "it is still learning: the steps were too few",
        "levelled_off": "its loss fell no more, short of the target: more steps alone do not help",
        "unknown": "nothing that was measured explains it",
        "none": "nothing is wrong",
    }
)
"""Why a trial failed, by the names that the column `cause` may hold."""

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
