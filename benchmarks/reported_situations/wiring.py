"""Networks and tasks put together in a way that no hyperparameter of a training mends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from reported_situations.parts import clusters, perceptron, regression, seeded, stripes
from reported_situations.scales import ADAM, SGD
from reported_situations.situation import Situation
from study import Task, classification


def trends() -> Task:
    """Which way the first of three series goes, on average over ten time steps."""
    generator = seeded(70)
    x = torch.randn(1500, 10, 3, generator=generator)
    x = x + 1.5 * torch.randn(1500, 1, 3, generator=generator)
    return classification("trends", x, (x.mean(1)[:, 0] > 0).long(), classes=2, target=0.85)


def kinds(*, shuffled: bool = False) -> Task:
    x, labels = clusters(examples=2000, features=20, classes=6, distance=1.0, seed=71)
    if shuffled:
        labels = labels[torch.randperm(len(labels), generator=seeded(72))]
    return classification("kinds", x, labels, classes=6, target=0.85)


def gratings(*, shuffled: bool = False) -> Task:
    images, labels = stripes(examples=1500, seed=73)
    if shuffled:
        labels = labels[torch.randperm(len(labels), generator=seeded(74))]
    return classification("gratings", (images - 0.5) / 0.27, labels, classes=4, target=0.85)


def corners(*, features: int = 2) -> Task:
    """Exclusive or of two signs, which no straight line tells apart."""
    x = torch.randn(2000, features, generator=seeded(75))
    labels = ((x[:, 0] > 0) ^ (x[:, 1] > 0)).long()
    return classification("corners", x, labels, classes=2, target=0.9)


def bowl(*, shuffled: bool = False) -> Task:
    """A paraboloid: its best straight fit is a constant."""
    x = torch.randn(1500, 4, generator=seeded(76))
    y = x[:, :2].square().sum(1, keepdim=True)
    if shuffled:
        y = y[torch.randperm(len(y), generator=seeded(77))]
    return regression("bowl", x, (y - y.mean()) / y.std(), target=0.8)


def in_a_row(*, row: bool = True, outputs_loss: str = "squared") -> Task:
    """A line through five columns, whose targets are (N,) as a file's last column is."""
    generator = seeded(78)
    x = torch.randn(1500, 5, generator=generator)
    y = x @ torch.randn(5, generator=generator)
    y = y / y.std()

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        off = outputs - targets
        by_number = off.square() if outputs_loss == "squared" else off.abs()
        return by_number.reshape(len(outputs), -1).mean(1)

    def explained(outputs: Tensor, targets: Tensor) -> Tensor:
        return 1 - (outputs[:, 0] - targets.reshape(-1)).square()

    return Task(
        name="row",
        inputs=x,
        targets=y if row else y[:, None],
        outputs=1,
        loss=loss,
        metric=explained,
        metric_name="explained variance",
        chance=0.0,
        ceiling=1.0,
        target=0.8,
        loss_chance=1.0 if outputs_loss == "squared" else 0.8,
    )


def with_blank_rows() -> Task:
    """Every ninth row is blank: a sensor that was off."""
    x = torch.randn(1500, 12, generator=seeded(79))
    labels = (x[:, 0] + x[:, 1] > 0).long()
    x[::9] = 0.0
    return classification("blank rows", x, labels, classes=2, target=0.85)


