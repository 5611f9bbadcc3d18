"""The alignment loss beside torch's own, and words read off by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.func import grad, hessian, vmap
from torch.nn import functional

from study.engine.tasks.alignment import alignment_loss, words_right


def drawn(examples: int, steps: int, symbols: int, length: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(steps * 10 + length)
    outputs = 3 * torch.randn(examples, steps, symbols, generator=generator, dtype=torch.float64)
    return outputs, torch.randint(1, symbols, (examples, length), generator=generator)


@pytest.mark.parametrize(("steps", "length"), [(24, 3), (9, 5), (4, 1), (6, 3)])
def test_equals_torchs_loss_and_its_gradient(steps: int, length: int) -> None:
    outputs, labels = drawn(40, steps, 4, length)
    repeats = (labels[:, 1:] == labels[:, :-1]).sum(dim=1)
    possible = length + repeats <= steps  # A repetition needs a blank between.
    outputs, labels = outputs[possible].requires_grad_(), labels[possible]
    assert repeats[possible].any() or length == 1
    frames_first = outputs.log_softmax(dim=2).transpose(0, 1)
    lengths = [torch.full((len(labels),), number) for number in (steps, length)]
    expected = functional.ctc_loss(frames_first, labels, *lengths, reduction="none") / length
    got = alignment_loss(outputs, labels)
    torch.testing.assert_close(got, expected, rtol=1e-12, atol=1e-12)
    (by_torch,) = torch.autograd.grad(expected.sum(), outputs)
    (by_us,) = torch.autograd.grad(got.sum(), outputs)
    torch.testing.assert_close(by_us, by_torch, rtol=1e-9, atol=1e-12)


def test_it_is_differentiated_twice_and_mapped_over_trials() -> None:
    outputs, labels = drawn(2, 5, 3, 2)
    loss = lambda each: alignment_loss(each, labels).sum()  # noqa: E731
    curvature = hessian(loss)(outputs).view(30, 30)
    step = 1e-5 * torch.ones_like(outputs)
    differences = (grad(loss)(outputs + step) - grad(loss)(outputs - step)).flatten() / 2e-5
    torch.testing.assert_close(curvature.sum(dim=1), differences, rtol=1e-5, atol=1e-8)
    trials = torch.stack([outputs, 2 * outputs])
    mapped = vmap(lambda each: alignment_loss(each, labels))(trials)
    torch.testing.assert_close(mapped[1], alignment_loss(2 * outputs, labels))


def test_a_word_that_does_not_fit_costs_much_and_has_a_gradient() -> None:
    outputs = torch.zeros(1, 3, 3, requires_grad=True)
    loss = alignment_loss(outputs, torch.tensor([[1, 1]]))  # 1, blank, 1: three steps, one way.
    assert loss.item() == pytest.approx(3 * torch.tensor(3.0).log().item() / 2)
    impossible = alignment_loss(outputs[:, :2], torch.tensor([[1, 1]]))
    impossible.backward()
    assert impossible.item() > 1e20 and outputs.grad is not None and outputs.grad.isfinite().all()


@pytest.mark.parametrize(
    ("path", "right"),
    [
        ("..1..2..", True),
        ("11122222", True),
        ("1.2.....", True),
        ("1.1.2...", False),  # A blank parts two of one label.
        ("11.2..3.", False),  # One too many.
        ("..1.....", False),
        ("........", False),
        ("2..1....", False),
    ],
)
def test_words_as_they_are_read_off(path: str, right: bool) -> None:
    symbols = torch.tensor([[0 if each == "." else int(each) for each in path]])
    outputs = functional.one_hot(symbols, 4).double()
    assert words_right(outputs, torch.tensor([[1, 2]])).item() == right
