"""The state of knowledge that proposals are made from, renewed as trials are told."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution

from search_spaces.samplers.boundary.axes import Encoder
from search_spaces.samplers.boundary.book import TrialBook, labels_of
from search_spaces.samplers.boundary.candidates import (
    Applying,
    candidates,
    learned_conditions,
)
from search_spaces.samplers.boundary.forest import fit_forest
from search_spaces.samplers.boundary.plan import Plan, Taste
from search_spaces.samplers.boundary.uncertainty import ambiguity

Floats = NDArray[np.float64]
Features = Callable[[Mapping[str, Any]], Sequence[float]]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Figures of the method; the defaults were chosen by benchmarks/boundary.py.

    Attributes:
        trees: Of the forest; a power of two, so that shares of trees are exact.
        leaf: Known trials in a leaf at least.
        columns: Share of the columns that a split looks at.
        candidates: Points that are looked at, a power of two.
        stable_weight: Of the boundary of stable against that between any two verdicts.
        taste: Among candidates.
        most: Known trials that a model is fitted to; of more a random part is taken.
    """

    trees: int = 128
    leaf: int = 2
    columns: float = 0.6
    candidates: int = 2048
    stable_weight: float = 0.8
    taste: Taste = field(
        default_factory=lambda: Taste(
            sharpness=3.0, crowding=1.0, temperature=1.0, packing=0.5
        )
    )
    most: int = 10_000


class Believed:
    """Proposes trials from what a book holds; keeps the model until enough is new.

    Args:
        book: The study's trials.
        seed: Of trees, candidates and draws.
        threshold: See `labels_of`.
        stable: See `ambiguity`.
        applying: Which hyperparameters apply; None learns it.
        features: Further columns of the model.
        cohort_key: See `Plan`.
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
        cohort_key: Callable[[Mapping[str, Any]], Hashable] | None,
        settings: Settings,
    ) -> None:
        self._book = book
        self._seed = seed
        self._threshold = threshold
        self._stable = stable
        self._applying = applying
        self._features = features
        self._cohort_key = cohort_key
        self._settings = settings
        self._state: tuple[object, Plan] | None = None
        self._rows: dict[int, list[float]] = {}
        self._encoder = Encoder({})

    def next(self, axes: Mapping[str, BaseDistribution]) -> Mapping[str, Any] | None:
        """The next trial at the boundary; None while nothing is known."""
        count = fitted_count(self._book.known)
        if count == 0:
            return None
        if dict(axes) != self._encoder.axes:
            self._encoder, self._rows, self._state = Encoder(axes), {}, None
        known = self._book.first(count)
        state = tuple(each.number for each in known)
        others = {
            number: np.array(self._row(number, params))
            for number, params in self._book.others(count).items()
        }
        if self._state is None or self._state[0] != state or not self._state[1].count(others):
            plan = self._plan(known, axes)
            plan.count(others)
            self._state = (state, plan)
        return self._state[1].next(list(self._book.pending.values()))

    def _plan(self, known: list, axes: Mapping[str, BaseDistribution]) -> Plan:
        settings, count = self._settings, len(known)
        labels = labels_of(known, self._threshold)
        if count > settings.most:
            kept = np.random.default_rng([self._seed, count]).choice(
                count, settings.most, replace=False
            )
            known, labels = [known[i] for i in kept], [labels[i] for i in kept]
        kept_known = [(each, label) for each, label in zip(known, labels, strict=True) if label is not None]
        rows = np.array([self._row(each.number, each.params) for each, _ in kept_known])
        forest = fit_forest(
            rows,
            [label for _, label in kept_known],
            seed=int(np.random.SeedSequence([self._seed, count]).generate_state(1)[0] >> 1),
            trees=settings.trees,
            leaf=settings.leaf,
            features=settings.columns,
        )
        applying = self._applying or learned_conditions(axes, [each.params for each in known])
        found = candidates(
            axes,
            count=settings.candidates,
            seed=[self._seed, count],
            applying=applying,
        )
        points = np.array([self._encode(each) for each in found])
        probabilities = forest.probabilities(forest.leaves(points))
        value = ambiguity(
            probabilities,
            forest.classes,
            stable=self._stable,
            weight=settings.stable_weight,
        )
        return Plan(
            settings=found,
            points_MxD=points,
            value_M=value,
            forest=forest,
            taste=settings.taste,
            seed=[self._seed, count, 1],
            cohort_key=self._cohort_key,
        )

    def _row(self, number: int, params: Mapping[str, Any]) -> list[float]:
        if number not in self._rows:
            self._rows[number] = self._encode(params)
        return self._rows[number]

    def _encode(self, params: Mapping[str, Any]) -> list[float]:
        row = self._encoder.row(params)
        if self._features is not None:
            row.extend(self._features(params))
        return row


def fitted_count(known: int) -> int:
    """To how many of the known trials the model is fitted: it is renewed in growing steps."""
    step = 8
    while step < 64 and known >= 32 * step:
        step *= 2
    return known // step * step if known >= step else known
