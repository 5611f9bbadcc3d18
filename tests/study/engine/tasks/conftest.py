from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import Tensor

from study.engine import TASKS, Task


def best_constant(task: Task, *shape: int) -> Tensor:
    """The prediction, equal for all examples, of the lowest loss: fitted, not computed.

    Args:
        task: Of outputs (N, outputs) or (N, T, outputs).
        shape: Of the prediction; it is the same wherever an axis has size 1.
    """
    full = (task.examples, *task.targets.shape[1:], task.outputs)
    if task.output_at == "example":
        full = (task.examples, task.outputs)
    guess = torch.zeros(shape, dtype=torch.float64, requires_grad=True)
    targets = task.targets.double() if task.targets.is_floating_point() else task.targets
    solver = torch.optim.LBFGS([guess], max_iter=30, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        solver.zero_grad()
        value = task.loss(guess.expand(full), targets).mean()
        value.backward()
        return value

    solver.step(loss)
    return guess.detach().expand(full)


def pack_idx(values: Sequence[int], *sizes: int, magic: int | None = None) -> bytes:
    """An IDX file of unsigned bytes, by hand."""
    number = 0x0800 + len(sizes) if magic is None else magic
    return struct.pack(f">{1 + len(sizes)}I", number, *sizes) + bytes(values)


@pytest.fixture
def write_idx(tmp_path: Path) -> Callable[[Mapping[str, bytes]], Path]:
    def write(files: Mapping[str, bytes]) -> Path:
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
        return tmp_path

    return write


@pytest.fixture(scope="session")
def image_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve images of 3 x 2 pixels in three classes, as MNIST's files."""
    folder = tmp_path_factory.mktemp("mnist")
    pixels = [(37 * index) % 256 for index in range(12 * 6)]
    (folder / "train-images-idx3-ubyte").write_bytes(pack_idx(pixels, 12, 3, 2))
    labels = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 0, 1]
    (folder / "train-labels-idx1-ubyte").write_bytes(pack_idx(labels, 12))
    return folder


@pytest.fixture(scope="session")
def make_anew(image_folder: Path) -> Callable[[str], Task]:
    """Built-in tasks that need no further library, each with the least that it asks for."""
    options: dict[str, dict[str, object]] = {
        "idx_images": {"folder": image_folder, "target": 0.8},
        "quadratic": {"eigenvalues": [1.0, 0.5, 4.0]},
    }

    def make(name: str) -> Task:
        return TASKS[name](**options.get(name, {}))

    return make


@pytest.fixture(scope="session")
def make_built_in(make_anew: Callable[[str], Task]) -> Callable[[str], Task]:
    """The same, each made once; read-only by agreement."""
    return cache(make_anew)
