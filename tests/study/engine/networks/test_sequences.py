"""Every kind of input as vectors over time."""

from __future__ import annotations

import pytest
import torch

from study.engine import NETWORKS, Task, classification, find_layers
from study.engine.networks.sequences import Steps

LABELS = torch.tensor([0, 1, 0, 1])


def task_of(inputs: torch.Tensor) -> Task:
    return classification("t", inputs, LABELS, classes=2, target=0.9)


def test_images_are_read_row_by_row() -> None:
    images = torch.arange(4 * 2 * 3 * 5).view(4, 2, 3, 5).float()
    steps = Steps(task_of(images), 7)
    assert (steps.length, steps.features) == (3, 10)
    rows = steps(images)
    assert rows.shape == (4, 3, 10)
    torch.testing.assert_close(rows[1, 2], torch.cat((images[1, 0, 2], images[1, 1, 2])))


def test_plain_vectors_are_steps_of_one_number() -> None:
    inputs = torch.randn(4, 6)
    steps = Steps(task_of(inputs), 7)
    assert (steps.length, steps.features) == (6, 1)
    assert torch.equal(steps(inputs)[:, :, 0], inputs)


def test_vectors_over_time_stay_as_they_are() -> None:
    inputs = torch.randn(4, 6, 3)
    steps = Steps(task_of(inputs), 7)
    assert (steps.length, steps.features) == (6, 3)
    assert torch.equal(steps(inputs), inputs)


def test_inputs_of_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"images \(N, C, H, W\), but task t has \(4, 1, 2, 3, 5"):
        Steps(task_of(torch.zeros(4, 1, 2, 3, 5)), 7)


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru", "transformer"])
@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 3), (4, 2, 6, 3)])
def test_every_sequence_network_reads_them(name: str, shape: tuple[int, ...]) -> None:
    values = {"depth": 1, "width": 4, "heads": 2, "activation": "tanh"}
    task = task_of(torch.randn(shape))
    layers = find_layers(NETWORKS[name](values, task), task)
    assert layers[0].positions == 6 and layers[-1].name == "output"
