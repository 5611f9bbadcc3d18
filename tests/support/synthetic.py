"""A study with a known truth, written as Parquet parts by the schema."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

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
from tests.support.synthetic_signals import alarms, flags, predictions

_TYPES = {
    "int64": pa.int64(),
    "float64": pa.float64(),
    "float32": pa.float32(),
    "string": pa.string(),
}

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
    "width": {"kind": "fixed", "value": 64},
    "momentum": {"kind": "fixed", "value": 0.9},
}


RATE = {"learning_rate": SPACE["learning_rate"]}
"""One hyperparameter: its report takes less than half the time."""


@dataclass(frozen=True, kw_only=True)
class Tables:
    """The three tables of a study and its metadata."""

    trials: pd.DataFrame
    steps: pd.DataFrame
    layers: pd.DataFrame
    metadata: dict[str, object] = field(default_factory=dict)


def edge(depth: np.ndarray) -> np.ndarray:
    """Largest learning rate that trains at a depth: log10 lr + 0.05 depth < -0.5."""
    return 10.0 ** (-0.5 - 0.05 * depth)


def synthetic_tables(
    number: int = 512,
    *,
    seed: int = 0,
    study: str = "digits-mlp",
    space: dict[str, dict[str, object]] | None = None,
    verdict: str | None = None,
) -> Tables:
    """A study in which a trial is stable iff its learning rate is below `edge(depth)`.

    Half of the sigmoid trials of depth 16 or more vanish instead, rates below 1e-3 stall, and
    those less than half a decade above the edge oscillate half of the time. Theory predicts R
    but for the factor `ratio_noise`, is silent about gelu, and knows the edge of every second
    trial. Flags and alarms follow from verdict and number, see `synthetic_signals`.
    """
    rng = np.random.default_rng(seed)
    space = SPACE if space is None else space
    frame = pd.DataFrame(
        {
            "trial": np.arange(number),
            "configuration": np.arange(number),
            "seed": rng.integers(0, 2**31, number),
            "design": pd.Series([None] * number, dtype=object),
            "confirms": pd.Series([None] * number, dtype=object),
            **{name: _sample(rng, entry, number) for name, entry in space.items()},
        }
    )
    verdicts = _verdicts(rng, frame) if verdict is None else np.full(number, verdict)
    trials = _figures(rng, frame, verdicts)
    steps, layers = _series(rng, trials)
    metadata = {
        "schema_version": SCHEMA_VERSION,
        "study": study,
        "task": "digits",
        "network": "mlp",
        "hyperparameters": space,
        "thresholds": {"vanishing_ratio": 1e-3, "exploding_ratio": 70.0},
    }
    return Tables(trials=trials, steps=steps, layers=layers, metadata=metadata)


def write_study(
    home: Path,
    tables: Tables,
    *,
    parts: int = 3,
    name: str | None = None,
    without: Collection[str] = (),
) -> Path:
    """Writes the tables as parts, and MLflow run ids for all trials but the last.

    Columns `without` which studies of an earlier schema were written are left out of trials.
    """
    folder = home / "studies" / (name or str(tables.metadata["study"])) / "tables"
    space = [
        Column(name=key, type=_type(tables.trials[key]), unit="", meaning="")
        for key in tables.trials.columns
        if key in dict(tables.metadata["hyperparameters"])  # type: ignore[call-overload]
    ]
    columns = tuple(
        column
        for column in (*TRIAL_IDENTITY, *space, *TRIAL_LABELS, *TRIAL_FIGURES)
        if column.name not in without
    )
    numbers = tables.trials["trial"].to_numpy()
    for part, chosen in enumerate(np.array_split(numbers, parts)):
        for kind, frame, schema in (
            ("layers", tables.layers, LAYERS),
            ("steps", tables.steps, STEPS),
            ("trials", tables.trials, columns),
        ):
            write_part(
                folder / kind / f"part-{part:03d}.parquet",
                frame[frame["trial"].isin(chosen)],
                schema,
                tables.metadata,
            )
    runs = pd.DataFrame(
        {"trial": numbers[:-1], "mlflow_run_id": [f"run{n:029d}" for n in numbers[:-1]]}
    )
    schema = (TRIAL_IDENTITY[0], TRIAL_FIGURES[-1])
    write_part(folder / "runs" / "part-000.parquet", runs, schema, tables.metadata)
    return folder.parent


def write_part(
    path: Path,
    frame: pd.DataFrame,
    columns: tuple[Column, ...],
    metadata: dict[str, object],
) -> None:
    """One Parquet file of these columns, with the study's metadata."""
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = [
        pa.array(frame[column.name], type=_TYPES[column.type], from_pandas=True)
        for column in columns
    ]
    table = pa.table(arrays, names=[column.name for column in columns])
    pq.write_table(
        table.replace_schema_metadata({METADATA_KEY: json.dumps(metadata).encode()}), path
    )


def _type(values: pd.Series) -> str:
    if pd.api.types.is_integer_dtype(values):
        return "int64"
    return "float64" if pd.api.types.is_float_dtype(values) else "string"


def _sample(rng: np.random.Generator, entry: dict[str, object], number: int) -> object:
    if entry["kind"] == "fixed":
        return [entry["value"]] * number
    if entry["kind"] == "choice":
        choices = list(entry["choices"])  # type: ignore[call-overload]
        if all(not isinstance(one, str) or one == "none" for one in choices):
            choices = [np.inf if one == "none" else one for one in choices]
        return [choices[i] for i in rng.integers(0, len(choices), number)]
    low, high = float(str(entry["low"])), float(str(entry["high"]))
    if entry["log"]:
        return 10 ** rng.uniform(np.log10(low), np.log10(high), number)
    return rng.uniform(low, high, number)


