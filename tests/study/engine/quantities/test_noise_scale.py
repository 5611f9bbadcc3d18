from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from study.engine.quantities.noise_scale import noise_scale

FEATURES = 6


def squared_error(parameters, inputs_KxB: Tensor, targets_KxB: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
    """The loss of a linear model, (K,)."""
    outputs_KxB = torch.einsum("kf,kbf->kb", parameters["w"], inputs_KxB)
    return (outputs_KxB - targets_KxB).square().mean(dim=1)


def components(
    scale_K: Tensor, parameters: dict[str, Tensor], inputs: Tensor, targets: Tensor
) -> tuple[Tensor, Tensor]:
    """|G|^2 and tr(Sigma) as the docstring gets them back from the quotient."""
    leaf = parameters["w"].clone().requires_grad_()
    loss_K = squared_error({"w": leaf}, inputs, targets)
    (gradient,) = torch.autograd.grad(loss_K.sum(), leaf)
    signal = gradient.square().sum(dim=1) / (1 + scale_K / inputs.shape[1])
    return signal, scale_K * signal


def test_averages_meet_the_closed_form_for_gaussian_data() -> None:
    batches, batch, sigma = 20_000, 8, 0.5
    generator = torch.Generator().manual_seed(0)
    draw = lambda *shape: torch.randn(*shape, generator=generator).double()  # noqa: E731
    offset = draw(FEATURES)
    inputs, noise = draw(batches, batch, FEATURES), sigma * draw(batches, batch)
    targets = inputs @ draw(FEATURES) * 0 + noise  # The true weights are zero.
    parameters = {"w": offset.expand(batches, -1)}
    scale = noise_scale(squared_error, parameters, inputs, targets)
    signal, noise_trace = components(scale, parameters, inputs, targets)
    # With g = 2 (x.d - e) x: G = 2d, E|g|^2 = 4 |d|^2 (F + 2) + 4 sigma^2 F.
    size = float(offset.square().sum())
    expected_signal = 4 * size
    expected_trace = 4 * size * (FEATURES + 1) + 4 * sigma**2 * FEATURES
    assert signal.mean().item() == pytest.approx(expected_signal, rel=0.02)
    assert noise_trace.mean().item() == pytest.approx(expected_trace, rel=0.02)
    assert (scale < 0).any()  # Where noise drowned the gradient.


def test_averages_meet_the_covariance_of_single_examples() -> None:
    """A network on a fixed data set, batches drawn with replacement."""
    generator = torch.Generator().manual_seed(1)
    # Its weights too: a few that torch may draw have a mean gradient that is lost in the noise.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        module = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 1)).double()
    own = {name: value.detach() for name, value in module.named_parameters()}
    examples = torch.randn(300, 4, generator=generator).double()
    answers = torch.randn(300, 1, generator=generator).double()

    def of_one(parameters: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return (functional_call(module, parameters, (x,)) - y).square().sum()

    def of_cohort(parameters, inputs: Tensor, targets: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        inner = vmap(of_one, in_dims=(None, 0, 0))
        return vmap(inner)(parameters, inputs, targets).mean(dim=1)

    single = vmap(grad(of_one), in_dims=(None, 0, 0))(own, examples, answers)
    flat = torch.cat([value.flatten(1) for value in single.values()], dim=1)
    trace = flat.var(dim=0, correction=0).sum().item()
    signal = flat.mean(dim=0).square().sum().item()

    batches, batch = 8000, 10
    drawn = torch.randint(300, (batches, batch), generator=generator)
    parameters = {name: value.expand(batches, *value.shape) for name, value in own.items()}
    scale = noise_scale(of_cohort, parameters, examples[drawn], answers[drawn])
    norms = flat[drawn].mean(dim=1).square().sum(dim=1)
    signals = norms / (1 + scale / batch)
    assert signals.mean().item() == pytest.approx(signal, rel=0.05)
    assert (scale * signals).mean().item() == pytest.approx(trace, rel=0.05)


def test_is_the_papers_estimate_with_a_half_and_the_whole_batch() -> None:
    generator = torch.Generator().manual_seed(2)
    inputs = torch.randn(1, 12, FEATURES, generator=generator).double()
    targets = torch.randn(1, 12, generator=generator).double()
    weight = torch.randn(1, FEATURES, generator=generator).double()

    def squared_norm(part: slice) -> Tensor:
        leaf = weight.clone().requires_grad_()
        squared_error({"w": leaf}, inputs[:, part], targets[:, part]).sum().backward()
        assert leaf.grad is not None
        return leaf.grad.square().sum()

    whole = squared_norm(slice(0, 12))
    halves = (squared_norm(slice(0, 6)) + squared_norm(slice(6, 12))) / 2
    signal = (12 * whole - 6 * halves) / (12 - 6)  # Eq. A.2
    trace = (halves - whole) / (1 / 6 - 1 / 12)  # Eq. A.3
    scale = noise_scale(squared_error, {"w": weight}, inputs, targets)
    np.testing.assert_allclose(scale, (trace / signal).expand(1), rtol=1e-10)


def test_an_odd_example_is_left_out_and_one_alone_has_no_scale() -> None:
    generator = torch.Generator().manual_seed(3)
    inputs = torch.randn(2, 5, FEATURES, generator=generator).double()
    targets = torch.randn(2, 5, generator=generator).double()
    parameters = {"w": torch.ones(2, FEATURES).double()}
    odd = noise_scale(squared_error, parameters, inputs, targets)
    even = noise_scale(squared_error, parameters, inputs[:, :4], targets[:, :4])
    assert torch.equal(odd, even)
    one = noise_scale(squared_error, parameters, inputs[:, :1], targets[:, :1])
    assert one.isnan().all() and one.shape == (2,)


def test_odd_values_stay_with_their_trial() -> None:
    generator = torch.Generator().manual_seed(4)
    inputs = torch.randn(4, 6, FEATURES, generator=generator).double()
    targets = torch.zeros(4, 6).double()
    weight = torch.ones(4, FEATURES).double()
    weight[1] = torch.nan
    weight[2] = 0  # No gradient at all: 0 / 0.
    inputs[3, :, 0], weight[3] = 1.0, 0.0
    targets[3] = torch.tensor([1.0, 1.0, 1.0, -1.0, -1.0, -1.0])
    inputs[3, :, 1:] = 0.0
    scale = noise_scale(squared_error, {"w": weight}, inputs, targets)
    assert scale[0].isfinite() and scale[1].isnan() and scale[2].isnan()
    # The halves' gradients are opposite: |G|^2 is estimated below zero.
    assert scale[3].item() == pytest.approx(-6.0)


def test_tiny_gradients_do_not_underflow() -> None:
    generator = torch.Generator().manual_seed(5)
    inputs = torch.randn(1, 8, FEATURES, generator=generator)
    targets = torch.randn(1, 8, generator=generator)
    weight = torch.ones(1, FEATURES)

    def faint(parameters, inputs: Tensor, targets: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        return 1e-28 * squared_error(parameters, inputs, targets)

    usual = noise_scale(squared_error, {"w": weight}, inputs, targets)
    np.testing.assert_allclose(
        noise_scale(faint, {"w": weight}, inputs, targets), usual, rtol=1e-4
    )
