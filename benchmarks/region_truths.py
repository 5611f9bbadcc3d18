"""Synthetic studies whose probability of stable is known everywhere, for `safe_regions.py`
and `stability_model.py`.

Five truths over the seven hyperparameters of a study of multilayer perceptrons: windows of the
learning rate that move with depth, sharp corners, a gentle slope, a band of chance, and a ridge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import optuna
import pandas as pd
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from scipy.special import expit

from search_spaces.samplers import BoundarySampler
from search_spaces.samplers.cube import SobolDesign

Floats = NDArray[np.float64]

SPACE: dict[str, dict[str, object]] = {
    "depth": {"kind": "choice", "choices": [2, 4, 8, 16, 32]},
    "activation": {"kind": "choice", "choices": ["sigmoid", "tanh", "relu", "gelu", "selu"]},
    "initialization": {
        "kind": "choice",
        "choices": ["small_normal", "xavier_normal", "he_normal", "orthogonal"],
    },
    "learning_rate": {"kind": "range", "low": 1e-4, "high": 10.0, "log": True},
    "lr_decay": {"kind": "choice", "choices": ["constant", "exponential", "step", "cosine"]},
    "weight_decay": {"kind": "range", "low": 1e-6, "high": 0.1, "log": True},
    "clip_norm": {"kind": "choice", "choices": ["none", 0.1, 1.0, 10.0]},
}

BATCH = 32
"""Trials that a study of the boundary sampler has under way at a time."""


def axes() -> dict[str, BaseDistribution]:
    """Returns the space as Optuna's distributions."""
    found: dict[str, BaseDistribution] = {}
    for name, entry in SPACE.items():
        if entry["kind"] == "choice":
            found[name] = CategoricalDistribution(entry["choices"])  # type: ignore[arg-type]
        else:
            found[name] = FloatDistribution(entry["low"], entry["high"], log=True)  # type: ignore[arg-type]
    return found


def _by(frame: pd.DataFrame, name: str, **values: float) -> Floats:
    return frame[name].map(values).to_numpy(float)


def _clip(frame: pd.DataFrame, none: float, tenth: float, one: float, ten: float) -> Floats:
    return frame["clip_norm"].map({np.inf: none, 0.1: tenth, 1.0: one, 10.0: ten}).to_numpy(float)


