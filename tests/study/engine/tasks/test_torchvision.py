"""torchvision's data sets, each loaded for real from small files in its own format."""

from __future__ import annotations

import bz2
import pickle
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from study.engine import TaskError
from study.engine.tasks import TASKS
from study.engine.tasks.torchvision import DATASETS, INSTALL
from tests.study.engine.tasks.conftest import pack_idx

Images = npt.NDArray[np.uint8]

needs_torchvision = pytest.fixture(
    lambda: pytest.importorskip("torchvision", reason=f"needs torchvision: {INSTALL}")
)

LABELS = [1, 0, 1, 1, 0, 1]


def pictures(*shape: int) -> Images:
    """Six images whose pixels all differ from their neighbours'."""
    return np.random.default_rng(0).integers(0, 256, (6, *shape), dtype=np.uint8)


def write_mnist(
    folder: Path, prefix: str = "", parts: tuple[str, ...] = ("train", "t10k")
) -> Images:
    images = pictures(4, 5)
    folder.mkdir(parents=True)
    for part in parts:
        name = f"{prefix}{part}"
        data = pack_idx(images.flatten().tolist(), 6, 4, 5)
        (folder / f"{name}-images-idx3-ubyte").write_bytes(data)
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(pack_idx(LABELS, 6))
    return images


def write_qmnist(root: Path) -> Images:
    images = write_mnist(root / "QMNIST" / "raw", "qmnist-", ("train",))
    (root / "QMNIST" / "raw" / "qmnist-train-labels-idx1-ubyte").unlink()
    rows = [number for label in LABELS for number in (label, *range(7))]
    data = struct.pack(f">3I{len(rows)}i", 0x0C02, 6, 8, *rows)
    (root / "QMNIST" / "raw" / "qmnist-train-labels-idx2-int").write_bytes(data)
    return images


def write_usps(root: Path) -> Images:
    images = pictures(16, 16) // 2 * 2  # survives the way to [-1, 1] and back
    lines = []
    for label, image in zip(LABELS, images, strict=True):
        values = (image.flatten() + 0.5) / 255 * 2 - 1
        numbered = " ".join(f"{position}:{value:.6f}" for position, value in enumerate(values, 1))
        lines.append(f"{label + 1} {numbered}\n")
    (root / "usps.bz2").write_bytes(bz2.compress("".join(lines).encode()))
    return images


def write_cifar(root: Path, folder: str, names: list[str], key: str, meta: str) -> Images:
    images = pictures(3, 32, 32)
    (root / folder).mkdir()
    for name in names:
        content = {"data": images.reshape(6, -1), key: LABELS}
        (root / folder / name).write_bytes(pickle.dumps(content))
    names_key = "label_names" if key == "labels" else "fine_label_names"
    (root / folder / meta).write_bytes(pickle.dumps({names_key: ["cat", "dog"]}))
    return images


def write_cifar10(root: Path) -> Images:
    names = [f"data_batch_{number}" for number in range(1, 6)]
    return write_cifar(root, "cifar-10-batches-py", names, "labels", "batches.meta")


def write_cifar100(root: Path) -> Images:
    return write_cifar(root, "cifar-100-python", ["train"], "fine_labels", "meta")


def write_stl10(root: Path) -> Images:
    images = pictures(3, 96, 96)
    (root / "stl10_binary").mkdir()
    (root / "stl10_binary" / "train_X.bin").write_bytes(images.swapaxes(2, 3).tobytes())
    (root / "stl10_binary" / "train_y.bin").write_bytes(bytes(label + 1 for label in LABELS))
    return images


def write_svhn(root: Path) -> Images:
    from scipy.io import savemat

    images = pictures(3, 32, 32)
    labels = np.array([[label or 10] for label in LABELS])
    savemat(root / "train_32x32.mat", {"X": images.transpose(2, 3, 1, 0), "y": labels})
    return images


