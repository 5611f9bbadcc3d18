"""Networks and tasks put together in a way that no hyperparameter of a training mends.

Their code is in `wired.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reported_situations.scales import ADAM, SGD
from reported_situations.situation import Situation

HERE = "reported_situations.wired:"
KINDS, CORNERS, TRENDS = f"{HERE}kinds", f"{HERE}corners", f"{HERE}trends"


def situation(
    name: str,
    which: str,
    cause: str,
    story: str,
    *,
    task: str,
    network: str,
    own: tuple[str, list[Any]] | None = None,
    optimizer: Mapping[str, Any] = ADAM,
    rate: float = 0.01,
    steps: int = 300,
    **more: Any,
) -> Situation:
    """A situation whose fix is the second value of the person's own hyperparameter."""
    values = {**optimizer, "learning_rate": rate, **more.pop("settings", {})}
    fix = {}
    if own is not None:
        values[own[0]] = own[1]
        fix = {own[0]: own[1][1]}
    return Situation(
        name=name,
        set=which,  # type: ignore[arg-type]
        story=story,
        cause=cause,
        task=task,
        network=network if ":" in network else f"{HERE}{network}",
        hyperparameters=values,
        steps=steps,
        fix=fix,
        **more,
    )


MIXED = (
    situation(
        "gru_time_first",
        "choose",
        "mixed_examples",
        "nn.GRU without batch_first=True reads along the batch; accuracy stays at a half.",
        task=TRENDS,
        network="gru_reader",
        own=("first_axis", ["time", "batch"]),
        settings={"batch_size": 24},
        steps=150,
    ),
    situation(
        "lstm_time_first",
        "report",
        "mixed_examples",
        "After an upgrade nn.LSTM gets (B, T, F) and takes it for (T, B, F): nothing is learned.",
        task=TRENDS,
        network="lstm_reader",
        own=("first_axis", ["time", "batch"]),
        settings={"batch_size": 24},
        steps=150,
    ),
    situation(
        "view_for_transpose",
        "choose",
        "mixed_examples",
        "reshape(B, -1) of a tensor (T, B, F): each row holds pieces of many examples.",
        task=TRENDS,
        network="flattened",
        own=("axes", ["swapped", "kept"]),
    ),
)

FUNCTIONS = (
    situation(
        "blank_rows",
        "choose",
        "network_function",
        "x / x.norm() of rows that are all zero: the loss is NaN at the first step.",
        task=f"{HERE}with_blank_rows",
        network="directions",
        own=("floor", [0.0, 1e-6]),
    ),
    situation(
        "distance_of_nothing",
        "report",
        "network_function",
        "Distances to prototypes, one of them on a blank row: the gradient of sqrt(0) is NaN.",
        task=f"{HERE}with_blank_rows",
        network="distances",
        own=("floor", [0.0, 1e-6]),
    ),
    situation(
        "softmax_by_hand",
        "choose",
        "network_function",
        "A softmax written out overflows as soon as a logit passes 88.",
        task=KINDS,
        network="written_out",
        own=("softmax", ["by_hand", "torch"]),
        rate=0.003,
    ),
)

ALIKE = (
    situation(
        "weights_of_a_twentieth",
        "choose",
        "alike_units",
        "All weights start at 0.05: 48 units do what one would do.",
        task=KINDS,
        network="started",
        own=("start", ["twentieth", "random"]),
        settings={"bend": "relu"},
    ),
    situation(
        "zeros_under_tanh",
        "report",
        "alike_units",
        "zeros_ for all weights and biases, under tanh: the last bias alone learns.",
        task=KINDS,
        network="started",
        own=("start", ["zero", "random"]),
        settings={"bend": "tanh"},
    ),
    situation(
        "one_unit_many_times",
        "choose",
        "alike_units",
        "Weights of 0.05 under tanh: six kinds, and the answers lie on one line.",
        task=KINDS,
        network="started",
        own=("start", ["twentieth", "random"]),
        settings={"bend": "tanh"},
    ),
)

