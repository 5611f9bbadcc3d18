"""The networks of a cohort before their first step."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from study.engine.initializations import initialize, is_drawn
from study.engine.networks import NetworkFactory
from study.engine.networks.building import build_network
from study.engine.optimizers import tells_matrices_apart
from study.engine.optimizers.hidden_matrices import hidden_matrices
from study.engine.parametrizations import rate_factors
from study.engine.seeds import initialization_generator, module_seed, seed_torch
from study.engine.tasks.task import Task
from study.trial import Trial


@dataclass(frozen=True, kw_only=True)
class StartingPoint:
    """Attributes:
    module: The network that all trials share.
    parameters: Initial parameters by name, one mapping a trial.
    own: Each trial's own module, where buffers (fixed random features) differ by trial.
    hidden_matrices: Names of the parameters for which the optimizer has a rule of its own.
    rate_factors: On the learning rate, by parameter; 1 where there is none.
    """

    module: nn.Module
    parameters: Sequence[Mapping[str, Tensor]]
    own: Sequence[nn.Module] | None
    hidden_matrices: frozenset[str] = frozenset()
    rate_factors: Mapping[str, float] = field(default_factory=dict)

    @property
    def kinds(self) -> dict[str, Hashable]:
        """How the optimizer tells parameters apart: only those of one kind share a block."""
        names = {*self.hidden_matrices, *self.rate_factors}
        return {
            name: (name in self.hidden_matrices, self.rate_factors.get(name)) for name in names
        }


def starting_point(trials: Sequence[Trial], task: Task, network: NetworkFactory) -> StartingPoint:
    """Builds and initializes the network of every trial, each from its own seed.

    Raises:
        NetworkError: If the network cannot be built.
    """
    module = _build(network, trials[0], task)
    # Training uses the statistics of the batch; running ones would tie the trials together.
    torch.func.replace_all_batch_norm_modules_(module)
    differ = _buffers_differ(module, trials, task, network)
    modules, parameters = [module], []
    for trial in trials:
        own = module
        if trial is not trials[0] and (differ or not is_drawn(module, trial.hyperparameters)):
            own = _build(network, trial, task)
        if differ and own is not module:
            torch.func.replace_all_batch_norm_modules_(own)
            modules.append(own)
        generator = initialization_generator(trial.seed)
        parameters.append(initialize(own, trial.hyperparameters, generator))
    apart = tells_matrices_apart(trials[0].hyperparameters)
    return StartingPoint(
        module=module,
        parameters=parameters,
        own=tuple(modules) if differ else None,
        hidden_matrices=hidden_matrices(module) if apart else frozenset(),
        rate_factors=rate_factors(module, trials[0].hyperparameters),
    )


def _buffers_differ(
    module: nn.Module, trials: Sequence[Trial], task: Task, network: NetworkFactory
) -> bool:
    """Returns whether a second trial's module comes with other buffers than the first's."""
    buffers = list(module.buffers())
    if not buffers or len(trials) == 1:
        return False
    second = _build(network, trials[1], task)
    torch.func.replace_all_batch_norm_modules_(second)
    pairs = zip(buffers, second.buffers(), strict=True)
    return not all(torch.equal(buffer, other) for buffer, other in pairs)


def _build(network: NetworkFactory, trial: Trial, task: Task) -> nn.Module:
    """Returns the network as its author initializes it under the trial's seed."""
    with torch.random.fork_rng(devices=[]):
        seed_torch(module_seed(trial.seed))
        return build_network(network, trial.hyperparameters, task)
