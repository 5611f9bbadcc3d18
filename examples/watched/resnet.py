"""A small residual network in mixed precision, two batches to a step."""

import copy

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import study  # watch

RATE, EPOCHS, PARTS = 0.05, 5, 2


class Block(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(out)) + x)


class ResNet(nn.Module):
    def __init__(self, channels: int = 16, blocks: int = 3) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.blocks = nn.Sequential(*(Block(channels) for _ in range(blocks)))
        self.fc = nn.Linear(channels, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(self.relu(self.bn1(self.conv1(x))))
        return self.fc(x.mean(dim=(2, 3)))


def train(broken: str = "", seed: int = 0) -> list[float]:
    torch.manual_seed(seed)
    digits = load_digits()
    inputs = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16
    data = TensorDataset(inputs, torch.tensor(digits.target))
    loader = DataLoader(data, batch_size=32, shuffle=True, drop_last=True)

    model = ResNet()
    if broken == "initialization":
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.zeros_(module.weight)
    rate = 1000.0 if broken == "rate" else RATE
    averaged = copy.deepcopy(model)
    trained = averaged if broken == "part" else model
    optimizer = torch.optim.SGD(trained.parameters(), lr=rate, momentum=0.9, weight_decay=1e-4)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    watch = study.watch(model, optimizer, scaler=scaler)  # watch
    losses = []
    for _ in range(EPOCHS):
        for number, (images, labels) in enumerate(loader, start=1):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = nn.functional.cross_entropy(model(images), labels)
            if broken == "nan" and len(losses) >= 150:
                loss = loss / (loss - loss.detach())
            if broken == "part":
                loss.backward()
            else:
                scaler.scale(loss / PARTS).backward()
            if number % PARTS == 0:
                if broken == "part":
                    optimizer.step()
                else:
                    scaler.step(optimizer)
                    scaler.update()
                optimizer.zero_grad()
            watch.step(loss)  # watch
            losses.append(loss.item())
    print(watch.result())  # watch
    return losses


if __name__ == "__main__":
    train()
