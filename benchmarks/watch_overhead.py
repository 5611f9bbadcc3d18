"""What watching costs a step: `study.watch` at its default schedule, against the same loop alone.

Four networks on one core, trained as their tutorials train them. A measured block is `--steps`
steps; blocks with and without a watch alternate in one process, and the medians of their CPU times
are compared, because other processes disturb wall-clock time. The first block of each is left out.

    python benchmarks/watch_overhead.py --steps 1000 --blocks 5
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

import study

Case = tuple[nn.Module, Tensor, Tensor]


class Classifier(nn.Module):
    """Embedding, LSTM, linear: a text classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(500, 32)
        self.lstm = nn.LSTM(32, 64, batch_first=True)
        self.head = nn.Linear(64, 2)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.lstm(self.embedding(tokens))[0][:, -1])


class Transformer(nn.Module):
    """Two encoder blocks and a readout of the mean."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(500, 64)
        block = nn.TransformerEncoderLayer(64, 4, 128, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(block, 2, enable_nested_tensor=False)
        self.head = nn.Linear(64, 5)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.blocks(self.embedding(tokens)).mean(dim=1))


def mlp() -> Case:
    """Three hidden layers of 256 on batches of 128, as for MNIST."""
    layers = [nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU()]
    network = nn.Sequential(*layers, nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10))
    return network, torch.randn(128, 784), torch.randint(10, (128,))


def cnn() -> Case:
    """Two convolutions and two linear layers on 28 x 28 images."""
    network = nn.Sequential(
        *(nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(800, 64), nn.ReLU(), nn.Linear(64, 10)),
    )
    return network, torch.randn(64, 1, 28, 28), torch.randint(10, (64,))


def lstm() -> Case:
    """A text classifier on 64 sequences of 50 tokens."""
    return Classifier(), torch.randint(500, (64, 50)), torch.randint(2, (64,))


def transformer() -> Case:
    """Two blocks of width 64 on 32 sequences of 32 tokens."""
    return Transformer(), torch.randint(500, (32, 32)), torch.randint(5, (32,))


CASES: dict[str, Callable[[], Case]] = {
    "MLP": mlp,
    "CNN": cnn,
    "LSTM": lstm,
    "transformer": transformer,
}


def block(case: Callable[[], Case], steps: int, *, watched: bool) -> float:
    """Returns the CPU seconds of a block of steps."""
    torch.manual_seed(0)
    network, inputs, targets = case()
    optimizer = torch.optim.Adam(network.parameters(), 1e-4)
    watch = study.watch(network, optimizer) if watched else None
    start = time.process_time()
    for _ in range(steps):
        loss = nn.functional.cross_entropy(network(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if watch is not None:
            watch.step(loss)
    return time.process_time() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--blocks", type=int, default=5)
    parser.add_argument("--only", choices=CASES, action="append")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(
        f"{'network':12} {'alone':>10} {'watched':>10} {'overhead':>9}   of {options.steps} steps"
    )
    for name in options.only or CASES:
        case = CASES[name]
        pairs = [
            [block(case, options.steps, watched=watched) for watched in (False, True)]
            for _ in range(options.blocks + 1)
        ][1:]
        alone, watched = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
        cost = statistics.median(pair[1] / pair[0] - 1 for pair in pairs)
        milliseconds = [
            f"{1000 * seconds / options.steps:7.3f} ms" for seconds in (alone, watched)
        ]
        print(f"{name:12} {milliseconds[0]} {milliseconds[1]} {100 * cost:8.1f} %", flush=True)


if __name__ == "__main__":
    main()