def write_folders(folder: Path, names: tuple[str, str], suffix: str, size: int = 8) -> Images:
    """Images in a folder for each label; torchvision lists them sorted, folder by folder."""
    from PIL import Image

    images = pictures(size, size, 3)
    order = sorted(range(6), key=lambda position: LABELS[position])
    for position in order:
        path = folder / names[LABELS[position]] / f"{position}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        options = {"quality": 100, "subsampling": 0} if suffix in ("jpeg", "jpg") else {}
        Image.fromarray(images[position]).save(path, **options)
    return images[order].transpose(0, 3, 1, 2)


WRITERS: dict[str, Callable[[Path], Images]] = {
    "CIFAR10": write_cifar10,
    "CIFAR100": write_cifar100,
    "EMNIST": lambda root: write_mnist(root / "EMNIST" / "raw", "emnist-balanced-"),
    "EuroSAT": lambda root: write_folders(root / "eurosat" / "2750", ("Crop", "Lake"), "jpg"),
    "FashionMNIST": lambda root: write_mnist(root / "FashionMNIST" / "raw"),
    "GTSRB": lambda root: write_folders(
        root / "gtsrb" / "GTSRB" / "Training", ("00000", "00001"), "ppm"
    ),
    "ImageFolder": lambda root: write_folders(root, ("cat", "dog"), "png"),
    "Imagenette": lambda root: write_folders(
        root / "imagenette2" / "train", ("n01440764", "n02102040"), "jpeg"
    ),
    "KMNIST": lambda root: write_mnist(root / "KMNIST" / "raw"),
    "MNIST": lambda root: write_mnist(root / "MNIST" / "raw"),
    "QMNIST": write_qmnist,
    "STL10": write_stl10,
    "SVHN": write_svhn,
    "USPS": write_usps,
}
SORTED_BY_LABEL = ("EuroSAT", "GTSRB", "ImageFolder", "Imagenette")
LOSSY = {"EuroSAT": 0.2, "Imagenette": 0.2, "USPS": 0.01}
CHECKSUMS = {"CIFAR10": "cifar", "CIFAR100": "cifar", "STL10": "stl10", "SVHN": "svhn"}


def test_every_data_set_is_tried() -> None:
    assert set(WRITERS) == set(DATASETS)


