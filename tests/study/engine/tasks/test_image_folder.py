"""Images in folders, one folder a label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from study.engine import TASKS, TaskError


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cats are red and wide, dogs grey and high; a file that is no image lies beside them."""
    root = tmp_path_factory.mktemp("pictures")
    for name, mode, colour in (("cats", "RGB", (255, 0, 0)), ("dogs", "L", 102)):
        for number in range(6):
            path = root / name / "deep" / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new(mode, (8, 4) if name == "cats" else (4, 8), colour).save(path)
    (root / "cats" / "notes.txt").write_text("meow")
    (root / "empty").mkdir()
    return root


def test_pixels_and_labels(pictures: Path) -> None:
    task = TASKS["image_folder"](root=pictures, image_size=4)
    assert (task.outputs, tuple(task.inputs.shape)) == (2, (12, 3, 4, 4))
    assert task.targets.tolist() == [0] * 6 + [1] * 6
    assert task.inputs[0].amax(dim=(1, 2)).tolist() == [1, 0, 0]
    np.testing.assert_allclose(task.inputs[6].unique().numpy(), [102 / 255], rtol=1e-6)
    grey = TASKS["image_folder"](root=pictures, image_size=4, grey=True, validation=0.25)
    assert grey.validation is not None
    assert (tuple(grey.inputs.shape), len(grey.validation[0])) == ((9, 1, 4, 4), 3)
    assert sorted([*grey.targets.tolist(), *grey.validation[1].tolist()]) == [0] * 6 + [1] * 6
    some = TASKS["image_folder"](root=pictures, image_size=2, examples=5)
    assert len(set(some.targets.tolist())) == 2
    again = TASKS["image_folder"](root=pictures, image_size=2, examples=5)
    assert torch.equal(some.targets, again.targets)


def test_what_cannot_be_read_is_said(pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="must be >= 1, but got 0"):
        TASKS["image_folder"](root=pictures, image_size=0)
    with pytest.raises(FileNotFoundError, match="there must be a folder"):
        TASKS["image_folder"](root=pictures / "none", image_size=4)
    with pytest.raises(ValueError, match="two or more labels, but has images in none"):
        TASKS["image_folder"](root=pictures / "empty", image_size=4)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "broken.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"broken.png is no image that can be read"):
        TASKS["image_folder"](root=tmp_path, image_size=4)
