"""Fitting the classifier: kernels, posteriors, and what cross-validation says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from search_spaces.stability_classifier.axes import Encoder
from search_spaces.stability_classifier.classifier import (
    Counts,
    VerdictClassifier,
    mean_probability,
    mean_square,
    probabilities,
)
from search_spaces.stability_classifier.evidence import Labelled, likeliest_kernel
from search_spaces.stability_classifier.inducing import some_of
from search_spaces.stability_classifier.kernel import Kernel
from search_spaces.stability_classifier.latent import Latent, fit_latent, left_out

Floats = NDArray[np.float64]

KERNEL_FROM, OTHERS_FROM = 512, 256
"""Settings that the kernel of stable, and those of the other verdicts, are chosen from."""

INDUCING, INDUCING_OF_MANY, MANY = 256, 512, 2048
"""Inducing settings, and from how many settings on there are more of them."""

OTHERS_INDUCING = 96
_ITERATIONS, _OTHERS_ITERATIONS = 30, 10

_LEAST = 8
"""Settings of a verdict below which it takes the kernel of stable."""

_HELD_OUT_FROM, _FOLDS = 16384, 5

_STRETCH, _STRETCH_SPREAD = 1.4, 0.4
"""Prior of the stretch, log-normal: its median, and the deviation of its logarithm."""

_ALIKE = 0.02
"""A correlation of a setting's trials that is nearer to the one assumed changes nothing."""


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """What the classifier says of settings that it has not seen (cross-validation).

    Attributes:
        rows: Indices of the settings [H].
        logits: By verdict mean and deviation of the logit, [H] each; the stretch is in them.
    """

    rows: NDArray[np.int64]
    logits: Mapping[str, tuple[Floats, Floats]]

    @property
    def probability(self) -> dict[str, Floats]:
        """What it says of each verdict [H]."""
        return {verdict: each[0] for verdict, each in probabilities(self.logits).items()}


def fit_classifier(
    counts: Counts, encoder: Encoder, *, first: str, seed: int = 0
) -> tuple[VerdictClassifier, HeldOut]:
    """Fits the classifier, and cross-validates it.

    Args:
        counts: All settings with the verdicts that occur among them; at least two settings.
        encoder: Of their columns.
        first: The verdict that decides its own probability.
        seed: Seeds what is drawn where there are many settings, >= 0.

    Returns:
        The classifier, and what it says of held-out settings.
    """
    others = {verdict: each for verdict, each in counts.trials.items() if verdict != first}
    nowhere = np.zeros(len(counts.columns))
    counts = replace(counts, trials={first: counts.trials.get(first, nowhere), **others})
    classifier = _fit(counts, encoder, alike=0.0, seed=seed)
    held = held_out(classifier, counts, seed=seed)
    # Twice: a first model that takes all trials for independent follows each setting's chance.
    for _ in range(2 if np.any(counts.total > 1) else 0):
        alike = alike_of(counts, held, first)
        if abs(alike - classifier.alike) < _ALIKE:
            break
        classifier = _fit(counts, encoder, alike=alike, seed=seed)
        held = held_out(classifier, counts, seed=seed)
    return _stretched(classifier, counts, held)


def _fit(counts: Counts, encoder: Encoder, *, alike: float, seed: int) -> VerdictClassifier:
    latents: dict[str, Latent] = {}
    common: Kernel | None = None
    for verdict in counts.trials:
        labelled = counts.labelled(verdict, alike)
        kernel = _kernel(labelled, encoder, common, seed)
        most = INDUCING if len(labelled.share) <= MANY else INDUCING_OF_MANY
        if common is not None:
            most = OTHERS_INDUCING
        latents[verdict] = fit_latent(labelled, kernel, inducing=most, seed=seed)
        common = common or kernel
    return VerdictClassifier(encoder=encoder, latents=latents, alike=alike)


