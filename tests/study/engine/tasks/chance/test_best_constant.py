"""The best constant prediction against closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from study.engine.tasks.chance.best_constant import BestConstant, best_constant
from study.engine.tasks.chance.predicted import PerExample, Predicted
from study.engine.tasks.measures import cross_entropy, squared_error

Loss = Callable[[Tensor, Tensor], Tensor]


def found(
    loss: PerExample, targets: Tensor, outputs: int, steps: int | None = None
) -> BestConstant:
    predicted = Predicted(name="t", targets=targets, outputs=outputs, steps=steps)
    return best_constant(loss, predicted)


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def labels(*shares: float, examples: int = 5000) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.multinomial(torch.tensor(shares), examples, True, generator=generator)


def entropy(values: Tensor) -> float:
    shares = torch.bincount(values.flatten()).double() / values.numel()
    return float(torch.special.entr(shares).sum())


def absolute_error(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs - targets).abs().mean(dim=1)


def test_cross_entropy_has_the_entropy_of_the_labels() -> None:
    rare = labels(0.9, 0.07, 0.029, 0.001)
    best = found(cross_entropy, rare, 4)
    assert best.loss == pytest.approx(entropy(rare), rel=1e-3)
    shares = best.outputs_O.softmax(dim=0)
    assert shares.tolist() == pytest.approx((torch.bincount(rare) / 5000).tolist(), rel=0.02)


def test_cross_entropy_at_each_time_step() -> None:
    tokens = labels(*[1.0 / (1 + k) for k in range(20)], examples=500 * 16).view(500, 16)
    best = found(cross_entropy, tokens, 20, 16)
    assert best.loss == pytest.approx(entropy(tokens), rel=1e-3)


def test_squared_error_has_the_variance_in_any_units() -> None:
    targets = drawn(3000, 3) * torch.tensor([1e-3, 1.0, 1e5]) + torch.tensor([5.0, -1e4, 1e8])
    best = found(squared_error, targets, 3)
    variance = targets.double().var(dim=0, correction=0).mean()
    assert best.loss == pytest.approx(float(variance), rel=1e-6)
    assert best.outputs_O.tolist() == pytest.approx(targets.double().mean(dim=0).tolist())


def test_absolute_error_has_the_median_even_where_tails_are_heavy() -> None:
    targets = drawn(4001, 1).sinh() ** 3
    best = found(absolute_error, targets, 1)
    expected = (targets.double() - targets.double().median()).abs().mean()
    assert best.loss == pytest.approx(float(expected), rel=1e-3)


@pytest.mark.parametrize("share", [0.1, 0.9, 0.99])
def test_a_loss_with_kinks_whose_best_is_neither_mean_nor_median(share: float) -> None:
    def pinball(outputs: Tensor, targets: Tensor) -> Tensor:
        error = targets - outputs
        return torch.maximum(share * error, (share - 1) * error).mean(dim=1)

    targets = drawn(5000, 2).exp()
    quantiles = torch.quantile(targets, share, dim=0).expand(5000, 2)
    expected = float(pinball(quantiles, targets).mean())
    assert found(pinball, targets, 2).loss == pytest.approx(expected, rel=1e-3)


def test_shares_of_two_classes_as_logits_and_as_probabilities() -> None:
    targets = (drawn(4000, 1) > 1.5).float()
    share = targets.double().mean()
    expected = float(torch.special.entr(share) + torch.special.entr(1 - share))
    for each in (functional.binary_cross_entropy_with_logits, functional.binary_cross_entropy):

        def loss(outputs: Tensor, targets: Tensor, each: Loss = each) -> Tensor:
            return each(outputs, targets, reduction="none").mean(dim=1)  # type: ignore[call-arg]

        assert found(loss, targets, 1).loss == pytest.approx(expected, rel=1e-3)


def test_a_loss_with_single_precision_numbers_of_its_own() -> None:
    # The loss raised "expected scalar type Double but found Float".
    weight = torch.tensor([1.0, 3.0])

    def weighted(outputs: Tensor, targets: Tensor) -> Tensor:
        return functional.cross_entropy(outputs, targets, weight=weight, reduction="none")

    half = torch.arange(1000) % 2
    expected = (math.log(4 / 1) * 1 + 3 * math.log(4 / 3)) / 2  # predicts 1/4 and 3/4
    assert found(weighted, half, 2).loss == pytest.approx(expected, rel=1e-3)


def test_more_examples_than_it_is_fitted_to() -> None:
    targets = drawn(70_000, 1)
    variance = float(targets.double().var(correction=0))
    assert found(squared_error, targets, 1).loss == pytest.approx(variance, rel=1e-3)


def test_random_numbers_stay_and_a_loss_that_draws_is_the_same_each_time() -> None:
    def noisy(outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs + 0.1 * torch.randn(outputs.shape) - targets).square().mean(dim=1)

    torch.manual_seed(3)
    before = torch.get_rng_state()
    targets = drawn(2000, 1)
    one, two = found(noisy, targets, 1), found(noisy, targets, 1)
    assert one.loss == two.loss == pytest.approx(1.0, rel=0.1)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    "loss",
    [
        lambda outputs, targets: -(outputs * targets).mean(dim=1),
        lambda outputs, targets: -(outputs - targets).square().mean(dim=1),
        lambda outputs, targets: -outputs.abs().log1p().mean(dim=1),
    ],
    ids=["linear", "quadratic", "logarithm"],
)
def test_a_loss_without_lower_bound_is_said(loss: PerExample) -> None:
    with pytest.raises(ValueError, match="loss of task t has no lower bound: it falls to -.*give"):
        found(loss, drawn(500, 1) + 2, 1)


@pytest.mark.parametrize(
    ("loss", "domain"),
    [
        (lambda outputs, labels: functional.nll_loss(outputs, labels, reduction="none"), "log"),
        (lambda outputs, labels: -outputs.gather(1, labels[:, None]).squeeze(1).log(), "share"),
    ],
)
def test_losses_on_log_probabilities_and_on_probabilities(loss: PerExample, domain: str) -> None:
    # The most frequent label would have had any likelihood: there was "no lower bound".
    rare = labels(0.7, 0.2, 0.1)
    best = found(loss, rare, 3)
    assert best.loss == pytest.approx(entropy(rare), rel=1e-3)
    shares = best.outputs_O.exp() if domain == "log" else best.outputs_O
    assert shares.tolist() == pytest.approx((torch.bincount(rare) / 5000).tolist(), rel=0.02)


def test_divergence_from_shares_that_are_targets() -> None:
    shares = drawn(800, 3).softmax(dim=1)

    def divergence(outputs: Tensor, targets: Tensor) -> Tensor:
        return functional.kl_div(outputs, targets, reduction="none").sum(dim=1)

    mean = shares.double().mean(dim=0)
    expected = (shares.double() * (shares.double() / mean).log()).sum(dim=1).mean()
    assert found(divergence, shares, 3).loss == pytest.approx(float(expected), rel=1e-3)


def test_a_loss_that_approaches_its_bound_far_away_has_one() -> None:
    one_class = torch.zeros(100, dtype=torch.int64)
    assert 0 <= found(cross_entropy, one_class, 3).loss < 1e-6


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        (lambda outputs, targets: (outputs - targets).mean(1) * math.nan, "finite for none"),
        (
            functional.mse_loss,
            r"must be one number an example, \(50,\), but .* shape \(\); .*'none'",
        ),
        (lambda outputs, targets: outputs @ targets, "cannot be computed .* RuntimeError"),
    ],
)
def test_what_cannot_be_worked_out_is_one_line(loss: PerExample, said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        found(loss, drawn(50, 2), 2)
    assert "\n" not in str(refused.value)
