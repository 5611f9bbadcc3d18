"""Tasks and networks put together as people wrote them, with a fault or without it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from reported_situations.parts import clusters, perceptron, regression, seeded, stripes
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


def dropped(hyperparameters: Mapping[str, Any], task: Task) -> nn.Module:
    """Dropout behind every hidden layer; the person took the share that stays for it."""
    share, units = float(hyperparameters["dropped_share"]), int(hyperparameters.get("units", 64))
    modules: list[nn.Module] = [nn.Flatten()]
    for fan_in in (task.features, units):
        modules += [nn.Linear(fan_in, units), nn.ReLU(), nn.Dropout(share)]
    return nn.Sequential(*modules, nn.Linear(units, task.outputs))


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
