"""Names and meanings of detectors, as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

RULE_SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "sagemaker": "SageMaker Debugger",
        "autotrainer": "AutoTrainer",
        "deepdiagnosis": "DeepDiagnosis",
        "tuning_playbook": "Tuning playbook",
        "fractal": "Sohl-Dickstein",
    }
)
"""Who published a rule, by what stands before the dot of its name."""

FLAG_MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "clip_dominated": "most steps were clipped: the learning rate in force was another one",
        "clipped_divergence": "it exploded, but clipping kept the loss within bounds",
        "batchnorm_explosion": "gradients exploded at step 0 alone, as batch normalization makes "
        "them",
        "catapult": "the loss rose far above the first, then it trained",
        "edge_of_stability": "the learning rate was about its limit for the sharpness reached",
        "dead_layer": "a hidden layer was nearly all zero at the end",
        "saturated_layer": "most activations of a hidden layer were flat at the end",
    }
)
