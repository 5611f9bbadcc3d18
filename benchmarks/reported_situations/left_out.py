"""What an answer leaves out, what a mask leaves nothing of, what a loss asks for beside the data.

Their code is in `unheard.py`.
"""

from __future__ import annotations

from dataclasses import replace

from reported_situations.scales import ADAM
from reported_situations.situation import Situation
from reported_situations.wiring import situation

HERE = "reported_situations.unheard:"

UNSEEN = (
    situation(
        "softmax_of_one",
        "choose",
        "unseen_inputs",
        "Yes or no by one output and a softmax: it is 1 for everybody, the loss never moves.",
        task=f"{HERE}churned",
        network=f"{HERE}probability",
        own=("end", ["softmax", "sigmoid"]),
        rate=1e-3,
    ),
    situation(
        "layer_norm_of_one",
        "choose",
        "unseen_inputs",
        "LayerNorm on a single input: x minus its mean is 0, and every prediction is the mean.",
        task=f"{HERE}wave",
        network=f"{HERE}normed",
        own=("numbers_together", [1, 0]),
        settings={"normed_by": "layer"},
    ),
    situation(
        "first_time_step",
        "report",
        "unseen_inputs",
        "out[:, 0] of an LSTM for out[:, -1]: it answers before it has read anything.",
        task=f"{HERE}late_signs",
        network=f"{HERE}reading",
        own=("state_read", [0, -1]),
        steps=200,
    ),
    situation(
        "groups_of_one",
        "report",
        "unseen_inputs",
        "GroupNorm with as many groups as there are columns: every number becomes 0.",
        task=f"{HERE}ten_kinds",
        network=f"{HERE}normed",
        own=("numbers_together", [1, 10]),
        settings={"normed_by": "group"},
    ),
)

MASKED = (
    situation(
        "nothing_to_attend_to",
        "choose",
        "network_function",
        "-inf masks the padding, and some rows are all padding: NaN at the first batch.",
        task=f"{HERE}padded",
        network=f"{HERE}attending",
        own=("masked_by", ["-inf", "-1e9"]),
        rate=3e-3,
        steps=200,
    ),
    situation(
        "key_padding_mask",
        "report",
        "network_function",
        "nn.MultiheadAttention with a key_padding_mask that is true for a whole row: NaN.",
        task=f"{HERE}padded",
        network=f"{HERE}torch_attending",
        own=("empty_rows", ["masked", "unmasked"]),
        rate=3e-3,
        steps=200,
    ),
)

PENALIZED = (
    situation(
        "penalty_of_a_half",
        "choose",
        "weight_decay",
        "loss + 0.5 * sum of squares of all weights: the loss falls, accuracy never moves.",
        task=f"{HERE}penalized",
        network=f"{HERE}hidden_layers",
        own=("penalty", [0.5, 1e-4]),
        rate=1e-3,
    ),
    situation(
        "lasso_in_the_loss",
        "report",
        "weight_decay",
        "The same with absolute values: all weights go to zero, the loss is ln 10.",
        task=f"{HERE}penalized",
        network=f"{HERE}hidden_layers",
        own=("penalty", [0.1, 1e-5]),
        task_options={"penalty_power": 1},
        rate=1e-3,
    ),
)

LEVEL = (
    replace(
        situation(
            "cosines_alone",
            "choose",
            "levelled_off",
            "Cosines as logits, without a scale: the loss of ten classes cannot get below 1.3.",
            task=f"{HERE}faces",
            network=f"{HERE}cosines",
            own=("cosine_factor", [1, 16]),
            rate=3e-3,
        ),
        also=("bounded_outputs",),
    ),
    situation(
        "collapsed_posterior",
        "report",
        "levelled_off",
        "The divergence of a variational autoencoder counts 20 times: it draws the mean of all.",
        task=f"{HERE}curves",
        network=f"{HERE}autoencoder",
        own=("divergence_weight", [20.0, 0.1]),
        rate=3e-3,
        steps=400,
    ),
    situation(
        "labels_of_a_crowd",
        "report",
        "levelled_off",
        "Four labels in ten are wrong: accuracy stops at 0.6, whatever the network.",
        task=f"{HERE}mislabelled",
        network=f"{HERE}sixteen_units",
        own=("wrong_share", [0.4, 0.0]),
    ),
)

WARMING = (
    Situation(
        name="warm_up_of_thousands",
        set="choose",
        story="A warm-up of 10,000 steps, from a paper, in a training of 300.",
        cause="small_steps",
        task=f"{HERE}ten_kinds",
        network=f"{HERE}hidden_layers",
        hyperparameters={**ADAM, "learning_rate": 1e-3, "warmup_steps": 10_000},
        steps=300,
        fix={"warmup_steps": 30},
        other_fixes=({"learning_rate": 0.03},),
    ),
    Situation(
        name="warm_up_of_the_run",
        set="report",
        story="As many steps of warm-up as there are steps, by a mistake in a config.",
        cause="small_steps",
        task=f"{HERE}ten_kinds",
        network=f"{HERE}hidden_layers",
        hyperparameters={**ADAM, "learning_rate": 1e-4, "warmup_steps": 200},
        steps=200,
        fix={"warmup_steps": 20, "learning_rate": 3e-3},
        other_fixes=({"warmup_steps": 20}, {"learning_rate": 3e-3}),
    ),
)

SITUATIONS = (*UNSEEN, *MASKED, *PENALIZED, *LEVEL, *WARMING)
