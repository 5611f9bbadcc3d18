from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.autograd.functional import hessian
from torch.func import functional_call
from torch.nn import functional

from study.engine import NETWORKS, TASKS, NetworkError, Task, make_task, train_cohort
from study.engine.execution.losses import CohortLoss
from study.engine.quantities.sharpness import sharpness
from study.trial import Trial

EXAMPLES, FEATURES, OUTPUTS = 20, 5, 3


def regression(inputs: Tensor, outputs: int = OUTPUTS) -> Task:
    """Mean squared error on random targets."""
    generator = torch.Generator().manual_seed(5)
    targets = torch.randn(len(inputs), outputs, generator=generator).double()
    return Task(
        name="regression",
        inputs=inputs,
        targets=targets,
        outputs=outputs,
        loss=lambda y, t: (y - t).square().mean(dim=-1),
        metric=lambda y, t: (y - t).square().mean(dim=-1),
        metric_name="error",
        chance=1.0,
        ceiling=0.0,
        target=0.1,
        loss_chance=1.0,
    )


@pytest.fixture
def task() -> Task:
    generator = torch.Generator().manual_seed(4)
    return regression(torch.randn(EXAMPLES, FEATURES, generator=generator).double())


def random_parameters(module: nn.Module, trials: int, scale: float = 0.7) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(6)
    return {
        name: scale * torch.randn(trials, *value.shape, generator=generator).double()
        for name, value in module.named_parameters()
    }


def by_hand(module: nn.Module, task: Task, parameters: dict[str, Tensor], slot: int) -> float:
    """The whole Hessian of one trial, and all its eigenvalues."""
    sizes = {name: value[slot].numel() for name, value in parameters.items()}

    def loss(flat: Tensor) -> Tensor:
        pieces = dict(zip(sizes, flat.split(list(sizes.values())), strict=True))
        own = {name: pieces[name].view_as(value[slot]) for name, value in parameters.items()}
        outputs = functional_call(module, own, (task.inputs,))
        return task.loss(outputs, task.targets).mean()

    flat = torch.cat([value[slot].flatten() for value in parameters.values()])
    return float(torch.linalg.eigvalsh(hessian(loss, flat))[-1])


def measure(
    module: nn.Module,
    task: Task,
    parameters: dict[str, Tensor],
    *,
    vectorized: bool = True,
) -> np.ndarray:
    sizes = [value[0].numel() for value in parameters.values()]
    trials = len(next(iter(parameters.values())))
    start = torch.randn(sum(sizes), generator=torch.Generator().manual_seed(7)).double()
    loss = CohortLoss(module, task, vectorized=vectorized)
    eigenvalues = sharpness(loss, parameters, task.inputs, task.targets, start.expand(trials, -1))
    return eigenvalues.numpy()


def mlp(activation: type[nn.Module]) -> nn.Module:
    return nn.Sequential(
        nn.Linear(FEATURES, 6), activation(), nn.Linear(6, 4), activation(), nn.Linear(4, OUTPUTS)
    ).double()


@pytest.mark.slow
@pytest.mark.parametrize("activation", [nn.Tanh, nn.ReLU, nn.GELU, nn.Sigmoid, nn.SELU])
@pytest.mark.parametrize("vectorized", [True, False])
def test_equals_the_eigenvalue_of_the_whole_hessian(
    task: Task, activation: type[nn.Module], vectorized: bool
) -> None:
    module = mlp(activation)
    parameters = random_parameters(module, 4)
    expected = [by_hand(module, task, parameters, slot) for slot in range(4)]
    eigenvalues = measure(module, task, parameters, vectorized=vectorized)
    np.testing.assert_allclose(eigenvalues, expected, rtol=1e-3)


def test_cross_entropy(task: Task) -> None:
    labels = torch.arange(EXAMPLES) % OUTPUTS
    task = Task(
        **{
            **vars(task),
            "targets": labels,
            "loss": lambda y, t: functional.cross_entropy(y, t, reduction="none"),
        }
    )
    module = mlp(nn.Tanh)
    parameters = random_parameters(module, 2)
    expected = [by_hand(module, task, parameters, slot) for slot in range(2)]
    np.testing.assert_allclose(measure(module, task, parameters), expected, rtol=1e-3)


