"""A person's own optimizer, and scheduler: one of torch's kind for each trial.

    def factory(module, hyperparameters, steps):
        optimizer = torch.optim.NAdam(module.parameters(), lr=hyperparameters["learning_rate"])
        return optimizer, torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)

Axes: K trials still in the cohort, S steps.
"""

from __future__ import annotations

import copy
import inspect
import warnings
from collections.abc import Callable, Mapping, Sequence
from pkgutil import resolve_name
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler

from study.engine.optimizers.optimizer import Factors, State

Factory = Callable[..., Any]
"""(module, hyperparameters[, steps]) -> an optimizer, or one with its scheduler."""

OWN = "own"
"""In the state: each trial's."""


def is_own(hyperparameters: Mapping[str, Any]) -> bool:
    """Returns whether a trial's optimizer is `package.module:factory`."""
    return ":" in str(hyperparameters.get("optimizer", ""))


class OwnOptimizer:
    """Implements `Optimizer` for cohorts whose trials run one after another.

    The factory's own learning rates follow the trial's `lr_decay` and `warmup_steps`, unless a
    scheduler comes with them. Weight decay and the like are the factory's business; clipping is
    the engine's.

    Args:
        hyperparameters: One mapping a trial; `optimizer` names the factory.
        copies: Returns the trials' networks as they are now.
        names: Parameters by block, those of frozen blocks left out.
        rates_KxS: Of the trials' own schedules.
    """

    rule = None

    def __init__(
        self,
        hyperparameters: Sequence[Mapping[str, Any]],
        copies: Callable[[], Sequence[nn.Module]],
        names: Sequence[str],
        rates_KxS: npt.NDArray[np.float64],
    ) -> None:
        self._copies = copies
        self._names = list(names)
        self._steps = 0
        base_K = [float(values.get("learning_rate", 1.0)) for values in hyperparameters]
        self._scale_KxS = rates_KxS / np.array(base_K)[:, None]
        steps = rates_KxS.shape[1]
        factory = loaded(str(hyperparameters[0]["optimizer"]))
        with torch.random.fork_rng(devices=[]):
            made = [
                _made(factory, module, values, steps)
                for module, values in zip(copies(), hyperparameters, strict=True)
            ]
        self._optimizers = [optimizer for optimizer, _ in made]
        self._schedulers = [scheduler for _, scheduler in made]
        self._own_rates = [
            [float(g["lr"]) for g in each.param_groups] for each in self._optimizers
        ]
        self._parameters = [self._of(module) for module in copies()]

    def step(
        self,
        blocks: Sequence[Tensor],
        gradients: Sequence[Tensor],
        *,
        learning_rate_K: Tensor,
        gradient_scale_K: Tensor | None,
    ) -> None:
        for slot, module in enumerate(self._copies()):
            parameters = self._follow(slot, module)
            for parameter, gradient in zip(parameters, gradients, strict=True):
                own = gradient[0, slot]
                parameter.grad = own if gradient_scale_K is None else own * gradient_scale_K[slot]
            optimizer, scheduler = self._optimizers[slot], self._schedulers[slot]
            if scheduler is None:
                for group, rate in zip(optimizer.param_groups, self._own_rates[slot], strict=True):
                    group["lr"] = rate * float(self._scale_KxS[slot, self._steps])
            held = [parameter.data_ptr() for parameter in parameters]
            with torch.enable_grad():
                optimizer.step()
            if scheduler is not None:
                scheduler.step()
            for parameter, block, place in zip(parameters, blocks, held, strict=True):
                parameter.grad = None
                if parameter.data_ptr() != place:  # It was replaced instead of written to.
                    block[0, slot].copy_(parameter.detach())
                    parameter.data = block[0, slot]
        self._steps += 1

    def ahead(self, blocks: Sequence[Tensor], rates_SxK: Tensor) -> tuple[list[Tensor], Factors]:
        raise ValueError("steps of an optimizer of its own cannot be left to somebody else")

    def keep(self, slots: Tensor) -> None:
        kept = slots.tolist()
        for name in ("_optimizers", "_schedulers", "_own_rates", "_parameters"):
            values = getattr(self, name)
            setattr(self, name, [values[slot] for slot in kept])
        self._scale_KxS = self._scale_KxS[kept]

    def state(self) -> State:
        states: Any = [optimizer.state_dict() for optimizer in self._optimizers]
        return {"steps": [torch.tensor(self._steps)], OWN: states}

    def load(self, state: State) -> None:
        if OWN not in state:
            raise ValueError(
                f"the state of an own optimizer has {OWN!r}, but got {', '.join(state)}"
            )
        self._steps = int(state["steps"][0])
        states: Any = state[OWN]
        for slot, module in enumerate(self._copies()):
            self._follow(slot, module)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Schedulers want to be called after optimizers.
                for _ in range(self._steps if self._schedulers[slot] else 0):
                    self._schedulers[slot].step()
            self._optimizers[slot].load_state_dict(states[slot])

    def _of(self, module: nn.Module) -> list[nn.Parameter]:
        named = dict(module.named_parameters())
        return [named[name] for name in self._names]

    def _follow(self, slot: int, module: nn.Module) -> list[nn.Parameter]:
        """Hands what is remembered of a trial's parameters to those that stand for them now."""
        parameters, before = self._of(module), self._parameters[slot]
        if all(new is old for new, old in zip(parameters, before, strict=True)):
            return before
        now = {id(old): new for old, new in zip(before, parameters, strict=True)}
        optimizer = self._optimizers[slot]
        for group in optimizer.param_groups:
            group["params"] = [now.get(id(each), each) for each in group["params"]]
        remembered = [(old, optimizer.state.pop(old)) for old in list(optimizer.state)]
        for old, values in remembered:
            optimizer.state[now.get(id(old), old)] = values
        self._parameters[slot] = parameters
        return parameters


