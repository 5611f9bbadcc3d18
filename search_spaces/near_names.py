"""Which name a person meant who wrote one that does not exist."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from types import MappingProxyType

NEAR = 0.7
"""Share of letters in common, in order, from which two names count as one misspelt."""

SHORTEST_PREFIX = 4
"""Letters from which the beginning of a name stands for the name."""

OTHER_NAMES = MappingProxyType(
    {
        "act": "activation",
        "activation_function": "activation",
        "batch": "batch_size",
        "betas": "beta1",
        "bs": "batch_size",
        "dataset": "task",
        "epoch": "steps",
        "epochs": "steps",
        "eps": "epsilon",
        "gain": "init_gain",
        "grad_clip": "clip_norm",
        "gradient_clipping": "clip_norm",
        "hidden": "width",
        "hidden_dim": "width",
        "hidden_size": "width",
        "init": "initialization",
        "initializer": "initialization",
        "iterations": "steps",
        "layers": "depth",
        "lr": "learning_rate",
        "max_grad_norm": "clip_norm",
        "max_norm": "clip_norm",
        "max_steps": "steps",
        "model": "network",
        "n_layers": "depth",
        "n_trials": "trials",
        "name": "study",
        "norm": "normalization",
        "num_epochs": "steps",
        "num_layers": "depth",
        "num_samples": "trials",
        "opt": "optimizer",
        "parameters": "hyperparameters",
        "params": "hyperparameters",
        "random_seed": "seed",
        "random_state": "seed",
        "schedule": "lr_decay",
        "scheduler": "lr_decay",
        "search_space": "hyperparameters",
        "space": "hyperparameters",
        "units": "width",
        "wd": "weight_decay",
    }
)
"""What other libraries call it: what it is called here, where there is such a name."""

_REMARKS = MappingProxyType({"steps": " (batches, not passes over the data)"})
_EPOCHS = frozenset({"epoch", "epochs", "num_epochs"})


def did_you_mean(given: str, known: Collection[str]) -> str:
    """Returns the question "did you mean 'relu'?", or "" where no name is near.

    >>> did_you_mean("rleu", ["tanh", "relu"])
    "did you mean 'relu'?"
    >>> did_you_mean("dropout", ["depth", "width"])
    ''
    """
    name = nearest(given, known)
    if name is None:
        return ""
    remark = _REMARKS.get(name, "") if given.lower() in _EPOCHS else ""
    return f"did you mean {name!r}{remark}?"


def nearest(given: str, known: Collection[str]) -> str | None:
    """Returns the name that is nearest to what was given, None where none is near."""
    word = given.lower().replace("-", "_")
    other = OTHER_NAMES.get(word)
    if other in known:
        return other
    names = {name.lower().replace("-", "_"): name for name in sorted(known)}
    near = difflib.get_close_matches(word, names, n=1, cutoff=NEAR)
    if near:
        return names[near[0]]
    return next((names[each] for each in names if _swapped_or_begun(word, each)), None)


def _swapped_or_begun(word: str, name: str) -> bool:
    """Whether letters changed places, which costs short names much, or the end is missing."""
    begun = len(word) >= SHORTEST_PREFIX and name.startswith(word)
    return begun or (len(word) > 1 and sorted(word) == sorted(name))