def test_of_a_quadratic_it_is_its_largest_curvature() -> None:
    # 1/2 mean_n (x_n w)^2 with x_n = sqrt(N lambda_n) e_n is 1/2 sum lambda_n w_n^2.
    curvatures = torch.tensor([0.5, 9.0, 2.0, 1e-3]).double()
    task = regression(torch.diag((4 * curvatures).sqrt()), outputs=1)
    task = Task(**{**vars(task), "loss": lambda y, t: y.square().sum(dim=-1) / 2})
    module = nn.Linear(4, 1, bias=False).double()
    eigenvalues = measure(module, task, random_parameters(module, 3))
    np.testing.assert_allclose(eigenvalues, 9.0, rtol=1e-5)


def test_alone_and_beside_others(task: Task) -> None:
    module = mlp(nn.Tanh)
    parameters = random_parameters(module, 5)
    broken = {name: value.clone() for name, value in parameters.items()}
    broken["2.weight"][1, 0, 0] = torch.nan
    broken["0.weight"][3] = 1e300
    together = measure(module, task, broken)
    assert math.isnan(together[1])
    for slot in (0, 2, 4):
        alone = {name: value[slot : slot + 1] for name, value in parameters.items()}
        np.testing.assert_allclose(measure(module, task, alone), together[slot], rtol=1e-9)


def test_a_loss_that_curves_nowhere_has_sharpness_zero(task: Task) -> None:
    task = Task(**{**vars(task), "loss": lambda y, t: y.sum(dim=-1)})
    module = nn.Linear(FEATURES, OUTPUTS).double()
    assert measure(module, task, random_parameters(module, 2)).tolist() == [0.0, 0.0]


def test_parameters_and_their_gradients_stay_as_they_are(task: Task) -> None:
    module = mlp(nn.Tanh)
    parameters = random_parameters(module, 2)
    before = {name: value.clone() for name, value in parameters.items()}
    measure(module, task, parameters)
    for name, value in parameters.items():
        assert torch.equal(value, before[name])
        assert value.grad is None and not value.requires_grad
    assert all(value.grad is None for value in module.parameters())


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(2, 12)
        self.out = nn.Linear(4, OUTPUTS)

    def forward(self, inputs: Tensor) -> Tensor:
        tokens = inputs[:, :4].unflatten(1, (2, 2))
        query, key, value = self.qkv(tokens).unsqueeze(1).chunk(3, dim=-1)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        output: Tensor = self.out(mixed.mean(dim=(1, 2)))
        return output


@pytest.mark.parametrize("vectorized", [True, False])
def test_fused_attention_is_differentiated_twice(task: Task, vectorized: bool) -> None:
    module = Attention().double()
    parameters = random_parameters(module, 2)
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        expected = [by_hand(module, task, parameters, slot) for slot in range(2)]
    eigenvalues = measure(module, task, parameters, vectorized=vectorized)
    np.testing.assert_allclose(eigenvalues, expected, rtol=1e-3)


class _Once(torch.autograd.Function):
    @staticmethod
    def forward(ctx, value: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        ctx.save_for_backward(value)
        return value * value

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient: Tensor) -> Tensor:  # type: ignore[no-untyped-def]
        (value,) = ctx.saved_tensors
        return 2 * value * gradient


def test_a_network_with_one_derivative_is_refused_with_the_cure(task: Task) -> None:
    class Square(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(FEATURES, OUTPUTS)

        def forward(self, inputs: Tensor) -> Tensor:
            output: Tensor = _Once.apply(self.linear(inputs))
            return output

    module = Square().double()
    with pytest.raises(NetworkError, match="differentiate twice; choose statistics: standard"):
        measure(module, task, random_parameters(module, 1), vectorized=False)


def test_the_laboratory_of_stability_limits_has_its_largest_eigenvalue() -> None:
    values = {
        "batch_size": 3,
        "learning_rate": 0.01,
        "initialization": "mean_field",
        "weight_std": 1.0,
        "bias_std": 0.0,
        "dtype": "float64",
    }
    trial = Trial(number=0, configuration=0, seed=0, hyperparameters=values)
    quadratic = make_task(TASKS["quadratic"], {"eigenvalues": [1.0, 12.5, 4.0]}, values)
    record = train_cohort(
        [trial], task=quadratic, network=NETWORKS["linear"], steps=4, statistics="full"
    )
    np.testing.assert_allclose(record.sharpness[0, [0, 3]], 12.5, rtol=1e-6)