def own_rates(
    module: nn.Module,
    hyperparameters: Sequence[Mapping[str, Any]],
    rates_KxS: npt.NDArray[np.float64],
) -> npt.NDArray[np.float64]:
    """Returns the learning rates that own optimizers will have, the largest of their groups.

    Args:
        module: The network; it is left alone.
        hyperparameters: One mapping a trial.
        rates_KxS: Of the trials' own schedules, which hold where no scheduler comes.
    """
    factory = loaded(str(hyperparameters[0]["optimizer"]))
    rates = rates_KxS.copy()
    for k, values in enumerate(hyperparameters):
        trial = copy.deepcopy(module)
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            optimizer, scheduler = _made(factory, trial, values, rates.shape[1])
            first = max(float(group["lr"]) for group in optimizer.param_groups)
            if scheduler is None:
                rates[k] *= first / float(values.get("learning_rate", 1.0))
                continue
            for step in range(rates.shape[1]):
                rates[k, step] = max(float(group["lr"]) for group in optimizer.param_groups)
                scheduler.step()
    return rates


def loaded(name: str) -> Factory:
    """Imports `package.module:factory`; its folder is on the path already.

    Raises:
        ImportError: If there is no such module.
        AttributeError: If it has no such function.
        ValueError: If that is none.
    """
    factory: Factory = resolve_name(name)
    if not callable(factory):
        raise ValueError(f"{name} must be a function, but is {type(factory).__name__}")
    return factory


def _made(
    factory: Factory, module: nn.Module, hyperparameters: Mapping[str, Any], steps: int
) -> tuple[torch.optim.Optimizer, Any]:
    arguments = (module, dict(hyperparameters), steps)
    made = factory(*arguments[: len(inspect.signature(factory).parameters)])
    optimizer, scheduler = made if isinstance(made, tuple) and len(made) == 2 else (made, None)
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise ValueError(
            "an optimizer's factory must return a torch.optim.Optimizer, or one and its "
            f"scheduler, but returned {type(made).__name__}"
        )
    if scheduler is not None and not isinstance(scheduler, LRScheduler):
        raise ValueError(
            "a scheduler must be one of torch.optim.lr_scheduler, but is "
            f"{type(scheduler).__name__}"
        )
    if isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
        raise ValueError("a scheduler must follow the steps alone, but ReduceLROnPlateau does not")
    return optimizer, scheduler
