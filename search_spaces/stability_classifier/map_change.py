"""How much the map of the whole space changed as the trials doubled.

The map after n trials is the classifier's probability of stable at points that are spread over
the space; trials of any sampler will do. N trials, M points, D columns.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from search_spaces.stability_classifier.axes import Encoder
from search_spaces.stability_classifier.classifier import mean_probability
from search_spaces.stability_classifier.evidence import labelled_trials, likeliest_kernel
from search_spaces.stability_classifier.fitting import stretched
from search_spaces.stability_classifier.inducing import some_of
from search_spaces.stability_classifier.kernel import Kernel
from search_spaces.stability_classifier.latent import fit_latent

Floats = NDArray[np.float64]

_KERNEL_FROM, _ITERATIONS, _INDUCING = 256, 20, 256
"""Less than a prediction takes: a map that is compared needs no exact deviations."""


def map_changes(
    columns_NxD: Floats,
    stable_N: NDArray[np.bool_],
    *,
    encoder: Encoder,
    at_MxD: Floats,
    looks: Sequence[tuple[int, int]],
) -> list[float]:
    """Compares maps of the first trials with those of fewer.

    Args:
        columns_NxD: Of the trials, in the order of their numbers.
        stable_N: Whether each was stable.
        encoder: Of the columns.
        at_MxD: Points at which maps are compared, spread evenly over the space.
        looks: For each look the trials of the later and of the earlier map.

    Returns:
        For each look the mean over the points of the absolute change of the probability.
    """
    if not looks:
        return []
    labelled = labelled_trials(columns_NxD, stable_N)
    some = some_of(len(labelled.share), _KERNEL_FROM, np.random.default_rng(0))
    # One kernel for all: another kernel is no change of what the trials say.
    kernel = likeliest_kernel(labelled.of(some), encoder, iterations=_ITERATIONS)
    # Half of one look is often another look: each number of trials is fitted once.
    sizes = {size for look in looks for size in look}
    maps = {size: _map(columns_NxD[:size], stable_N[:size], kernel, at_MxD) for size in sizes}
    return [float(np.mean(np.abs(maps[trials] - maps[before]))) for trials, before in looks]


def _map(
    columns_NxD: Floats, stable_N: NDArray[np.bool_], kernel: Kernel, at_MxD: Floats
) -> Floats:
    labelled = labelled_trials(columns_NxD, stable_N)
    latent = fit_latent(labelled, kernel, inducing=_INDUCING, seed=0)
    return mean_probability(*stretched(latent, labelled)(at_MxD))