@pytest.mark.parametrize("dataset", DATASETS)
def test_is_loaded_from_its_own_files(
    needs_torchvision: Any, dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = WRITERS[dataset](tmp_path)
    if dataset in CHECKSUMS:  # the small files are not the published ones
        import importlib

        module = importlib.import_module(f"torchvision.datasets.{CHECKSUMS[dataset]}")
        monkeypatch.setattr(module, "check_integrity", lambda *arguments: True)
    task = TASKS["torchvision"](dataset=dataset, root=tmp_path)
    labels = sorted(LABELS) if dataset in SORTED_BY_LABEL else LABELS
    assert task.targets[:6].tolist() == labels
    assert task.outputs >= 2 and task.chance == pytest.approx(4 / 6)
    pixels = torch.from_numpy(images.astype(np.float64))
    pixels = pixels.unsqueeze(1) if pixels.ndim == 3 else pixels
    expected = (pixels - pixels.mean()) / pixels.std()
    assert task.inputs.shape[1:] == pixels.shape[1:]
    error = (task.inputs[:6] - expected).abs().max().item()
    assert error < LOSSY.get(dataset, 1e-3)


class TestSelection:
    @pytest.fixture
    def folder(self, needs_torchvision: Any, tmp_path: Path) -> Path:
        write_folders(tmp_path, ("cat", "dog"), "png")
        return tmp_path

    def test_a_random_but_fixed_one(self, folder: Path) -> None:
        from PIL import Image

        for position in range(40):
            Image.new("RGB", (8, 8), (6 * position, 0, 0)).save(
                folder / "cat" / f"x{position}.png"
            )
        few = TASKS["torchvision"](dataset="ImageFolder", root=folder, examples=30)
        again = TASKS["torchvision"](dataset="ImageFolder", root=folder, examples=30)
        assert few.examples == 30 and torch.equal(few.inputs, again.inputs)
        # The folder's first 42 images are cats.
        assert few.targets.sum() > 0

    def test_scaled_images(self, folder: Path) -> None:
        task = TASKS["torchvision"](dataset="ImageFolder", root=folder, image_size=3)
        assert task.inputs.shape == (6, 3, 3, 3)

    def test_images_of_several_sizes(self, folder: Path) -> None:
        write_folders(folder / "large", ("cat", "dog"), "png", size=9)
        for name in ("cat", "dog"):
            for path in (folder / "large" / name).iterdir():
                path.rename(folder / name / f"large_{path.name}")
        (folder / "large" / "cat").rmdir(), (folder / "large" / "dog").rmdir()
        (folder / "large").rmdir()
        with pytest.raises(ValueError, match="images must have one size, but some have 3 x 8 x 8"):
            TASKS["torchvision"](dataset="ImageFolder", root=folder)
        task = TASKS["torchvision"](dataset="ImageFolder", root=folder, image_size=8)
        assert task.examples == 12

    def test_grey_and_transparent_images(self, needs_torchvision: Any, tmp_path: Path) -> None:
        from PIL import Image

        (tmp_path / "a").mkdir(), (tmp_path / "b").mkdir()
        Image.new("RGBA", (2, 2), (255, 0, 0, 128)).save(tmp_path / "a" / "one.png")
        Image.new("L", (2, 2), 7).save(tmp_path / "b" / "two.png")
        Image.new("P", (2, 2), 1).save(tmp_path / "b" / "three.png")
        task = TASKS["torchvision"](dataset="ImageFolder", root=tmp_path)
        assert task.inputs.shape == (3, 3, 2, 2)

    def test_the_target(self, folder: Path) -> None:
        given = TASKS["torchvision"](dataset="ImageFolder", root=folder, target=0.9)
        assert given.target == 0.9
        usual = TASKS["torchvision"](dataset="ImageFolder", root=folder)
        assert usual.target == pytest.approx(4 / 6 + 0.3 * 2 / 6)
        with pytest.raises(TaskError, match="`chance < target <= 1` must hold, but got 0.5"):
            TASKS["torchvision"](dataset="ImageFolder", root=folder, target=0.5)


def test_nothing_is_downloaded(needs_torchvision: Any, tmp_path: Path) -> None:
    for dataset in sorted(set(DATASETS) - {"ImageFolder", "USPS"}):
        with pytest.raises(FileNotFoundError) as caught:
            TASKS["torchvision"](dataset=dataset, root=tmp_path)
        assert str(caught.value) == (
            f"{tmp_path} must hold {dataset} as torchvision lays it out, which downloads it with "
            f"`torchvision.datasets.{dataset}(..., download=True)`; gradscape does not"
        )
    with pytest.raises(FileNotFoundError):
        TASKS["torchvision"](dataset="USPS", root=tmp_path)
    with pytest.raises(FileNotFoundError):
        TASKS["torchvision"](dataset="ImageFolder", root=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"dataset": "MNITS"}, "unknown data set 'MNITS'; known: CIFAR10, CIFAR100, EMNIST, "),
        ({"dataset": "MNIST", "examples": 0}, "must be >= 1, but got 0"),
        ({"dataset": "MNIST", "image_size": 0}, "must be >= 1, but got 0"),
    ],
)
def test_values_out_of_range(options: dict[str, Any], rule: str, tmp_path: Path) -> None:
    with pytest.raises(TaskError) as caught:
        TASKS["torchvision"](root=tmp_path, **options)
    assert str(caught.value).startswith(rule)


def test_a_missing_torchvision_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(TaskError) as caught:
        TASKS["torchvision"](dataset="MNIST", root=tmp_path)
    assert str(caught.value) == (
        "the task torchvision needs torchvision; pip install 'gradscape[torchvision]'"
    )


def test_a_torchvision_of_another_torch_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Installed from another index than torch, it fails when its operators are looked up.
    folder = tmp_path / "site" / "torchvision"
    folder.mkdir(parents=True)
    broken = 'raise RuntimeError("operator torchvision::nms does\\nnot exist")'
    (folder / "__init__.py").write_text(broken)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    with pytest.raises(TaskError) as caught:
        TASKS["torchvision"](dataset="MNIST", root=tmp_path)
    text = str(caught.value)
    assert "does not fit torch" in text and "nms does not exist" in text and INSTALL in text
    assert "\n" not in text
