from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from search_spaces.stability_classifier import Axis, Encoder, features, fit_latent, latent
from search_spaces.stability_classifier.axes import NO_NAME
from search_spaces.stability_classifier.classifier import Counts
from search_spaces.stability_classifier.evidence import Labelled, _evidence
from search_spaces.stability_classifier.fitting import fit_classifier
from search_spaces.stability_classifier.kernel import kernel_of
from search_spaces.stability_classifier.latent import left_out

ENCODER = Encoder(
    (
        Axis(name="rate", knots=(1e-4, 1.0), log=True),
        Axis(name="depth", knots=(2.0, 4.0, 8.0), log=True, names=("none",)),
        Axis(name="activation", names=("tanh", "relu", "gelu"), optional=True),
    )
)


def some_settings(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return ENCODER.of_settings(
        [
            {
                "rate": float(10 ** rng.uniform(-4, 0)),
                "depth": [2, 4, 8, "none"][rng.integers(4)],
                **(
                    {"activation": ["tanh", "relu"][rng.integers(2)]} if rng.random() < 0.8 else {}
                ),
            }
            for _ in range(count)
        ]
    )


def test_values_of_every_kind_have_their_columns() -> None:
    rows = ENCODER.of_settings(
        [
            {"rate": 1e-2, "depth": 4, "activation": "relu"},
            {"rate": 10.0, "depth": "none"},
            {"rate": 1e-4, "depth": 2 * 2**0.5, "activation": "gelu"},
        ]
    )
    expected = [
        [0.5, 0.5, 0, 0, 1, 0, 0],
        [1.25, 1 + 1 / 3, 1, 0, 0, 0, 1],
        [0, 0.25, 0, 0, 0, 1, 0],
    ]
    assert rows == pytest.approx(np.array(expected))
    assert NO_NAME < 0


def test_evidence_and_its_derivative_agree_with_finite_differences() -> None:
    rng = np.random.default_rng(1)
    labelled = Labelled(
        columns=some_settings(25, 1),
        share=rng.choice([0.0, 0.5, 1.0], 25),
        weight=np.full(25, 2.0),
    )
    logs = rng.normal(0, 0.5, len(ENCODER.owner) + 3)

    def value(at: np.ndarray) -> float:
        start = None
        for _ in range(4):  # From its own mode on: its tolerance is coarser than a difference.
            found, _, start = _evidence(labelled, kernel_of(at, tuple(ENCODER.groups)), start)
        return found

    _, _, mode = _evidence(labelled, kernel_of(logs, tuple(ENCODER.groups)), None)
    for _ in range(4):
        _, slope, mode = _evidence(labelled, kernel_of(logs, tuple(ENCODER.groups)), mode)
    steps = 1e-4 * np.eye(len(logs))
    numeric = [(value(logs + step) - value(logs - step)) / 2e-4 for step in steps]
    assert slope == pytest.approx(np.array(numeric), rel=2e-3, abs=2e-4)


def test_with_all_settings_inducing_it_is_the_exact_gaussian_process() -> None:
    # Rasmussen and Williams, algorithm 3.2, written down from the book.
    rng = np.random.default_rng(2)
    columns, asked = some_settings(40, 2), some_settings(30, 3)
    y = (rng.random(40) < expit(6 * (columns[:, 0] - 0.5))).astype(float)
    kernel = kernel_of(np.log([0.8, 0.9, 1.5, 2, 2, 2, 2, 3.0, 5.0, 2.0]), tuple(ENCODER.groups))
    covariance = kernel(columns, columns) + 1e-4 * kernel.variance * np.eye(40)
    f = np.zeros(40)
    for _ in range(50):
        p = expit(f)
        w = p * (1 - p)
        f = covariance @ np.linalg.solve(np.eye(40) + w[:, None] * covariance, w * f + y - p)
    p = expit(f)
    cross = kernel(asked, columns)
    inner = np.linalg.inv(covariance + np.diag(1 / (p * (1 - p))))
    variance = kernel.variance - np.einsum("ij,jk,ik->i", cross, inner, cross)
    labelled = Labelled(columns=columns, share=y, weight=np.ones(40))
    mean, deviation = fit_latent(labelled, kernel, inducing=40, seed=0)(asked)
    assert mean == pytest.approx(cross @ (y - p), abs=0.02)
    # Directions of which trials say little are left out: never less uncertain than the exact one.
    assert deviation == pytest.approx(np.sqrt(variance), rel=0.02)


@pytest.mark.parametrize(("kind", "near"), [(np.float64, 1e-12), (np.float32, 1e-4)])
def test_tables_of_few_values_give_the_kernel_of_the_formula(kind: type, near: float) -> None:
    columns, points = some_settings(400, 5), some_settings(7, 6)
    lengths = np.linspace(0.4, 1.6, len(ENCODER.owner))
    kernel = kernel_of(np.array([*np.log(lengths), 0.7, 1.1, 0.2]), tuple(ENCODER.groups))
    found = kernel(columns.astype(kind), points)
    for index, point in enumerate(points):
        q = [np.sum(((columns - point) / lengths)[:, g] ** 2, axis=1) for g in ENCODER.groups]
        r = np.sqrt(5 * np.sum(q, axis=0))
        expected = np.exp(0.2) + np.exp(0.7) * np.mean([np.exp(-each / 8) for each in q], axis=0)
        expected += np.exp(1.1) * (1 + r + r**2 / 3) * np.exp(-r)
        assert found[:, index] == pytest.approx(expected, abs=near)
    assert found.dtype == kind


def test_what_is_left_out_is_told_by_the_others_alone() -> None:
    rng = np.random.default_rng(7)
    columns = some_settings(60, 7)
    share = (rng.random(60) < expit(8 * (columns[:, 0] - 0.5))).astype(float)
    kernel = kernel_of(np.log([0.8, 0.9, 1.5, 2, 2, 2, 2, 3.0, 5.0, 2.0]), tuple(ENCODER.groups))
    labelled = Labelled(columns=columns, share=share, weight=np.ones(60))
    whole = fit_latent(labelled, kernel, inducing=60, seed=0)
    known = rng.permutation(60)
    folds = [known[:20], known[20:40], known[40:]]
    mean, deviation = left_out(whole, labelled, known, folds)
    for fold, part in zip(folds, (slice(0, 20), slice(20, 40), slice(40, 60)), strict=True):
        others = np.setdiff1d(known, fold)
        again = fit_latent(labelled.of(others), kernel, inducing=40, seed=0)
        expected, spread = again(columns[fold])
        assert mean[part] == pytest.approx(expected, abs=0.05)
        assert deviation[part] == pytest.approx(spread, rel=0.05)


def test_many_settings_say_the_same_in_single_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(8)
    columns, asked = some_settings(3000, 8), some_settings(50, 9)
    share = (rng.random(3000) < expit(6 * (columns[:, 0] - 0.5))).astype(float)
    kernel = kernel_of(np.log([0.8, 0.9, 1.5, 2, 2, 2, 2, 3.0, 5.0, 2.0]), tuple(ENCODER.groups))
    labelled = Labelled(columns=columns, share=share, weight=np.ones(3000))
    single = fit_latent(labelled, kernel, inducing=80, seed=0)(asked)
    monkeypatch.setattr(features, "_FEW", 10**9)
    double = fit_latent(labelled, kernel, inducing=80, seed=0)(asked)
    assert single[0] == pytest.approx(double[0], abs=0.01)
    assert single[1] == pytest.approx(double[1], abs=0.01)


def test_of_very_many_settings_the_mode_is_that_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    # One step from the mode of a few, each counted for many, overshot: of a million trials the
    # model said less than of a hundred thousand.
    rng = np.random.default_rng(9)
    columns, asked = some_settings(6000, 10), some_settings(200, 11)
    share = (rng.random(6000) < expit(9 * (columns[:, 0] - 0.5))).astype(float)
    kernel = kernel_of(np.log([0.8, 0.9, 1.5, 2, 2, 2, 2, 3.0, 5.0, 2.0]), tuple(ENCODER.groups))
    labelled = Labelled(columns=columns, share=share, weight=np.ones(6000))
    converged = fit_latent(labelled, kernel, inducing=60, seed=0)
    monkeypatch.setattr(latent, "_CONVERGED_ON", 90)
    monkeypatch.setattr(latent, "_BEGUN_ON", 45)
    found = fit_latent(labelled, kernel, inducing=60, seed=0)
    near = expit(converged(asked)[0])
    assert expit(found(asked)[0]) == pytest.approx(near, abs=0.03)


def test_more_trials_of_a_setting_that_agree_count_less_where_settings_decide_alone() -> None:
    # Each setting has a coin of its own that decides all of its eight trials: eight of them say
    # hardly more than one, and the correlation is seen.
    rng = np.random.default_rng(3)
    columns = some_settings(150, 4)
    fate = (rng.random(150) < 0.5).astype(float)
    counts = Counts(columns=columns, trials={"stable": 8 * fate, "exploding": 8 * (1 - fate)})
    classifier, _ = fit_classifier(counts, ENCODER, first="stable")
    assert classifier.alike > 0.4
    independent = rng.binomial(8, 0.5, 150).astype(float)
    counts = Counts(columns=columns, trials={"stable": independent, "slow": 8 - independent})
    assert fit_classifier(counts, ENCODER, first="stable")[0].alike < 0.15
