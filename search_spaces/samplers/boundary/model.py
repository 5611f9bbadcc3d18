"""What is believed of the map of verdicts, fitted again as observations come in.

From observations to the next trial:

1. for each verdict with a boundary a kernel, from the first 2^k observations (`_kernel`);
2. its posterior given all of them: the stability classifier, which the report uses as well;
3. candidates, evenly over the space;
4. a batch that proposes from all of these until enough is new.

N observed trials, M candidates, D columns.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution

from search_spaces.samplers.boundary.acquisition import Acquisition
from search_spaces.samplers.boundary.axes import TrialColumns, lacking
from search_spaces.samplers.boundary.batch import Batch
from search_spaces.samplers.boundary.candidates import Applying, candidates, learned_conditions
from search_spaces.samplers.boundary.observations import Observation, Observations, labels_of
from search_spaces.samplers.boundary.settings import Settings
from search_spaces.samplers.boundary.verdict_weights import LEAST, mapped_verdicts
from search_spaces.stability_classifier import Latent, fit_latent
from search_spaces.stability_classifier.evidence import (
    labelled_trials,
    likeliest_kernel,
    short_kernel,
)
from search_spaces.stability_classifier.fitting import stretched
from search_spaces.stability_classifier.kernel import Kernel

Floats = NDArray[np.float64]
CohortKey = Callable[[Mapping[str, Any]], Hashable]

_ITERATIONS = 20
"""Of the search for the likeliest kernel: further ones hardly move what is proposed."""


class BoundaryModel:
    """Proposes trials from what was observed; keeps its fit until enough is new.

    Args:
        observations: The study's trials.
        seed: Seeds candidates, and the part of many observations, >= 0.
        threshold: Splits values where no trial has a label, see `labels_of`.
        stable: The verdict whose boundary is mapped, if it occurs.
        applying: Which hyperparameters apply; None learns it.
        cohort_key: Trials that agree in it are trained together, see `Batch`.
        settings: Figures of the method.
    """

    def __init__(
        self,
        observations: Observations,
        *,
        seed: int,
        threshold: float | None,
        stable: Hashable,
        applying: Applying | None,
        cohort_key: CohortKey | None,
        settings: Settings,
    ) -> None:
        self._observations = observations
        self._seed = seed
        self._threshold = threshold
        self._stable = stable
        self._applying = applying
        self._cohort_key = cohort_key
        self._settings = settings
        self._columns = TrialColumns({}, ())
        self._kept_kernels: dict[str, tuple[object, tuple[Kernel, float]]] = {}
        self._kept_batch: tuple[object, Batch] | None = None

    def next(self, axes: Mapping[str, BaseDistribution]) -> Mapping[str, Any] | None:
        """Returns the next trial at the boundary; None while no two verdicts are known."""
        count = fitted_count(self._observations.known)
        if not count:
            return None
        batch = self._current_batch(self._observations.first(count), axes)
        if batch is None:
            return None
        return batch.next(list(self._observations.pending.values()))

    def _current_batch(
        self, observed: list[Observation], axes: Mapping[str, BaseDistribution]
    ) -> Batch | None:
        """Returns the kept batch while it fits the same observations, else a new one."""
        state = (tuple(each.number for each in observed), tuple(sorted(axes.items())))
        others = self._observations.others(len(observed))
        if self._kept_batch is not None and self._kept_batch[0] == state:
            batch = self._kept_batch[1]
            if batch.condition_on(self._numbered(others)):
                return batch
        fitted = self._fit(observed, axes)
        if fitted is None:
            return None
        fitted.condition_on(self._numbered(others))
        self._kept_batch = (state, fitted)
        return fitted

    def _numbered(self, trials: Mapping[int, Mapping[str, Any]]) -> dict[int, Floats]:
        return dict(zip(trials, self._columns.of_trials(trials), strict=True))

    def _fit(
        self, observed: list[Observation], axes: Mapping[str, BaseDistribution]
    ) -> Batch | None:
        labels = labels_of(observed, self._threshold)
        mapped = mapped_verdicts(labels, self._stable)
        if not mapped:
            return None
        trials = {each.number: each.params for each in observed}
        applying = self._applying or learned_conditions(axes, list(trials.values()))
        settings = candidates(
            axes,
            count=self._settings.candidates,
            # Other points with each fit: what lies between the last ones gets its turn.
            seed=[self._seed, len(observed)],
            applying=applying,
        )
        optional = lacking(axes, [*trials.values(), *settings])
        if dict(axes) != self._columns.axes or optional != self._columns.optional:
            self._columns, self._kept_kernels = TrialColumns(axes, optional), {}
        rows_NxD, at_MxD = self._columns.of_trials(trials), self._columns.of(settings)
        # Labels are whatever a person's study has: their texts compare in arrays.
        names = np.array([repr(label) for label in labels])
        numbers = list(trials)
        acquisitions = [
            self._acquisition(name, numbers, rows_NxD, names == name, at_MxD)
            for name in map(repr, mapped)
        ]
        return Batch(
            settings=settings,
            at_MxD=at_MxD,
            acquisitions=acquisitions,
            cohort_key=self._cohort_key,
            packing=self._settings.packing,
        )

    def _acquisition(
        self,
        name: str,
        numbers: list[int],
        rows_NxD: Floats,
        hits_N: NDArray[np.bool_],
        at_MxD: Floats,
    ) -> Acquisition:
        """Returns what one verdict's boundary has to gain."""
        kernel, stretch = self._kernel(name, numbers, rows_NxD, hits_N)
        part = self._part(hits_N)
        latent = self._latent(rows_NxD[part], hits_N[part], kernel)
        return Acquisition(replace(latent, stretch=stretch), at_MxD)

    def _latent(self, rows_NxD: Floats, hits_N: NDArray[np.bool_], kernel: Kernel) -> Latent:
        labelled = labelled_trials(rows_NxD, hits_N)
        return fit_latent(labelled, kernel, inducing=self._settings.inducing, seed=self._seed)

    def _kernel(
        self, name: str, numbers: list[int], rows_NxD: Floats, hits_N: NDArray[np.bool_]
    ) -> tuple[Kernel, float]:
        """Returns the likeliest kernel and the stretch of logits.

        They are chosen again when the trials have doubled, up to 512.
        """
        count = min(self._settings.kernel_from, 1 << (len(numbers).bit_length() - 1))
        state = (tuple(numbers[:count]), hits_N[:count].tobytes())
        kept = self._kept_kernels.get(name)
        if kept is None or kept[0] != state:
            labelled = labelled_trials(rows_NxD[:count], hits_N[:count])
            kernel = short_kernel(self._columns.encoder)
            # Of fewer the likeliest kernel may say that they came about by chance, anywhere.
            if min(hits_N[:count].sum(), (~hits_N[:count]).sum()) >= LEAST:
                kernel = likeliest_kernel(labelled, self._columns.encoder, iterations=_ITERATIONS)
            latent = self._latent(rows_NxD[:count], hits_N[:count], kernel)
            stretch = stretched(latent, labelled, seed=self._seed).stretch
            kept = self._kept_kernels[name] = (state, (kernel, stretch))
        return kept[1]

    def _part(self, hits_N: NDArray[np.bool_]) -> NDArray[np.int64]:
        count = len(hits_N)
        if count <= self._settings.most:
            return np.arange(count)
        rng = np.random.default_rng([self._seed, count])
        part = np.sort(rng.choice(count, self._settings.most, replace=False))
        # A part may lack what is rare.
        return part if len(set(hits_N[part])) > 1 else np.arange(count)


def fitted_count(known: int) -> int:
    """Returns how many of the known trials the model is fitted to.

    It goes up in steps of 8, of 16 from 256 trials on, of 32 from 512, of 64 from 1,024: a fit
    costs more with more trials, and one more changes less.
    """
    step = 8
    while step < 64 and known >= 32 * step:
        step *= 2
    return known // step * step if known >= step else known