def _kernel(labelled: Labelled, encoder: Encoder, common: Kernel | None, seed: int) -> Kernel:
    """Returns a verdict's kernel: the first has the most time, the others begin from its own."""
    if common is not None and np.sum(labelled.share > 0) < _LEAST:
        return common
    rng = np.random.default_rng([seed, 1])
    size = KERNEL_FROM if common is None else OTHERS_FROM
    return likeliest_kernel(
        labelled.of(some_of(len(labelled.share), size, rng)),
        encoder,
        iterations=_ITERATIONS if common is None else _OTHERS_ITERATIONS,
        start=common,
    )


def held_out(classifier: VerdictClassifier, counts: Counts, *, seed: int) -> HeldOut:
    """Says of each setting what the others make of it, the kernels being kept.

    Five folds; where there are more than 16,384 settings one fifth of so many is held out.
    """
    known, folds = _folds(len(counts.columns), seed)
    logits = {
        verdict: left_out(latent, counts.labelled(verdict, classifier.alike), known, folds)
        for verdict, latent in classifier.latents.items()
    }
    return HeldOut(rows=np.concatenate(folds), logits=logits)


def stretched(latent: Latent, labelled: Labelled, *, seed: int = 0) -> Latent:
    """Stretches a posterior's logits so that held-out outcomes are likeliest."""
    known, folds = _folds(len(labelled.share), seed)
    held = left_out(latent, labelled, known, folds)
    return replace(latent, stretch=_stretch(labelled.of(np.concatenate(folds)), *held))


def _folds(count: int, seed: int) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
    """Returns the settings that cross-validation looks at, and those that are held out in turn."""
    rng = np.random.default_rng([seed, 2])
    known = rng.permutation(some_of(count, _HELD_OUT_FROM, rng))
    folds = np.array_split(known, min(_FOLDS, len(known)))
    return known, folds[:1] if count > _HELD_OUT_FROM else folds


def alike_of(counts: Counts, held: HeldOut, verdict: str) -> float:
    """Estimates how much more alike trials of one setting are than their probability says.

    Beyond chance and the classifier's own doubt, the squared error of a setting's share has
    variance p (1 - p) (1 - 1 / m) times the correlation.
    """
    total = counts.total[held.rows]
    share = counts.trials[verdict][held.rows] / total
    p = mean_probability(*held.logits[verdict])
    doubt = mean_square(*held.logits[verdict]) - p**2
    chance = p * (1.0 - p)
    left = (share - p) ** 2 - (chance - doubt) / total - doubt
    several = total > 1
    scale = float(np.sum((chance * (1.0 - 1.0 / total))[several]))
    return float(np.clip(np.sum(left[several]) / max(scale, 1e-9), 0.0, 1.0))


def _stretched(
    classifier: VerdictClassifier, counts: Counts, held: HeldOut
) -> tuple[VerdictClassifier, HeldOut]:
    """Stretches each verdict's logits so that held-out outcomes are likeliest."""
    latents, logits = {}, {}
    for verdict, latent in classifier.latents.items():
        labelled = counts.labelled(verdict, classifier.alike).of(held.rows)
        mean, deviation = held.logits[verdict]
        stretch = _stretch(labelled, mean, deviation)
        latents[verdict] = replace(latent, stretch=stretch)
        logits[verdict] = (stretch * mean, np.sqrt(stretch) * deviation)
    return replace(classifier, latents=latents), replace(held, logits=logits)


def _stretch(labelled: Labelled, mean: Floats, deviation: Floats) -> float:
    def loss(log: float) -> float:
        stretch = np.exp(log)
        p = mean_probability(stretch * mean, np.sqrt(stretch) * deviation)
        p = np.clip(p, 1e-6, 1.0 - 1e-6)
        likely = labelled.share * np.log(p) + (1.0 - labelled.share) * np.log(1.0 - p)
        away = (log - np.log(_STRETCH)) / _STRETCH_SPREAD
        return 0.5 * float(away * away) - float(np.sum(labelled.weight * likely))

    found = minimize_scalar(loss, bounds=(np.log(0.25), np.log(16.0)), method="bounded")
    return float(np.exp(found.x))
