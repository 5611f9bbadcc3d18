"""Published optimizers that torch lacks, one parameter at a time, as their papers write them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


class _Published(torch.optim.Optimizer):
    def __init__(self, parameters: Iterable[Tensor], lr: float, **settings: Any) -> None:
        super().__init__(parameters, {"lr": lr, **self.usual, **settings})

    usual: dict[str, Any] = {}

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for parameter in group["params"]:
                self.move(parameter, parameter.grad, group, self.state[parameter])

    def move(self, w: Tensor, g: Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        raise AssertionError("each has its own")


class Lion(_Published):
    """Chen et al. 2023, algorithm 2."""

    usual = {"betas": (0.9, 0.99), "weight_decay": 0.0}

    def move(self, w: Tensor, g: Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        beta1, beta2 = group["betas"]
        m = state.get("m", torch.zeros_like(w))
        c = beta1 * m + (1 - beta1) * g
        w.copy_(w - group["lr"] * (torch.sign(c) + group["weight_decay"] * w))
        state["m"] = beta2 * m + (1 - beta2) * g


class Muon(_Published):
    """Jordan et al. 2024, and Liu et al. 2025 for the length; AdamW for what is no matrix."""

    usual = {
        "betas": (0.9, 0.999),
        "momentum": 0.95,
        "weight_decay": 0.1,
        "eps": 1e-8,
        "outer": (),
    }
    """`outer`: weights of the first and the last layer."""

    def move(self, w: Tensor, g: Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        w.mul_(1 - group["lr"] * group["weight_decay"])
        if w.ndim < 2 or any(w is each for each in group["outer"]):
            self._adam(w, g, group, state)
            return
        mu = group["momentum"]
        state["m"] = mu * state.get("m", torch.zeros_like(w)) + (1 - mu) * g
        ahead = mu * state["m"] + (1 - mu) * g
        matrix = ahead.reshape(len(w), -1)
        x = matrix / max(float(torch.sqrt((matrix * matrix).sum())), 1e-7)
        for _ in range(5):
            # One singular value s at a time: 3.4445 s - 4.775 s^3 + 2.0315 s^5.
            left, s, right = torch.linalg.svd(x, full_matrices=False)
            x = left @ torch.diag(3.4445 * s - 4.775 * s**3 + 2.0315 * s**5) @ right
        w.sub_(group["lr"] * 0.2 * math.sqrt(max(matrix.shape)) * x.reshape(w.shape))

    @staticmethod
    def _adam(w: Tensor, g: Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        beta1, beta2 = group["betas"]
        t = state["t"] = state.get("t", 0) + 1
        state["m"] = beta1 * state.get("m", 0.0) + (1 - beta1) * g
        state["v"] = beta2 * state.get("v", 0.0) + (1 - beta2) * g**2
        mean, square = state["m"] / (1 - beta1**t), state["v"] / (1 - beta2**t)
        w.sub_(group["lr"] * mean / (torch.sqrt(square) + group["eps"]))


class ScheduleFreeSgd(_Published):
    """Defazio et al. 2024, equations 3 to 5, with x, y and z each kept."""

    usual = {"momentum": 0.9, "weight_decay": 0.0}

    def move(self, w: Tensor, g: Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        _averaged(w, g + group["weight_decay"] * w, group["momentum"], group["lr"], state)


class ScheduleFreeAdamW(_Published):
    """Defazio et al. 2024, algorithm 1."""

    usual = {"betas": (0.9, 0.999), "weight_decay": 0.0, "eps": 1e-8}

    def move(self, w: Tensor, g: Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        beta1, beta2 = group["betas"]
        t = state["t"] = state.get("t", 0) + 1
        state["v"] = beta2 * state.get("v", 0.0) + (1 - beta2) * g**2
        scaled = g / (torch.sqrt(state["v"] / (1 - beta2**t)) + group["eps"])
        _averaged(w, scaled + group["weight_decay"] * w, beta1, group["lr"], state)


def _averaged(y: Tensor, step: Tensor, beta: float, lr: float, state: dict[str, Any]) -> None:
    x, z = state.get("x", y.clone()), state.get("z", y.clone())
    state["largest"] = max(lr, state.get("largest", 0.0))
    weight = state["largest"] ** 2
    state["sum"] = state.get("sum", 0.0) + weight
    c = weight / state["sum"] if state["sum"] else 0.0
    state["z"] = z - lr * step
    state["x"] = (1 - c) * x + c * state["z"]
    y.copy_((1 - beta) * state["z"] + beta * state["x"])