NOISE = (
    situation(
        "keep_for_drop",
        "choose",
        "own_noise",
        "Dropout of 0.95, where the old library's argument was the share to keep.",
        task=KINDS,
        network="dropped",
        own=("dropped_share", [0.95, 0.05]),
    ),
    situation(
        "dropout_of_nine_tenths",
        "report",
        "own_noise",
        "Dropout 0.9 on layers of 16 units, against overfitting: accuracy stays low.",
        task=KINDS,
        network="dropped",
        own=("dropped_share", [0.9, 0.1]),
        settings={"units": 16},
    ),
    situation(
        "noise_of_thirty",
        "choose",
        "own_noise",
        "Noise of size 30 on hidden units of size 1.",
        task=KINDS,
        network="noisy",
        own=("noise", [30.0, 0.1]),
    ),
)

STRAIGHT = (
    situation(
        "xor_without_activation",
        "choose",
        "linear_network",
        "Three nn.Linear in a row do not learn XOR, however long.",
        task=CORNERS,
        network="straight",
        own=("bend", ["none", "relu"]),
    ),
    situation(
        "bowl_without_activation",
        "report",
        "linear_network",
        "A regression whose layers have no activation explains nothing of a paraboloid.",
        task=f"{HERE}bowl",
        network="straight",
        own=("bend", ["none", "relu"]),
    ),
    situation(
        "activation_forgotten",
        "choose",
        "linear_network",
        "relu was imported and never called: accuracy is a half on eight columns.",
        task=CORNERS,
        task_options={"features": 3},
        network="straight",
        own=("bend", ["none", "tanh"]),
    ),
)

SILENT = (
    situation(
        "labels_shuffled_alone",
        "choose",
        "no_signal",
        "The labels were shuffled and the inputs were not.",
        task=KINDS,
        network="relu_layers",
        optimizer=SGD,
        rate=0.1,
        task_options={"shuffled": True},
        twin_options={"shuffled": False},
    ),
    situation(
        "images_sorted_apart",
        "report",
        "no_signal",
        "Images and labels were read in different orders: a CNN stays at chance.",
        task=f"{HERE}gratings",
        network="small_cnn",
        rate=0.003,
        task_options={"shuffled": True},
        twin_options={"shuffled": False},
    ),
    situation(
        "merged_by_position",
        "choose",
        "no_signal",
        "Two tables were joined by row number after one was sorted.",
        task=f"{HERE}bowl",
        network="relu_layers",
        rate=0.003,
        task_options={"shuffled": True},
        twin_options={"shuffled": False},
    ),
)

BROADCAST = (
    situation(
        "targets_in_a_row",
        "report",
        "broadcast",
        "MSELoss warns of (64,) against (64, 1) and goes on: every prediction is the mean.",
        task=f"{HERE}in_a_row",
        network="relu_layers",
        twin_options={"row": False},
    ),
    situation(
        "absolute_errors_in_a_row",
        "choose",
        "broadcast",
        "The same with absolute errors: every prediction is the median.",
        task=f"{HERE}in_a_row",
        network="relu_layers",
        task_options={"outputs_loss": "absolute"},
        twin_options={"row": False},
    ),
)

STILL = (
    situation(
        "layers_in_a_list",
        "choose",
        "still_part",
        "self.layers = [nn.Linear(...), ...]: model.parameters() does not know them.",
        task=KINDS,
        network="listed",
        own=("kept_in", ["list", "ModuleList"]),
        settings={"layers": 6},
    ),
    situation(
        "encoder_detached",
        "report",
        "still_part",
        "A detach() from the days of a frozen encoder: only the head learns.",
        task=KINDS,
        network="cut",
        own=("encoder", ["detached", "joined"]),
    ),
    situation(
        "two_in_a_list",
        "choose",
        "still_part",
        "Eight hidden layers in a plain list: the readout of random features gets nowhere near.",
        task=KINDS,
        network="listed",
        own=("kept_in", ["list", "ModuleList"]),
        settings={"layers": 8},
        steps=400,
    ),
)

SITUATIONS = (*MIXED, *FUNCTIONS, *ALIKE, *NOISE, *STRAIGHT, *SILENT, *BROADCAST, *STILL)
