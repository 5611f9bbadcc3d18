"""How near the stability model is to the truth, by the sampler that placed the trials.

Measures, on synthetic studies whose truth is known everywhere (`region_truths.py`): root mean
square error of the probability of stable at uniform configurations, of a conditional map (learning
rate by depth at activation tanh, initialization he_normal) and of the average map of the two, each
with the share of the truth that 95 % intervals hold; and whether the recommended region keeps its
bound; how near importance is to the true total effects, and how many of these, and of the true
limits of the learning rate by depth, 95 % intervals hold. On spaces of trained networks
(`boundary_spaces.py`): Brier score and area under the ROC curve on held-out trials, and how far
what was said is from what came, by tenth (`reliability.py`).

    python benchmarks/stability_model.py                        40 studies of each of five truths
    python benchmarks/stability_model.py --studies 4 --truths window,corner --no-pools
    python benchmarks/stability_model.py --studies 0 --pools digits-mlp --cache pools --trials 4096
    python benchmarks/stability_model.py --rows studies.jsonl    goes on where it was broken off

Trials of the networks are trained by the product in this process and kept as Parquet in --cache.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping
from itertools import product
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pandas as pd

from analysis import (
    learning_rate_limits,
    safe_regions,
    smooth_map,
    smoothed_regions,
    stability_model,
    uniform_trials,
)
from analysis.importance.total_effects import importances
from analysis.safe_regions.box import inside_box
from analysis.stability_model.averages import averaged_map
from benchmarks.boundary_spaces import as_trials, labelled_spaces, pool
from benchmarks.region_truths import SPACE, TRUTHS, study, uniform
from benchmarks.reliability import reliability

X, Y = "learning_rate", "depth"
CHOSEN = {"activation": "tanh", "initialization": "he_normal"}
DESIGNS = (("qmc", 512), ("qmc", 1024), ("boundary", 512))
BINS = 10
NEAR = 0.001
"""Probabilities are told in percent: a bound of 0.1 % holds a truth of 0."""


def cell_truth(truth: str, cells: pd.DataFrame, where: Mapping[str, str]) -> np.ndarray:
    """The true probability of each cell, over 2,000 configurations in it."""
    rng, found = np.random.default_rng(0), []
    for row in cells.itertuples():
        inside = uniform(2000, seed=5).assign(**where)
        inside[X] = np.exp(rng.uniform(np.log(row.x_low), np.log(row.x_high), len(inside)))
        inside[Y] = int(row.y_low)
        found.append(TRUTHS[truth](inside).mean())
    return np.array(found)


def true_importance(truth: str) -> pd.Series:
    """The true total effects, of 60,000 exchanges."""
    one, other = uniform(60_000, seed=91), uniform(60_000, seed=92)
    before = TRUTHS[truth](one)
    parts = {
        name: np.mean((before - TRUTHS[truth](one.assign(**{name: other[name]}))) ** 2) / 2
        for name in SPACE
    }
    return pd.Series(parts) / (before.mean() * (1 - before.mean()))


def true_limits(truth: str, depth: int) -> tuple[float, float]:
    """Between which rates at least half is stable, as `learning_rate_limits` says it."""
    some = uniform(2000, seed=93).assign(depth=depth)
    rates = np.logspace(-4, 1, 201)
    share = np.array([TRUTHS[truth](some.assign(learning_rate=rate)).mean() for rate in rates])
    best = int(share.argmax())
    if share[best] <= 0.5:
        return np.inf, 0.0
    above, below = np.flatnonzero(share[best:] < 0.5), np.flatnonzero(share[:best] < 0.5)
    low = 0.0 if not len(below) else float(rates[below[-1]])
    return low, np.inf if not len(above) else float(rates[best + above[0]])


def held_limits(truth: str, limits: pd.DataFrame, known: dict) -> float:
    """The share of true limits in their intervals; a step of the truth's grid counts as inside."""
    held = []
    for row in limits[limits["by"] == "depth"].to_dict("records"):
        depth = int(row["value"])
        if ("limits", depth) not in known:
            known["limits", depth] = true_limits(truth, depth)
        for name, true in zip(("smallest", "largest"), known["limits", depth], strict=True):
            held.append(row[f"{name}_low"] <= true * 1.06 and true <= row[f"{name}_high"] * 1.06)
    return float(np.mean(held))


def errors(said: pd.DataFrame, names: tuple[str, str, str], truth: np.ndarray) -> tuple:
    """Root mean square error of what was said, and the share of the truth in its intervals."""
    mean, low, high = (said[name].to_numpy() for name in names)
    held = (low - NEAR <= truth) & (truth <= high + NEAR)
    return float(np.sqrt(np.mean((mean - truth) ** 2))), float(held.mean())


