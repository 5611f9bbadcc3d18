"""IDX files packed by hand, byte for byte."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from study.engine import TaskError
from study.engine.tasks import TASKS
from study.engine.tasks.idx_format import read_idx
from tests.study.engine.tasks.conftest import pack_idx

Write = Callable[[Mapping[str, bytes]], Path]

PIXELS = [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 255]
IMAGES = pack_idx(PIXELS, 3, 2, 2)
LABELS = pack_idx([4, 0, 4], 3)
PACKED = gzip.compress(IMAGES, mtime=0)
"""Without the time, by which two processes would name the same test differently."""
NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")


@pytest.mark.parametrize(
    ("images", "labels", "compressed"),
    [
        ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", False),
        ("train-images.idx3-ubyte", "train-labels.idx1-ubyte", False),
        ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", True),
        ("train-images.idx3-ubyte.gz", "train-labels-idx1-ubyte", False),  # only named so
    ],
)
def test_pixels_and_labels(write_idx: Write, images: str, labels: str, compressed: bool) -> None:
    pack = gzip.compress if compressed else bytes
    folder = write_idx({images: pack(IMAGES), labels: pack(LABELS)})
    task = TASKS["idx_images"](folder=folder)
    assert task.inputs.shape == (3, 1, 2, 2) and task.targets.tolist() == [4, 0, 4]
    assert task.outputs == 5
    assert task.chance == pytest.approx(2 / 3)
    mean = sum(PIXELS) / 12
    variance = sum((pixel - mean) ** 2 for pixel in PIXELS) / 11
    expected = [(pixel - mean) / variance**0.5 for pixel in PIXELS]
    assert task.inputs.flatten().tolist() == pytest.approx(expected, abs=1e-6)
    assert task.inputs[1, 0, 0, 1] == pytest.approx(expected[5], abs=1e-6)


def test_the_first_examples_have_the_whole_files_classes(write_idx: Write) -> None:
    images = pack_idx(PIXELS, 3, 2, 2)
    folder = write_idx({NAMES[0]: images, NAMES[1]: pack_idx([0, 1, 6], 3)})
    task = TASKS["idx_images"](folder=folder, examples=2)
    assert task.examples == 2 and task.targets.tolist() == [0, 1] and task.outputs == 7
    assert TASKS["idx_images"](folder=folder, examples=99).examples == 3


def test_the_other_split(write_idx: Write) -> None:
    folder = write_idx({name.replace("train", "t10k"): data for name, data in
                        zip(NAMES, (IMAGES, LABELS), strict=True)})  # fmt: skip
    assert TASKS["idx_images"](folder=folder, split="t10k").examples == 3
    with pytest.raises(FileNotFoundError) as caught:
        TASKS["idx_images"](folder=folder)
    assert str(caught.value) == (
        f"{folder} must hold train-images-idx3-ubyte or train-images-idx3-ubyte.gz or "
        "train-images.idx3-ubyte or train-images.idx3-ubyte.gz, but has "
        "t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte"
    )


@pytest.mark.parametrize(
    ("images", "labels", "rule"),
    [
        (pack_idx(PIXELS, 3, 2, 2, magic=0x0801), LABELS, "must begin with 0x00000803"),
        (pack_idx(PIXELS, 3, 2, 2, magic=0x0D03), LABELS, "but begins with 0x00000d03"),
        (IMAGES, pack_idx([4, 0, 4], 3, magic=0x0803), "must begin with 0x00000801"),
        (IMAGES[:-1], LABELS, "holds fewer bytes than its header says: 11 of 12 are there"),
        (IMAGES[:9], LABELS, "holds fewer bytes than its header says: 5 of 12 are there"),
        (b"", LABELS, "holds fewer bytes than its header says: 0 of 4 are there"),
        (IMAGES + b"x", LABELS, "holds more bytes than its header says: (3, 2, 2)"),
        (
            pack_idx([], 0, 2, 2),
            LABELS,
            "must hold at least one byte, but its sizes are (0, 2, 2)",
        ),
        (IMAGES, pack_idx([4, 0], 2), "there must be a label for every image, but"),
        (IMAGES, pack_idx([4, 0, 4, 1], 4), "there must be a label for every image, but"),
        (PACKED[:-9], LABELS, "is damaged: Compressed file ended before"),
        (PACKED[:20] + b"\0" * 30, LABELS, "is damaged: "),
        (pack_idx([7] * 12, 3, 2, 2), LABELS, "all of their numbers are equal"),
        (IMAGES, pack_idx([4, 4, 4], 3), "`chance < target <= 1` must hold"),
    ],
)
def test_what_is_no_such_file(write_idx: Write, images: bytes, labels: bytes, rule: str) -> None:
    folder = write_idx({NAMES[0]: images, NAMES[1]: labels})
    with pytest.raises(ValueError) as caught:
        TASKS["idx_images"](folder=folder)
    assert rule in str(caught.value)


def test_a_header_that_promises_too_much_takes_no_memory(tmp_path: Path) -> None:
    # The size a header gives is asked of the memory at once: 2 ** 63 bytes ended the program.
    (tmp_path / "huge").write_bytes(pack_idx([1, 2], 2**32 - 1, 2**16, 2**15))
    with pytest.raises(ValueError, match="has 9223372034707292160 bytes in .* at most 500000000"):
        read_idx(tmp_path / "huge", dimensions=3)
    (tmp_path / "large").write_bytes(pack_idx([1, 2, 3], 10**9, 1, 1))
    assert read_idx(tmp_path / "large", dimensions=3, first=2).flatten().tolist() == [1, 2]


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there must be a folder .*/nowhere, but there is"):
        TASKS["idx_images"](folder=tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="but has no IDX files"):
        TASKS["idx_images"](folder=tmp_path)


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"examples": 0}, "must be >= 1, but got 0"),
        ({"target": 1.5}, "`chance < target <= 1` must hold, but got 1.5 where the most frequent"),
        ({"target": 0.1}, "`chance < target <= 1` must hold, but got 0.1 where the most frequent"),
    ],
)
def test_numbers_out_of_range(image_folder: Path, options: dict[str, float], rule: str) -> None:
    with pytest.raises(TaskError) as caught:
        TASKS["idx_images"](folder=image_folder, **options)
    assert str(caught.value).startswith(rule)
    assert caught.value.parameter in options


def test_reads_what_numpy_wrote(tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 256, (5, 4, 3), dtype=np.uint8)
    header = np.array([0x0803, 5, 4, 3], dtype=">u4").tobytes()
    (tmp_path / "images").write_bytes(header + array.tobytes())
    assert np.array_equal(read_idx(tmp_path / "images", dimensions=3), array)
    assert np.array_equal(read_idx(tmp_path / "images", dimensions=3, first=2), array[:2])


def test_digits_are_images_too() -> None:
    from sklearn.datasets import load_digits

    task = TASKS["digits"]()
    raw = load_digits().images
    assert task.inputs.shape == (1797, 1, 8, 8) and task.outputs == 10
    scaled = (raw - raw.mean()) / raw.std(ddof=1)
    assert torch.allclose(task.inputs[:, 0], torch.from_numpy(scaled))
    assert task.inputs.mean() == pytest.approx(0, abs=1e-12)
