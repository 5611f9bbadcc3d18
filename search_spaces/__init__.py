"""What may vary in a study: the catalogue of hyperparameters, search spaces and samplers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search_spaces.lazy_names import lazy_names

if TYPE_CHECKING:
    from search_spaces.catalogue import CATALOGUE, Hyperparameter
    from search_spaces.errors import InputError
    from search_spaces.samplers import grid_size, is_adaptive, make_sampler
    from search_spaces.seeds import trial_seed
    from search_spaces.space import SearchSpace, build_space

# Looked up on first use: a worker that only needs InputError must not pay for optuna and scipy.
_HOMES = {
    "CATALOGUE": "search_spaces.catalogue",
    "Hyperparameter": "search_spaces.catalogue",
    "InputError": "search_spaces.errors",
    "SearchSpace": "search_spaces.space",
    "build_space": "search_spaces.space",
    "grid_size": "search_spaces.samplers",
    "is_adaptive": "search_spaces.samplers",
    "make_sampler": "search_spaces.samplers",
    "trial_seed": "search_spaces.seeds",
}

__all__ = [
    "CATALOGUE",
    "Hyperparameter",
    "InputError",
    "SearchSpace",
    "build_space",
    "grid_size",
    "is_adaptive",
    "make_sampler",
    "trial_seed",
]

__getattr__ = lazy_names(__name__, _HOMES)