def _verdicts(rng: np.random.Generator, frame: pd.DataFrame) -> np.ndarray:
    def column(name: str, default: object) -> np.ndarray:
        return frame[name].to_numpy() if name in frame else np.full(len(frame), default)

    depth, rate = column("depth", 8), column("learning_rate", 0.05)
    verdicts = np.where(rate < edge(depth), "stable", "exploding").astype(object)
    near = (rate >= edge(depth)) & (rate < 3 * edge(depth)) & (rng.random(len(frame)) < 0.5)
    verdicts[near] = "oscillating"
    verdicts[rate < 1e-3] = "stalled"
    deep = (column("activation", "relu") == "sigmoid") & (depth >= 16)
    verdicts[deep & (rng.random(len(frame)) < 0.5)] = "vanishing"
    return verdicts


_OUTCOMES = {
    "stable": "trained",
    "exploding": "nonfinite",
    "vanishing": "stalled",
    "oscillating": "oscillating",
    "stalled": "stalled",
}
_CAUSES = {
    "stable": "none",
    "exploding": "large_steps",
    "vanishing": "shrinking_through_depth",
    "oscillating": "large_steps",
    "stalled": "small_steps",
}
_FACTOR = {"stable": 0.95, "exploding": 1.7, "vanishing": 0.4, "oscillating": 1.1, "stalled": 0.9}


def _figures(rng: np.random.Generator, frame: pd.DataFrame, verdicts: np.ndarray) -> pd.DataFrame:
    number = len(frame)
    noise = 10 ** rng.normal(0, 0.1, number)
    depth = frame["depth"].to_numpy() if "depth" in frame else np.full(number, 8)
    factor = np.array([_FACTOR[verdict] for verdict in verdicts])
    exploding = verdicts == "exploding"
    values: dict[str, object] = {
        "outcome": [_OUTCOMES[verdict] for verdict in verdicts],
        "regime_initial": np.where(exploding, "exploding", "healthy"),
        "regime_final": np.where(verdicts == "vanishing", "vanishing", "healthy"),
        "verdict": verdicts,
        "cause": [_CAUSES[verdict] for verdict in verdicts],
        "explanation": [f"gradients change by {one:.2g} at every layer." for one in factor],
        "steps_run": np.where(exploding, 12, 200),
        "decided_step": np.nan,
        "failure_step": np.where(exploding, 12.0, np.nan),
        "failure_tensor": np.where(exploding, "loss", None),
        "failure_origin": np.where(exploding, "activation", None),
        "failure_detail": np.where(exploding, "layer 8 (hidden.7)", None),
        "rise_step": np.where(exploding, 9.0, np.nan),
        "loss_initial": 2.3 * noise,
        "loss_final": np.where(
            exploding, np.inf, np.where(verdicts == "stable", 0.1, 2.2) * noise
        ),
        "delta_ratio_initial": factor ** (depth - 1.0) * noise,
        "grad_norm_median": noise,
        "mlflow_run_id": None,
        **predictions(frame, ratio=factor ** (depth - 1.0), limit=edge(depth)),
        "flags": [flags(*pair) for pair in zip(frame["trial"], verdicts, strict=True)],
        "alarms": [alarms(*pair) for pair in zip(frame["trial"], verdicts, strict=True)],
        "edge_ratio": np.nan,
    }
    for column in (*TRIAL_LABELS, *TRIAL_FIGURES):
        unknown = None if column.type == "string" else noise
        frame[column.name] = values.get(
            column.name, unknown if column.name != "sharpness_initial" else np.nan
        )
    return frame


def _series(rng: np.random.Generator, trials: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    recorded = np.array([0, 1, 2, 3, 5, 8, 13, 22, 36, 60, 100, 199])
    steps, layers = [], []
    for row in trials.to_dict("records"):
        own = recorded[recorded < row["steps_run"]]
        decline = {"stable": 0.985, "exploding": 2.4, "vanishing": 0.9999, "stalled": 0.9995}
        loss = row["loss_initial"] * decline.get(row["verdict"], 1.0) ** own
        steps.append({"trial": row["trial"], "step": own, "loss": loss})
        last = int(row.get("depth", 8)) + 1
        layer, step = np.meshgrid(np.arange(1, last + 1), own)
        delta = 1e-2 * _FACTOR[row["verdict"]] ** (last - layer) * np.exp(-step / 150)
        layers.append(
            {
                "trial": row["trial"],
                "step": step.ravel(),
                "layer": layer.ravel(),
                "delta_rms": (delta * 10 ** rng.normal(0, 0.03, delta.shape)).ravel(),
            }
        )
    return _filled(steps, STEPS), _filled(layers, LAYERS)


def _filled(blocks: list[dict[str, object]], columns: tuple[Column, ...]) -> pd.DataFrame:
    frame = pd.concat([pd.DataFrame(block) for block in blocks], ignore_index=True)
    for column in columns:
        if column.name not in frame:
            frame[column.name] = 1.0
    if "layer" in frame:
        frame["name"] = "layers." + frame["layer"].astype(str)
        frame["role"] = "hidden"
        frame["nonfinite_count"] = 0
    return frame
