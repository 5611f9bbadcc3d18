"""The random teacher, and the quadratic of given eigenvalues."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.autograd.functional import hessian

from study.engine import TASKS, Task, TaskError


class TestTeacher:
    def test_inputs_are_gaussian_and_targets_have_variance_one(self) -> None:
        task = TASKS["teacher"](features=5, outputs=3, examples=20_000)
        assert task.inputs.shape == (20_000, 5) and task.targets.shape == (20_000, 3)
        covariance = task.inputs.T.cov()
        assert torch.allclose(covariance, torch.eye(5), atol=0.04)
        assert task.inputs.pow(4).mean() == pytest.approx(3, rel=0.03)  # kurtosis
        assert torch.allclose(task.targets.mean(dim=0), torch.zeros(3), atol=1e-6)
        assert torch.allclose(task.targets.square().mean(dim=0), torch.ones(3), atol=1e-5)

    def test_metric_is_the_share_of_variance_explained(self) -> None:
        task = TASKS["teacher"](examples=500)
        generator = torch.Generator().manual_seed(1)
        guess = task.targets + torch.randn(task.targets.shape, generator=generator) / 2
        residual = (guess - task.targets).square().sum()
        total = (task.targets - task.targets.mean(dim=0)).square().sum()
        metric = task.metric(guess, task.targets).mean()
        assert metric == pytest.approx(float(1 - residual / total), abs=1e-5)
        assert task.metric(task.targets, task.targets).mean() == task.ceiling == 1

    def test_is_a_function_of_the_inputs_that_no_linear_map_is(self) -> None:
        task = TASKS["teacher"]()
        slope = torch.linalg.lstsq(task.inputs, task.targets).solution
        linear = task.metric(task.inputs @ slope, task.targets).mean().item()
        assert 0.5 < linear < 0.95

    @pytest.mark.parametrize("option", ["features", "outputs", "hidden_units"])
    def test_sizes(self, option: str) -> None:
        with pytest.raises(TaskError, match="must be >= 1, but got 0"):
            TASKS["teacher"](**{option: 0})
        assert TASKS["teacher"](**{option: 1}, examples=10).examples == 10

    def test_one_example_has_no_variance(self) -> None:
        with pytest.raises(TaskError, match="must be >= 2, but got 1"):
            TASKS["teacher"](examples=1)


class TestQuadratic:
    EIGENVALUES = [4.0, 1.0, 0.25, 1e-3]

    @pytest.fixture(scope="class")
    def task(self) -> Task:
        return TASKS["quadratic"](eigenvalues=self.EIGENVALUES)

    def loss_of(self, task: Task, weights: Tensor) -> Tensor:
        outputs = torch.nn.functional.linear(task.inputs, weights[None, :])
        return task.loss(outputs, task.targets).mean()

    def test_loss_is_the_quadratic(self, task: Task) -> None:
        weights = torch.tensor([0.5, -2.0, 3.0, 10.0], dtype=torch.float64)
        expected = sum(
            0.5 * value * w**2 for value, w in zip(self.EIGENVALUES, weights.tolist(), strict=True)
        )
        assert self.loss_of(task, weights).item() == pytest.approx(expected, rel=1e-12)

    @pytest.mark.parametrize("at", [0.0, 3.0])
    def test_hessian_has_the_eigenvalues_everywhere(self, task: Task, at: float) -> None:
        point = torch.full((4,), at, dtype=torch.float64)
        matrix = hessian(lambda weights: self.loss_of(task, weights), point)
        assert torch.allclose(
            matrix, torch.diag(torch.tensor(self.EIGENVALUES, dtype=torch.float64))
        )
        assert torch.linalg.eigvalsh(matrix).tolist() == pytest.approx(sorted(self.EIGENVALUES))

    @pytest.mark.parametrize(("factor", "shrinks"), [(0.99, True), (1.01, False)])
    def test_gradient_descent_is_stable_below_two_over_the_largest(
        self, task: Task, factor: float, shrinks: bool
    ) -> None:
        weights = torch.ones(4, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.SGD([weights], lr=factor * 2 / max(self.EIGENVALUES))
        first = self.loss_of(task, weights).item()
        for _ in range(200):
            optimizer.zero_grad()
            self.loss_of(task, weights).backward()
            optimizer.step()
        assert (self.loss_of(task, weights).item() < first) == shrinks

    @pytest.mark.parametrize("eigenvalues", [[], [1.0, 0.0], [-1.0], [float("inf")]])
    def test_eigenvalues_are_positive(self, eigenvalues: list[float]) -> None:
        with pytest.raises(
            TaskError, match="must be a list of positive numbers, but got"
        ) as caught:
            TASKS["quadratic"](eigenvalues=eigenvalues)
        assert caught.value.parameter == "eigenvalues"
