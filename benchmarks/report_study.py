"""A large synthetic study on disk, as the product writes one, for benchmarks/report.py.

The axes of digits-mlp, 200 steps, 13 of them recorded; cohorts of at most 64 trials that agree in
depth and activation, whose numbers lie scattered; three Parquet files a cohort, with every column
of the schema, magnitudes and precision (float32 values in float64 columns) of real ones. A trial
is stable below a learning rate that falls with depth, with noise. One cohort in a thousand has a
trial that another one has too, as a crash may leave it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from study.tables.encoding import parquet_options
from study.tables.schema import (
    LAYERS,
    METADATA_KEY,
    SCHEMA_VERSION,
    STEPS,
    TRIAL_FIGURES,
    TRIAL_IDENTITY,
    TRIAL_LABELS,
    Column,
)

COHORT = 64
AHEAD = 2048
DEPTHS = (2, 4, 8, 16, 32)
ACTIVATIONS = ("sigmoid", "tanh", "relu", "gelu", "selu")
CHOICES: Mapping[str, Sequence[object]] = {
    "depth": DEPTHS,
    "activation": ACTIVATIONS,
    "initialization": ("small_normal", "xavier_normal", "he_normal", "orthogonal"),
    "lr_decay": ("constant", "exponential", "step", "cosine"),
    "clip_norm": (np.inf, 0.1, 1.0, 10.0),
}
RANGES = {"learning_rate": (1e-4, 10.0), "weight_decay": (1e-6, 0.1)}
FIXED: Mapping[str, object] = {"width": 64, "batch_size": 64, "optimizer": "sgd", "momentum": 0.9}
RECORDED = np.array([0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 199])
OUTCOMES = {
    "stable": "trained",
    "exploding": "nonfinite",
    "vanishing": "stalled",
    "oscillating": "oscillating",
    "stalled": "stalled",
}
FACTOR = {"stable": 0.97, "exploding": 1.5, "vanishing": 0.5, "oscillating": 1.1, "stalled": 0.9}
ARROW = {"int64": pa.int64(), "float64": pa.float64(), "string": pa.string()}


def write_study(
    home: Path,
    name: str,
    number: int,
    *,
    recorded: int = len(RECORDED),
    seed: int = 0,
    workers: int = 2,
) -> Path:
    """Writes a study of so many trials; gives its folder.

    Args:
        home: The home folder.
        name: Of the study.
        number: Of trials.
        recorded: Steps of each trial that are recorded, at most; fewer make a smaller study.
        seed: Of everything.
        workers: Processes that write.
    """
    trials = _trials(number, np.random.default_rng(seed), name)
    folder = home / "studies" / name
    for table in ("trials", "steps", "layers", "runs"):
        (folder / "tables" / table).mkdir(parents=True, exist_ok=True)
    jobs = (
        (folder, name, f"{place:08d}", recorded, trials.loc[rows])
        for place, rows in enumerate(_cohorts(trials))
    )
    with ProcessPoolExecutor(workers) as pool:
        for _ in pool.map(_write_cohort, jobs, chunksize=16):
            pass
    return folder


def _cohorts(trials: pd.DataFrame) -> Iterator[np.ndarray]:
    for number, start in enumerate(range(0, len(trials), AHEAD)):
        window = trials.iloc[start : start + AHEAD]
        for _, group in window.groupby(["depth", "activation"], sort=False):
            for first in range(0, len(group), COHORT):
                rows = group.index.to_numpy()[first : first + COHORT]
                again = [start - 1] if start and first == 0 and number % 40 == 1 else []
                yield np.concatenate([again, rows]).astype(int)


def _trials(number: int, rng: np.random.Generator, study: str) -> pd.DataFrame:
    frame = pd.DataFrame({"trial": np.arange(number), "configuration": np.arange(number)})
    frame["seed"] = rng.integers(0, 2**31, number)
    frame["design"] = None
    for name, choices in CHOICES.items():
        frame[name] = np.array(choices)[rng.integers(0, len(choices), number)]
    for name, (low, high) in RANGES.items():
        frame[name] = 10 ** rng.uniform(np.log10(low), np.log10(high), number)
    for name, value in FIXED.items():
        frame[name] = value
    verdict = _verdicts(frame, rng)
    frame["verdict"] = verdict
    frame["outcome"] = pd.Series(verdict).map(OUTCOMES)
    return _figures(frame, rng)


def _verdicts(frame: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    rate, depth = frame["learning_rate"].to_numpy(), frame["depth"].to_numpy()
    margin = np.log10(rate) + 0.5 + 0.05 * depth + 0.3 * rng.logistic(size=len(frame))
    verdict = np.where(margin < 0, "stable", "exploding").astype(object)
    verdict[(margin > 0) & (margin < 0.3) & (rng.random(len(frame)) < 0.5)] = "oscillating"
    verdict[np.log10(rate) + 0.3 * rng.logistic(size=len(frame)) < -3] = "stalled"
    lost = (frame["activation"] == "sigmoid").to_numpy() & (depth >= 8)
    verdict[lost & (rng.random(len(frame)) < 0.8)] = "vanishing"
    return verdict


def _figures(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    number, verdict = len(frame), frame["verdict"]
    noise = 10 ** rng.normal(0, 0.3, (number, 8))
    ratio = verdict.map(FACTOR) ** (frame["depth"] - 1.0)
    broken = (verdict == "exploding").to_numpy()
    regime = np.where(ratio < 1e-3, "vanishing", np.where(ratio > 70, "exploding", "healthy"))
    values: dict[str, object] = {
        "regime_initial": regime,
        "regime_final": regime,
        "predicted_regime": np.where(noise[:, 0] < 3, regime, "healthy"),
        "flags": np.where(noise[:, 1] > 2, "clip_dominated,dead_layer", ""),
        "alarms": np.where(broken, "autotrainer.exploding_gradient,fractal.not_converged", ""),
        "explanation": [
            f"Gradients change by {factor:.2f} at every layer (R = {one:.3g}): {name}."
            for factor, one, name in zip(verdict.map(FACTOR), ratio, verdict, strict=True)
        ],
        "steps_run": np.where(broken, 13, 200),
        "failure_step": np.where(broken, 12.0, np.nan),
        "failure_tensor": np.where(broken, "gradient:hidden_1.weight", None),
        "rise_step": np.where(broken, 9.0, np.nan),
        "loss_initial": 2.3 * noise[:, 2],
        "loss_final": np.where(broken, np.inf, np.where(verdict == "stable", 0.1, 2.2)),
        "metric_target": 0.95,
        "metric_ceiling": 1.0,
        "metric_chance": 0.1,
        "loss_chance": 2.3,
        "delta_ratio_initial": ratio * noise[:, 3],
        "predicted_ratio": np.where(frame["activation"] == "gelu", np.nan, ratio),
        "sharpness_initial": np.nan,
        "edge_ratio": np.nan,
        "predicted_max_learning_rate": np.nan,
    }
    for place, column in enumerate((*TRIAL_LABELS, *TRIAL_FIGURES)):
        if column.name not in frame:
            default = noise[:, place % 8] if column.type.startswith("float") else None
            frame[column.name] = values.get(column.name, default)
    frame["mlflow_run_id"] = [f"{one:032x}" for one in range(number)]
    return frame


def _write_cohort(job: tuple[Path, str, str, int, pd.DataFrame]) -> None:
    folder, study, name, recorded, trials = job
    rng = np.random.default_rng(int(name))
    metadata = {METADATA_KEY: json.dumps(_metadata(study)).encode()}
    hyperparameters = [
        Column(name=one, type=_type(trials[one]), unit="", meaning="")
        for one in (*CHOICES, *RANGES, *FIXED)
    ]
    ran = trials["steps_run"].to_numpy()[:, None] > RECORDED[:recorded]
    place, position = np.nonzero(ran)
    numbers, layers = trials["trial"].to_numpy(), int(trials["depth"].iloc[0]) + 1
    rows = len(place)
    steps = {"trial": numbers[place], "step": RECORDED[position]}
    many = {
        "trial": np.repeat(steps["trial"], layers),
        "step": np.repeat(steps["step"], layers),
        "layer": np.tile(np.arange(1, layers + 1), rows),
        "calls": np.ones(rows * layers, int),
        "weight_count": np.full(rows * layers, 4096),
        "nonfinite_count": np.zeros(rows * layers, int),
        "name": np.tile([f"hidden_{one}" for one in range(1, layers + 1)], rows),
        "role": np.tile(["hidden"] * (layers - 1) + ["output"], rows),
        "delta_rms": _delta(trials, place, layers, rng),
        "zero_fraction": np.zeros(rows * layers),
        "dead_fraction": np.zeros(rows * layers),
    }
    unmeasured = {name: np.full(rows, np.nan) for name in ("noise_scale", "sharpness")}
    many["delta_rms_first_call"] = many["delta_rms_last_call"] = many["delta_rms"]
    for table, columns, values in (
        ("layers", LAYERS, many),
        ("steps", STEPS, steps | unmeasured | {"clip_factor": np.ones(rows)}),
        ("trials", (*TRIAL_IDENTITY, *hyperparameters, *TRIAL_LABELS, *TRIAL_FIGURES), trials),
    ):
        length = len(values["trial"])
        arrays = [
            pa.array(
                values[one.name] if one.name in values else _other(one, rng, length),
                type=ARROW[one.type],
                from_pandas=True,
            )
            for one in columns
        ]
        whole = pa.table(arrays, names=[one.name for one in columns])
        path = folder / "tables" / table / f"part-{name}.parquet"
        whole = whole.replace_schema_metadata(metadata)
        pq.write_table(whole, path, **parquet_options(whole.schema))


def _delta(
    trials: pd.DataFrame, place: np.ndarray, layers: int, rng: np.random.Generator
) -> np.ndarray:
    factor = trials["verdict"].map(FACTOR).to_numpy()[place][:, None]
    power = factor ** np.arange(layers - 1, -1, -1)
    return (0.01 * power * rng.lognormal(0, 0.1, power.shape)).astype("f4").astype("f8").ravel()


def _other(column: Column, rng: np.random.Generator, length: int) -> object:
    return _measured(rng, length) if column.type.startswith("float") else [None] * length


def _measured(rng: np.random.Generator, length: int) -> np.ndarray:
    return rng.lognormal(0, 1, length).astype("f4").astype("f8")


def _metadata(study: str) -> dict[str, object]:
    space: dict[str, object] = {
        name: {"kind": "choice", "choices": ["none" if one == np.inf else one for one in choices]}
        for name, choices in CHOICES.items()
    }
    space |= {
        name: {"kind": "range", "low": low, "high": high, "log": True}
        for name, (low, high) in RANGES.items()
    }
    space |= {name: {"kind": "fixed", "value": value} for name, value in FIXED.items()}
    return {
        "schema_version": SCHEMA_VERSION,
        "study": study,
        "task": "digits",
        "network": "mlp",
        "metric": "accuracy",
        "hyperparameters": space,
        "thresholds": {"vanishing_ratio": 1e-3, "exploding_ratio": 70.0},
    }


def _type(values: pd.Series) -> str:
    if pd.api.types.is_integer_dtype(values):
        return "int64"
    return "float64" if pd.api.types.is_float_dtype(values) else "string"
