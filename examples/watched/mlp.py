"""A perceptron on digits, as PyTorch's own quickstart trains one."""

import copy

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import study  # watch

RATE, EPOCHS = 0.05, 8


def network() -> nn.Sequential:
    sizes = [64, 128, 128, 128, 128]
    hidden = [
        module
        for given, wanted in zip(sizes, sizes[1:], strict=False)
        for module in (nn.Linear(given, wanted), nn.ReLU())
    ]
    return nn.Sequential(*hidden, nn.Linear(128, 10))


def train(broken: str = "", seed: int = 0) -> list[float]:
    torch.manual_seed(seed)
    digits = load_digits()
    inputs = torch.tensor(digits.data, dtype=torch.float32) / 16
    data = TensorDataset(inputs, torch.tensor(digits.target))
    loader = DataLoader(data, batch_size=64, shuffle=True)

    model = network()
    if broken == "initialization":
        for layer in model:
            if isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, std=0.01)
                nn.init.zeros_(layer.bias)
    rate = 30.0 if broken == "rate" else RATE
    trained = copy.deepcopy(model) if broken == "part" else model  # the optimizer of another one
    optimizer = torch.optim.SGD(trained.parameters(), lr=rate, momentum=0.9)
    watch = study.watch(model, optimizer)  # watch
    losses = []
    for _ in range(EPOCHS):
        for images, labels in loader:
            loss = nn.functional.cross_entropy(model(images), labels)
            if broken == "nan" and len(losses) == 100:
                loss = loss * (loss - loss.detach()).log()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            watch.step(loss)  # watch
            losses.append(loss.item())
    print(watch.result())  # watch
    return losses


if __name__ == "__main__":
    train()
