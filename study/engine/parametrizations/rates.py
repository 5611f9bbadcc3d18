"""Learning rates of single parameters, as factors on the trial's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from torch import nn

from study.engine.optimizers.hidden_matrices import hidden_matrices
from study.engine.parametrizations.rules import ENTRYWISE, check_parametrization
from study.engine.parametrizations.scales import depth_ratio, width_ratio
from study.engine.weight_roles import bias_of, readouts

Kind = Literal["input", "hidden", "output", "fixed"]
"""By which axes grow with the width: the last (biases, gains and embeddings too), both, the first,
none."""

BRANCHES = "branch_modules"
"""A network with residual branches says in this attribute what modules are in them."""


def rate_factors(module: nn.Module, hyperparameters: Mapping[str, Any]) -> dict[str, float]:
    """Returns the factor on the learning rate by parameter; one that is absent has 1.

    With m = width / base_width, for sgd m of input weights, biases and gains, 1 / m of the
    readout's weights, 1 of matrices between hidden layers; for Adam and others that divide by the
    gradient's size 1, 1 / m and 1 / m. Under depth_mup the latter have sqrt(base_depth / L) within
    residual branches as well. The readout's bias, which has one size at any width, has 1.

    Raises:
        ValueError: If there is no rule for the trial (`check_parametrization`).

    References:
        Yang et al. 2022, table 3; Yang et al. 2023, table 1.
    """
    check_parametrization(hyperparameters)
    entrywise = hyperparameters.get("optimizer", "sgd") in ENTRYWISE
    m, depth = width_ratio(hyperparameters), depth_ratio(hyperparameters)
    by_kind: Mapping[Kind, float] = (
        {"input": 1.0, "hidden": 1 / m, "output": 1 / m, "fixed": 1.0}
        if entrywise
        else {"input": m, "hidden": 1.0, "output": 1 / m, "fixed": 1.0}
    )
    in_branch = 1 / math.sqrt(depth) if entrywise else 1.0
    branches = tuple(f"{name}." for name in getattr(module, BRANCHES, ()))
    factors = {
        name: by_kind[kind] * (in_branch if name.startswith(branches) else 1.0)
        for name, kind in _kinds(module).items()
    }
    return {name: factor for name, factor in factors.items() if factor != 1.0}


def _kinds(module: nn.Module) -> dict[str, Kind]:
    hidden = hidden_matrices(module)
    names = [name for name, _ in module.named_parameters()]
    matrices = [name for name, value in module.named_parameters() if value.ndim >= 2]
    outputs = readouts(module, matrices)
    fixed = {bias_of(name) for name in outputs}
    kinds: dict[str, Kind] = {}
    for name in names:
        kinds[name] = "input"
        if name in hidden:
            kinds[name] = "hidden"
        elif name in outputs:
            kinds[name] = "output"
        elif name in fixed:
            kinds[name] = "fixed"
    return kinds