def examine(truth: str, sampler: str, number: int, seed: int, known: dict) -> dict[str, float]:
    """Figures of one study."""
    trials = study(truth, sampler, number, seed=seed)
    start = time.process_time()
    model = stability_model(trials)
    row: dict[str, float] = {"fit_s": time.process_time() - start}
    asked = uniform(4000, seed=seed + 10_000)
    row["single"], row["single_held"] = errors(
        model.predict(asked), ("stable", "stable_lower", "stable_upper"), TRUTHS[truth](asked)
    )
    smoothed = ("smoothed", "smoothed_low", "smoothed_high")
    for name, where in (("conditional", CHOSEN), ("average", {})):
        modelled = bool(where) or sampler == "boundary"
        fitted = averaged_map(model, X, Y, where=where) if modelled else smooth_map(trials, X, Y)
        cells = smoothed_regions(trials, X, Y, where=where, fitted=fitted, bins=BINS)
        if name not in known:
            known[name] = cell_truth(truth, cells, where)
        row[name], row[f"{name}_held"] = errors(cells, smoothed, known[name])
    single = importances(trials, model=model).single.set_index("x")
    if "importance" not in known:
        known["importance"] = true_importance(truth)
    row["importance"], row["importance_held"] = errors(
        single, ("importance", "low", "high"), known["importance"][single.index].to_numpy()
    )
    by_model = model if sampler == "boundary" else None
    limits = learning_rate_limits(trials, ["depth"], model=by_model)
    row["limits_held"] = held_limits(truth, limits, known)
    found = safe_regions(trials, model=model)
    row["found"] = float(len(found) > 0)
    if len(found):
        fresh = uniform(20_000, seed=seed + 20_000)
        within = inside_box(fresh, json.loads(found["where"].iloc[0]))
        row["kept"] = float(TRUTHS[truth](fresh[within]).mean() >= found["low"].iloc[0])
    row["even"] = len(uniform_trials(trials)) / len(trials)
    return row


def read_rows(file: Path | None) -> dict[tuple[str, str, int], dict[str, float]]:
    """Reads the figures of studies by truth, design and seed."""
    if file is None or not file.exists():
        return {}
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    return {(row.pop("truth"), row.pop("design"), row.pop("seed")): row for row in rows}


def write_row(file: Path | None, row: dict[str, object]) -> None:
    """Adds the figures of a study."""
    if file is not None:
        with file.open("a") as lines:
            lines.write(json.dumps(row) + "\n")


def print_means(rows: dict[tuple[str, str, int], dict[str, float]]) -> None:
    """Prints means of the figures by truth and design, then by design."""
    table = pd.DataFrame(rows.values())
    table.index = pd.MultiIndex.from_tuples(rows, names=["truth", "design", "seed"])
    for by in (["truth", "design"], ["design"]):
        for key, some in table.groupby(level=by, sort=False):
            means = " ".join(f"{name} {value:.3f}" for name, value in some.mean().items())
            print(f"{' '.join(key):22} {len(some):4} studies: {means}", flush=True)


def pools(names: list[str], trials: int, cache: Path) -> None:
    """Prints figures of the spaces of trained networks."""
    from sklearn.metrics import roc_auc_score

    print(
        f"\n{'space':14} {'trials':>6} {'Brier':>7} {'share':>7} {'AUC':>6} "
        f"{'worst tenth':>11} {'by chance':>9} {'beyond':>6}"
    )
    for name in names:
        space = labelled_spaces()[name]
        table = pool(space, design="random", seed=1000, trials=trials, cache=cache)
        table = as_trials(table, space)
        half = len(table) // 2
        held, came = table.iloc[half:], (table["verdict"].iloc[half:] == "stable").to_numpy()
        for number in [each for each in (256, 512, 1024) if each <= half]:
            some = table.head(number).copy()
            some.attrs = table.attrs
            said = stability_model(some).predict(held.drop(columns="verdict"))["stable"].to_numpy()
            brier, share = np.mean((said - came) ** 2), came.mean() * (1 - came.mean())
            off = reliability(said, came)
            print(
                f"{name:14} {number:6} {brier:7.4f} {share:7.4f} {roc_auc_score(came, said):6.3f} "
                f"{off.worst:11.3f} {off.worst_by_chance:9.3f} {off.beyond_chance:6.3f}",
                flush=True,
            )


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=40, help="of each truth")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--rows", type=Path, help="file of figures by study; those are not redone")
    parser.add_argument("--designs", default=",".join(f"{s}:{n}" for s, n in DESIGNS))
    parser.add_argument("--truths", default=",".join(TRUTHS))
    parser.add_argument("--pools", default=",".join(labelled_spaces()))
    parser.add_argument("--no-pools", action="store_true")
    parser.add_argument("--trials", type=int, default=5120, help="of each pool")
    parser.add_argument("--cache", type=Path, default=Path("stability-pools"))
    asked = parser.parse_args()
    truths, designs = asked.truths.split(","), asked.designs.split(",")
    rows = read_rows(asked.rows)
    known: dict[str, dict] = {truth: {} for truth in truths}
    # All truths of a seed before the next seed: a run that is ended early is of all of them.
    for seed in range(asked.first_seed, asked.first_seed + asked.studies):
        for truth, design in product(truths, designs):
            if (truth, design, seed) not in rows:
                sampler, number = design.split(":")
                row = examine(truth, sampler, int(number), seed, known[truth])
                rows[truth, design, seed] = row
                write_row(asked.rows, {"truth": truth, "design": design, "seed": seed, **row})
    if rows:
        print_means(rows)
    if not asked.no_pools:
        pools(asked.pools.split(","), asked.trials, asked.cache)


if __name__ == "__main__":
    main()
