"""What is believed of the map of verdicts, fitted again as observations come in.

From observations to the next trial:

1. the kernel's length, by the evidence of the boundary that counts most (`_length`);
2. candidates, evenly over the space, with the columns and kernel features of both;
3. for each verdict with a boundary a posterior of its logit, for the main one also a forest;
4. a batch that proposes from all of these until enough is new.

N observed trials, M candidates, D columns, F features of the kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution

from search_spaces.samplers.boundary.acquisition import Acquisition
from search_spaces.samplers.boundary.axes import Features, TrialRows
from search_spaces.samplers.boundary.batch import Batch
from search_spaces.samplers.boundary.candidates import Applying, candidates, learned_conditions
from search_spaces.samplers.boundary.forest import indecision, share_of_space
from search_spaces.samplers.boundary.kernel import (
    FourierFeatures,
    best_length,
    fourier_features,
    laplace,
)
from search_spaces.samplers.boundary.observations import Observation, Observations, labels_of
from search_spaces.samplers.boundary.settings import Settings
from search_spaces.samplers.boundary.verdict_weights import boundary_weights

Floats = NDArray[np.float64]
CohortKey = Callable[[Mapping[str, Any]], Hashable]

AGREED = 0.03
"""What a point counts for about which all trees agree; where half of them differ it is 1 more."""


@dataclass(frozen=True, kw_only=True)
class _Points:
    """Observed trials and candidates, as columns and features; which trials were spread evenly."""

    rows_NxD: Floats
    known_NxF: Floats
    even_N: NDArray[np.bool_]
    at_MxD: Floats
    at_MxF: Floats


class BoundaryModel:
    """Proposes trials from what was observed; keeps its fit until enough is new.

    Args:
        observations: The study's trials.
        seed: Seeds features, candidates, forests, and the part of many observations, >= 0.
        threshold: Splits values where no trial has a label, see `labels_of`.
        stable: The verdict whose boundary counts most.
        applying: Which hyperparameters apply; None learns it.
        features: Further columns of the model, computed from hyperparameters.
        cohort_key: Trials that agree in it are trained together, see `Batch`.
        is_even: Whether a trial, by its number, was placed evenly over the space.
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
        features: Features | None,
        cohort_key: CohortKey | None,
        is_even: Callable[[int], bool],
        settings: Settings,
    ) -> None:
        self._observations = observations
        self._is_even = is_even
        self._seed = seed
        self._threshold = threshold
        self._stable = stable
        self._applying = applying
        self._features = features
        self._cohort_key = cohort_key
        self._settings = settings
        self._rows = TrialRows({}, features)
        self._kept_length: tuple[object, float] | None = None
        self._kept_batch: tuple[object, Batch] | None = None

    def next(self, axes: Mapping[str, BaseDistribution]) -> Mapping[str, Any] | None:
        """Returns the next trial at the boundary; None while no two verdicts are known."""
        count = fitted_count(self._observations.known)
        if not count:
            return None
        if dict(axes) != self._rows.axes:
            self._rows, self._kept_batch = TrialRows(axes, self._features), None
        observed = self._observations.first(count)
        others = {
            number: self._rows.of_trial(number, params)
            for number, params in self._observations.others(count).items()
        }
        batch = self._current_batch(observed, others, axes)
        return None if batch is None else batch.next(list(self._observations.pending.values()))

    def _current_batch(
        self,
        observed: list[Observation],
        others: Mapping[int, Floats],
        axes: Mapping[str, BaseDistribution],
    ) -> Batch | None:
        """Returns the kept batch while it fits the same observations, else a new one."""
        state = tuple(each.number for each in observed)
        if self._kept_batch is not None and self._kept_batch[0] == state:
            batch = self._kept_batch[1]
            if batch.condition_on(others):
                return batch
        fitted = self._fit(observed, axes)
        if fitted is None:
            return None
        fitted.condition_on(others)
        self._kept_batch = (state, fitted)
        return fitted

    def _fit(
        self, observed: list[Observation], axes: Mapping[str, BaseDistribution]
    ) -> Batch | None:
        labels = labels_of(observed, self._threshold)
        weights = boundary_weights(labels, self._stable, self._settings.stable_weight)
        if not weights:
            return None
        # Labels are whatever a person's study has: their texts compare in arrays.
        names = np.array([repr(label) for label in labels])
        main = repr(max(weights, key=lambda label: weights[label]))
        rows_NxD = np.array([self._rows.of_trial(each.number, each.params) for each in observed])
        features = fourier_features(
            rows_NxD,
            length=self._length(observed, rows_NxD, names == main),
            pairs=self._settings.pairs,
            seed=self._seed,
        )
        settings = self._candidates(observed, axes)
        points = self._points(observed, rows_NxD, settings, features)
        most = max(weights.values())
        acquisitions = [
            (weight, self._acquisition(points, names == repr(label), weight == most))
            for label, weight in weights.items()
        ]
        return Batch(
            settings=settings,
            at_MxD=points.at_MxD,
            acquisitions=acquisitions,
            features=features,
            cohort_key=self._cohort_key,
            packing=self._settings.packing,
        )

    def _candidates(
        self, observed: list[Observation], axes: Mapping[str, BaseDistribution]
    ) -> list[dict[str, Any]]:
        applying = self._applying or learned_conditions(axes, [each.params for each in observed])
        return candidates(
            axes,
            count=self._settings.candidates,
            # Other points with each fit: what lies between the last ones gets its turn.
            seed=[self._seed, len(observed)],
            applying=applying,
        )

    def _points(
        self,
        observed: list[Observation],
        rows_NxD: Floats,
        settings: Sequence[Mapping[str, Any]],
        features: FourierFeatures,
    ) -> _Points:
        at_MxD = np.array([self._rows.of(each) for each in settings])
        return _Points(
            rows_NxD=rows_NxD,
            known_NxF=features(rows_NxD),
            even_N=np.array([self._is_even(each.number) for each in observed]),
            at_MxD=at_MxD,
            at_MxF=features(at_MxD),
        )

    def _acquisition(
        self, points: _Points, hits_N: NDArray[np.bool_], is_main: bool
    ) -> Acquisition:
        """Returns what one verdict's boundary has to gain; the main one is worth a forest."""
        part = self._part(len(hits_N))
        if not is_main:
            return Acquisition(points.at_MxF, laplace(points.known_NxF[part], hits_N[part]))
        if len(set(hits_N[part])) < 2:  # A part may lack what is rare.
            part = np.arange(len(hits_N))
        undecided_M = indecision(
            points.rows_NxD[part],
            hits_N[part],
            points.at_MxD,
            share=share_of_space(hits_N, points.even_N),
            seed=self._seed,
        )
        posterior = laplace(points.known_NxF, hits_N)
        # Its root made better maps than the indecision itself, see docs/boundary-sampler.md.
        return Acquisition(points.at_MxF, posterior, AGREED + np.sqrt(undecided_M))

    def _length(
        self, observed: list[Observation], rows_NxD: Floats, hits_N: NDArray[np.bool_]
    ) -> float:
        """Returns the kernel's length, chosen again when the trials have doubled, up to 512."""
        count = 1 << min(9, len(observed).bit_length() - 1)
        state = tuple(each.number for each in observed[:count])
        if self._kept_length is None or self._kept_length[0] != state:
            length = best_length(
                rows_NxD[:count],
                hits_N[:count],
                lengths=self._settings.lengths,
                pairs=self._settings.pairs,
                seed=self._seed,
            )
            self._kept_length = (state, length)
        return self._kept_length[1]

    def _part(self, count: int) -> NDArray[np.int64]:
        if count <= self._settings.most:
            return np.arange(count)
        rng = np.random.default_rng([self._seed, count])
        return np.sort(rng.choice(count, self._settings.most, replace=False))


def fitted_count(known: int) -> int:
    """Returns how many of the known trials the model is fitted to.

    It goes up in steps of 8, of 16 from 256 trials on, of 32 from 512, of 64 from 1,024: a fit
    costs more with more trials, and one more changes less.
    """
    step = 8
    while step < 64 and known >= 32 * step:
        step *= 2
    return known // step * step if known >= step else known
