"""The state of knowledge that proposals are made from, renewed as trials are told."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution

from search_spaces.samplers.boundary.acquisition import Target
from search_spaces.samplers.boundary.axes import Encoder
from search_spaces.samplers.boundary.batch import Plan
from search_spaces.samplers.boundary.candidates import Applying, candidates, learned_conditions
from search_spaces.samplers.boundary.forest import indecision, share_of_space
from search_spaces.samplers.boundary.kernel import best_length, fourier_features, laplace
from search_spaces.samplers.boundary.observations import Known, TrialBook, labels_of
from search_spaces.samplers.boundary.verdict_weights import target_weights

Floats = NDArray[np.float64]
Features = Callable[[Mapping[str, Any]], Sequence[float]]
CohortKey = Callable[[Mapping[str, Any]], Hashable]

AGREED = 0.03
"""What a place counts for about which all trees agree; where half of them differ it is 1 more."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Figures of the method; the defaults were chosen by benchmarks/boundary.py.

    Attributes:
        pairs: Random cosines and sines that stand for the kernel.
        lengths: Over which the map may change, in units in which a range is 3 long; the
            likeliest is taken.
        candidates: Points that are looked at, a power of two.
        stable_weight: Of the boundary of stable; the other verdicts share the rest.
        packing: See `Plan`.
        most: Known trials that forests, and the boundaries of verdicts of less weight, are fitted
            to; of more a random part is taken.
    """

    pairs: int = 128
    lengths: tuple[float, ...] = (0.6, 1.1, 1.6, 2.2, 3.4)
    candidates: int = 1024
    stable_weight: float = 0.95
    packing: float = 0.05
    most: int = 3000


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """Known trials and candidates: as columns, as features; which of the trials are even."""

    rows_NxD: Floats
    known_NxF: Floats
    even_N: NDArray[np.bool_]
    at_MxD: Floats
    at_MxF: Floats


class Believed:
    """Proposes trials from what a book holds; keeps the model until enough is new.

    Args:
        book: The study's trials.
        seed: Of features and candidates.
        threshold: See `labels_of`.
        stable: The verdict whose boundary counts most.
        applying: Which hyperparameters apply; None learns it.
        features: Further columns of the model.
        cohort_key: See `Plan`.
        is_even: Whether a trial, by its number, was placed evenly over the space.
        settings: Of the method.
    """

    def __init__(
        self,
        book: TrialBook,
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
        self._book = book
        self._is_even = is_even
        self._seed = seed
        self._threshold = threshold
        self._stable = stable
        self._applying = applying
        self._features = features
        self._cohort_key = cohort_key
        self._settings = settings
        self._encoder = Encoder({})
        self._rows: dict[int, Floats] = {}
        self._length: tuple[object, float] | None = None
        self._state: tuple[object, Plan] | None = None

    def next(self, axes: Mapping[str, BaseDistribution]) -> Mapping[str, Any] | None:
        """The next trial at the boundary; None while no two verdicts are known."""
        count = fitted_count(self._book.known)
        if not count:
            return None
        if dict(axes) != self._encoder.axes:
            self._encoder, self._rows, self._state = Encoder(axes), {}, None
        known = self._book.first(count)
        state = tuple(each.number for each in known)
        others = {
            number: self._row(number, params)
            for number, params in self._book.others(count).items()
        }
        if self._state is None or self._state[0] != state or not self._state[1].expect(others):
            plan = self._plan(known, axes)
            if plan is None:
                return None
            plan.expect(others)
            self._state = (state, plan)
        return self._state[1].next(list(self._book.pending.values()))

    def _plan(self, known: list[Known], axes: Mapping[str, BaseDistribution]) -> Plan | None:
        labels = labels_of(known, self._threshold)
        weights = target_weights(labels, self._stable, self._settings.stable_weight)
        if not weights:
            return None
        rows_NxD = np.array([self._row(each.number, each.params) for each in known])
        names = np.array([repr(label) for label in labels])
        main = repr(max(weights, key=lambda label: weights[label]))
        features = fourier_features(
            rows_NxD,
            length=self._likeliest(known, rows_NxD, names == main),
            pairs=self._settings.pairs,
            seed=self._seed,
        )
        applying = self._applying or learned_conditions(axes, [each.params for each in known])
        found = candidates(
            axes,
            count=self._settings.candidates,
            seed=[self._seed, len(known)],
            applying=applying,
        )
        at_MxD = np.array([self._encode(each) for each in found])
        seen = _Seen(
            rows_NxD=rows_NxD,
            known_NxF=features(rows_NxD),
            even_N=np.array([self._is_even(each.number) for each in known]),
            at_MxD=at_MxD,
            at_MxF=features(at_MxD),
        )
        most = max(weights.values())
        targets = [
            (weight, self._target(seen, names == repr(label), weight == most))
            for label, weight in weights.items()
        ]
        return Plan(
            settings=found,
            at_MxD=at_MxD,
            targets=targets,
            features=features,
            cohort_key=self._cohort_key,
            packing=self._settings.packing,
        )

    def _target(self, seen: _Seen, hits_N: NDArray[np.bool_], heavy: bool) -> Target:
        """The boundary of one verdict; a heavy one, of the largest weight, is worth a forest."""
        part = self._part(len(hits_N))
        if not heavy:
            return Target(seen.at_MxF, laplace(seen.known_NxF[part], hits_N[part]))
        if len(set(hits_N[part])) < 2:  # A part may lack what is rare.
            part = np.arange(len(hits_N))
        undecided_M = indecision(
            seen.rows_NxD[part],
            hits_N[part],
            seen.at_MxD,
            share=share_of_space(hits_N, seen.even_N),
            seed=self._seed,
        )
        posterior = laplace(seen.known_NxF, hits_N)
        return Target(seen.at_MxF, posterior, AGREED + np.sqrt(undecided_M))

    def _likeliest(self, known: list[Known], rows_NxD: Floats, hits_N: NDArray[np.bool_]) -> float:
        """The length of the kernel, chosen anew whenever the trials have doubled, up to 512."""
        count = 1 << min(9, len(known).bit_length() - 1)
        state = tuple(each.number for each in known[:count])
        if self._length is None or self._length[0] != state:
            length = best_length(
                rows_NxD[:count],
                hits_N[:count],
                lengths=self._settings.lengths,
                pairs=self._settings.pairs,
                seed=self._seed,
            )
            self._length = (state, length)
        return self._length[1]

    def _part(self, count: int) -> NDArray[np.int64]:
        if count <= self._settings.most:
            return np.arange(count)
        rng = np.random.default_rng([self._seed, count])
        return np.sort(rng.choice(count, self._settings.most, replace=False))

    def _row(self, number: int, params: Mapping[str, Any]) -> Floats:
        if number not in self._rows:
            self._rows[number] = self._encode(params)
        return self._rows[number]

    def _encode(self, params: Mapping[str, Any]) -> Floats:
        row = np.array(self._encoder.row(params)) * self._encoder.scales
        if self._features is not None:
            row = np.concatenate([row, self._features(params)])
        return row


def fitted_count(known: int) -> int:
    """To how many of the known trials the model is fitted: it is renewed in growing steps."""
    step = 8
    while step < 64 and known >= 32 * step:
        step *= 2
    return known // step * step if known >= step else known