def _numbers(frame: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    """Log10 of the learning rate, log2 of the depth, log10 of the weight decay."""
    rate = np.log10(frame["learning_rate"].to_numpy(float))
    return rate, np.log2(frame["depth"].to_numpy(float)), np.log10(frame["weight_decay"])


def window(frame: pd.DataFrame) -> Floats:
    """Upper and lower edge in the learning rate, and signal propagation, moved by all."""
    rate, depth, _ = _numbers(frame)
    high = 0.1 - 0.25 * (depth - 1) + _clip(frame, 0.0, 0.7, 0.4, 0.1)
    high += _by(frame, "activation", sigmoid=0.3, tanh=-0.2, relu=-0.1, gelu=0.0, selu=-0.4)
    start = {"small_normal": 0.3, "xavier_normal": 0.0, "he_normal": -0.2, "orthogonal": 0.1}
    high += 0.5 * _by(frame, "initialization", **start)
    low = -2.4 + 0.2 * (depth - 1) + _clip(frame, 0.0, 0.3, 0.1, 0.0)
    low += _by(frame, "activation", sigmoid=1.2, tanh=0.0, relu=0.2, gelu=0.3, selu=-0.2)
    low += _by(frame, "lr_decay", constant=0.0, exponential=0.15, step=0.1, cosine=0.05)
    signal = {"small_normal": -1.6, "xavier_normal": 0.5, "he_normal": 1.0, "orthogonal": 0.9}
    alive = _by(frame, "initialization", **signal) - 0.28 * (depth - 2)
    alive += _by(frame, "activation", sigmoid=-1.0, tanh=0.6, relu=0.2, gelu=-0.1, selu=0.5)
    return np.asarray(
        expit(7 * (high - rate)) * expit(6 * (rate - low)) * expit(4 * (alive + 0.4))
    )


def corner(frame: pd.DataFrame) -> Floats:
    """Sharp corners in rate and depth by activation; strong weight decay kills."""
    rate, depth, decay = _numbers(frame)
    activation, start = frame["activation"].to_numpy(), frame["initialization"].to_numpy()
    deepest = _by(frame, "activation", sigmoid=1.5, tanh=4.5, relu=3.5, gelu=2.5, selu=5.5)
    deepest = np.where(start == "small_normal", np.minimum(deepest, 1.5), deepest)
    weak = (start == "xavier_normal") & np.isin(activation, ["relu", "gelu"])
    deepest = np.where(weak, np.minimum(deepest, 2.5), deepest)
    high, low = _clip(frame, -0.5, 0.5, 0.0, 0.0), np.where(activation == "sigmoid", -1.0, -2.5)
    edges = [high - rate, rate - low, 0.7 * (deepest - depth), 0.8 * (-1.7 - decay)]
    return np.asarray(expit(25 * np.minimum.reduce(edges)))


def gentle(frame: pd.DataFrame) -> Floats:
    """Smooth and nearly additive."""
    rate, depth, decay = _numbers(frame)
    start = {"small_normal": -2.0, "xavier_normal": 0.3, "he_normal": 0.6, "orthogonal": 0.4}
    total = 0.9 - 1.3 * (rate + 1.3) ** 2 - 0.45 * (depth - 1) - 0.15 * (decay + 3.5)
    total += _by(frame, "activation", sigmoid=-1.8, tanh=0.5, relu=0.0, gelu=0.1, selu=0.6)
    total += _by(frame, "initialization", **start) + _clip(frame, -0.4, 0.4, 0.2, 0.0)
    return np.asarray(expit(total))


def noise(frame: pd.DataFrame) -> Floats:
    """Chance decides in a band; elsewhere sharp, by activation, initialization and depth."""
    rate, depth, _ = _numbers(frame)
    activation, start = frame["activation"].to_numpy(), frame["initialization"].to_numpy()
    smooth = np.isin(activation, ["tanh", "selu"]) & (start != "small_normal")
    rectified = np.isin(activation, ["relu", "gelu"]) & np.isin(start, ["he_normal", "orthogonal"])
    edge = -0.1 - 0.22 * (depth - 1) + _clip(frame, 0.0, 0.4, 0.4, 0.4)
    edge += np.where(activation == "gelu", 0.3, 0.0)
    sharp = expit(20 * (edge - rate)) * expit(15 * (rate + 2.3))
    chance = np.where((rate > edge - 0.3) & (rate < edge + 0.9), 0.45, sharp)
    within = np.where(rate > -2.3, chance, chance * sharp)
    return np.asarray(
        np.where(smooth | rectified, within, np.where(depth <= 1, within * 0.8, 0.01))
    )


def ridge(frame: pd.DataFrame) -> Floats:
    """Trains along a diagonal of rate and weight decay, wider with clipping; one island."""
    rate, depth, decay = _numbers(frame)
    across = rate + 1.0 + 0.5 * (decay + 3.5) + 0.15 * (depth - 3)
    width = 0.5 + _clip(frame, 0.0, 0.5, 0.3, 0.1)
    width += _by(frame, "activation", sigmoid=-0.3, tanh=0.2, relu=0.0, gelu=0.1, selu=0.1)
    along = expit(8 * (width - np.abs(across)))
    deep = np.isin(frame["initialization"], ["he_normal", "orthogonal"])
    reached = np.where(deep, 1.0, expit(4 * (3.2 - depth)))
    constant = frame["lr_decay"].to_numpy() == "constant"
    island = expit(6 * (0.4 - np.abs(rate - 0.5))) * (constant & (depth <= 2))
    return np.asarray(np.maximum(0.97 * along * reached, 0.9 * island))


TRUTHS: Mapping[str, Callable[[pd.DataFrame], Floats]] = {
    "window": window,
    "corner": corner,
    "gentle": gentle,
    "noise": noise,
    "ridge": ridge,
}


def configurations(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Returns configurations as a trials table has them: +inf where nothing is clipped."""
    frame = pd.DataFrame(rows)[list(SPACE)]
    frame["clip_norm"] = frame["clip_norm"].replace("none", np.inf).astype(float)
    frame.attrs = {"hyperparameters": SPACE}
    return frame


def uniform(number: int, *, seed: int) -> pd.DataFrame:
    """Returns configurations drawn independently from the space."""
    rng = np.random.default_rng(seed)
    drawn: dict[str, object] = {}
    for name, entry in SPACE.items():
        if entry["kind"] == "choice":
            listed = [np.inf if each == "none" else each for each in entry["choices"]]  # type: ignore[attr-defined]
            drawn[name] = np.asarray(listed)[rng.integers(0, len(listed), number)]
        else:
            ends = np.log10([entry["low"], entry["high"]])  # type: ignore[list-item]
            drawn[name] = 10 ** rng.uniform(*ends, number)
    frame = pd.DataFrame(drawn)
    frame.attrs = {"hyperparameters": SPACE}
    return frame


def study(truth: str, sampler: str, number: int, *, seed: int) -> pd.DataFrame:
    """Returns the trials of a study of one truth, one seed a configuration.

    Args:
        truth: Of `TRUTHS`.
        sampler: qmc or boundary.
        number: Trials.
        seed: Of the sampler and of chance.
    """
    rng = np.random.default_rng([seed, 7])
    if sampler == "qmc":
        design = SobolDesign(axes=axes(), seed=seed)
        frame = configurations([design.values(index) for index in range(number)])
        stable, designs = rng.random(number) < TRUTHS[truth](frame), None
    else:
        frame, stable, designs = _boundary(truth, number, seed, rng)
    frame.insert(0, "trial", np.arange(number))
    frame.insert(1, "configuration", np.arange(number))
    frame["design"] = designs
    frame["verdict"] = np.where(stable, "stable", "exploding")
    frame.attrs = {"hyperparameters": SPACE}
    return frame


def _boundary(
    truth: str, number: int, seed: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, NDArray[np.bool_], list[str]]:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = BoundarySampler(seed=seed, axes=axes())
    known = optuna.create_study(sampler=sampler)
    stable: list[bool] = []
    while len(stable) < number:
        asked = [known.ask(axes()) for _ in range(min(BATCH, number - len(stable)))]
        chances = TRUTHS[truth](configurations([trial.params for trial in asked]))
        for trial, good in zip(asked, rng.random(len(asked)) < chances, strict=True):
            trial.set_user_attr("verdict", "stable" if good else "exploding")
            known.tell(trial, float(good))
            stable.append(bool(good))
    frame = configurations([trial.params for trial in known.get_trials(deepcopy=False)])
    return frame, np.array(stable), [sampler.design(index) for index in range(number)]