class Reader(nn.Module):
    """A GRU whose input is (B, T, F), and a readout of its last state."""

    def __init__(self, features: int, outputs: int, *, batch_first: bool, lstm: bool) -> None:
        super().__init__()
        kind = nn.LSTM if lstm else nn.GRU
        self.cell = kind(features, 24, batch_first=batch_first)
        self.readout = nn.Linear(24, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.readout(self.cell(x)[0][:, -1])


def gru_reader(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    first = hyperparameters["first_axis"] == "batch"
    return Reader(task.inputs.shape[-1], task.outputs, batch_first=first, lstm=False)


def lstm_reader(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    first = hyperparameters["first_axis"] == "batch"
    return Reader(task.inputs.shape[-1], task.outputs, batch_first=first, lstm=True)


class Flattened(nn.Module):
    """All time steps side by side, by a transpose or by a view that mixes examples."""

    def __init__(self, network: nn.Module, *, mixes: bool) -> None:
        super().__init__()
        self.network, self.mixes = network, mixes

    def forward(self, x: Tensor) -> Tensor:
        if self.mixes:
            return self.network(x.transpose(0, 1).reshape(len(x), -1))
        return self.network(x.flatten(1))


def flattened(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    network = perceptron([task.features, 48, task.outputs], "relu")
    return Flattened(network, mixes=hyperparameters["axes"] == "swapped")


class Direction(nn.Module):
    """Only the direction of an input counts: x / |x|, the length at least a floor."""

    def __init__(self, network: nn.Module, floor: float) -> None:
        super().__init__()
        self.network, self.floor = network, floor

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x / x.norm(dim=1, keepdim=True).clamp(min=self.floor))


def directions(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    network = perceptron([task.features, 48, task.outputs], "relu")
    return Direction(network, float(hyperparameters["floor"]))


class Distances(nn.Module):
    """Distances to the prototypes, the first of which lies at the origin."""

    def __init__(self, features: int, outputs: int, floor: float) -> None:
        super().__init__()
        self.prototypes = nn.Linear(features, 24, bias=False)
        nn.init.normal_(self.prototypes.weight)
        with torch.no_grad():
            self.prototypes.weight[0] = 0.0
        self.readout, self.floor = nn.Linear(24, outputs), floor

    def forward(self, x: Tensor) -> Tensor:
        centres = self.prototypes.weight
        squares = (x[:, None, :] - centres).square().sum(2)
        return self.readout((squares + self.floor).sqrt() / x.shape[1] ** 0.5)


def distances(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return Distances(task.features, task.outputs, float(hyperparameters["floor"]))


class WrittenOut(nn.Module):
    """exp(z) / sum(exp(z)), of logits with a temperature; or torch's log_softmax."""

    def __init__(self, network: nn.Module, *, by_hand: bool) -> None:
        super().__init__()
        self.network, self.by_hand = network, by_hand

    def forward(self, x: Tensor) -> Tensor:
        logits = 120 * self.network(x)
        if not self.by_hand:
            return logits.log_softmax(1) / 60
        powers = logits.exp()
        return (powers / powers.sum(1, keepdim=True)).log() / 60


def written_out(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    network = perceptron([task.features, 48, task.outputs], "relu")
    return WrittenOut(network, by_hand=hyperparameters["softmax"] == "by_hand")


def started(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Layers whose weights all start at one number, or as usual."""
    network = perceptron([task.features, 48, 48, task.outputs], str(hyperparameters["bend"]))
    value = {"twentieth": 0.05, "zero": 0.0}.get(str(hyperparameters["start"]))
    for each in network.parameters() if value is not None else ():
        nn.init.constant_(each, value)
    return network


def started_cnn(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    network = nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1),
        nn.Tanh(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1),
        nn.Tanh(),
        nn.Flatten(),
        nn.Linear(144, task.outputs),
    )
    if hyperparameters["start"] == "ones":
        for each in network.modules():
            if isinstance(each, nn.Conv2d):
                nn.init.constant_(each.weight, 0.1)
                assert each.bias is not None
                nn.init.zeros_(each.bias)
    return network


def dropped(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Dropout behind every hidden layer; the person took the share that stays for it."""
    share = float(hyperparameters["dropped_share"])
    modules: list[nn.Module] = [nn.Flatten()]
    for fan_in in (task.features, 64):
        modules += [nn.Linear(fan_in, 64), nn.ReLU(), nn.Dropout(share)]
    return nn.Sequential(*modules, nn.Linear(64, task.outputs))


class Noisy(nn.Module):
    """Gaussian noise on the hidden layer, against overfitting."""

    def __init__(self, features: int, outputs: int, size: float) -> None:
        super().__init__()
        self.first, self.last, self.size = nn.Linear(features, 48), nn.Linear(48, outputs), size

    def forward(self, x: Tensor) -> Tensor:
        hidden = torch.relu(self.first(x))
        return self.last(hidden + self.size * torch.randn_like(hidden))


def noisy(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return Noisy(task.features, task.outputs, float(hyperparameters["noise"]))


def straight(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Layers with the person's activation between them, or with none."""
    if hyperparameters["bend"] != "none":
        return perceptron([task.features, 48, 48, task.outputs], str(hyperparameters["bend"]))
    return nn.Sequential(
        nn.Linear(task.features, 48), nn.Linear(48, 48), nn.Linear(48, task.outputs)
    )


def relu_layers(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return perceptron([task.features, 48, task.outputs], "relu")


def small_cnn(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(288, task.outputs),
    )


class Listed(nn.Module):
    """Hidden layers in a list, of Python's or of torch's."""

    def __init__(self, features: int, outputs: int, depth: int, *, plain: bool) -> None:
        super().__init__()
        layers = [nn.Linear(features if n == 0 else 24, 24) for n in range(depth)]
        self.layers = layers if plain else nn.ModuleList(layers)
        self.readout = nn.Linear(24, outputs)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.tanh(layer(x))
        return self.readout(x)


def listed(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    plain = hyperparameters["kept_in"] == "list"
    return Listed(task.features, task.outputs, int(hyperparameters["layers"]), plain=plain)


class Cut(nn.Module):
    """An encoder whose answer is detached before the head, or not."""

    def __init__(self, features: int, outputs: int, *, cut: bool) -> None:
        super().__init__()
        self.encoder, self.head, self.cut = nn.Linear(features, 4), nn.Linear(4, outputs), cut

    def forward(self, x: Tensor) -> Tensor:
        code = torch.tanh(self.encoder(x))
        return self.head(code.detach() if self.cut else code)


def cut(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    return Cut(task.features, task.outputs, cut=hyperparameters["encoder"] == "detached")


HERE = "reported_situations.wiring:"
KINDS, CORNERS, TRENDS = f"{HERE}kinds", f"{HERE}corners", f"{HERE}trends"


def _situation(
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
        network=f"{HERE}{network}",
        hyperparameters=values,
        steps=steps,
        fix=fix,
        **more,
    )


MIXED = (
    _situation(
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
    _situation(
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
    _situation(
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
    _situation(
        "blank_rows",
        "choose",
        "network_function",
        "x / x.norm() of rows that are all zero: the loss is NaN at the first step.",
        task=f"{HERE}with_blank_rows",
        network="directions",
        own=("floor", [0.0, 1e-6]),
    ),
    _situation(
        "distance_of_nothing",
        "report",
        "network_function",
        "Distances to prototypes, one of them on a blank row: the gradient of sqrt(0) is NaN.",
        task=f"{HERE}with_blank_rows",
        network="distances",
        own=("floor", [0.0, 1e-6]),
    ),
    _situation(
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
    _situation(
        "weights_of_a_twentieth",
        "choose",
        "alike_units",
        "All weights start at 0.05: 48 units do what one would do.",
        task=KINDS,
        network="started",
        own=("start", ["twentieth", "random"]),
        settings={"bend": "relu"},
    ),
    _situation(
        "zeros_under_tanh",
        "report",
        "alike_units",
        "zeros_ for all weights and biases, under tanh: the last bias alone learns.",
        task=KINDS,
        network="started",
        own=("start", ["zero", "random"]),
        settings={"bend": "tanh"},
    ),
    _situation(
        "kernels_of_a_tenth",
        "choose",
        "alike_units",
        "A CNN whose kernels were all set to 0.1: every map is the same blur.",
        task=f"{HERE}gratings",
        network="started_cnn",
        own=("start", ["ones", "random"]),
    ),
)

NOISE = (
    _situation(
        "keep_for_drop",
        "choose",
        "own_noise",
        "Dropout of 0.95, where the old library's argument was the share to keep.",
        task=KINDS,
        network="dropped",
        own=("dropped_share", [0.95, 0.05]),
    ),
    _situation(
        "dropout_of_nine_tenths",
        "report",
        "own_noise",
        "Dropout 0.9 on small layers, against overfitting: training accuracy stays low.",
        task=KINDS,
        network="dropped",
        own=("dropped_share", [0.9, 0.1]),
    ),
    _situation(
        "noise_of_ten",
        "choose",
        "own_noise",
        "Noise of size 10 on hidden units of size 1.",
        task=KINDS,
        network="noisy",
        own=("noise", [10.0, 0.1]),
    ),
)

STRAIGHT = (
    _situation(
        "xor_without_activation",
        "choose",
        "linear_network",
        "Three nn.Linear in a row do not learn XOR, however long.",
        task=CORNERS,
        network="straight",
        own=("bend", ["none", "relu"]),
    ),
    _situation(
        "bowl_without_activation",
        "report",
        "linear_network",
        "A regression whose layers have no activation explains nothing of a paraboloid.",
        task=f"{HERE}bowl",
        network="straight",
        own=("bend", ["none", "relu"]),
    ),
    _situation(
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
    _situation(
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
    _situation(
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
    _situation(
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
    _situation(
        "targets_in_a_row",
        "report",
        "broadcast",
        "MSELoss warns of (64,) against (64, 1) and goes on: every prediction is the mean.",
        task=f"{HERE}in_a_row",
        network="relu_layers",
        twin_options={"row": False},
    ),
    _situation(
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
    _situation(
        "layers_in_a_list",
        "choose",
        "still_part",
        "self.layers = [nn.Linear(...), ...]: model.parameters() does not know them.",
        task=KINDS,
        network="listed",
        own=("kept_in", ["list", "ModuleList"]),
        settings={"layers": 6},
    ),
    _situation(
        "encoder_detached",
        "report",
        "still_part",
        "A detach() from the days of a frozen encoder: only the head learns.",
        task=KINDS,
        network="cut",
        own=("encoder", ["detached", "joined"]),
    ),
    _situation(
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
