"""How often the report's bands and intervals hold the truth, on studies whose truth is known.

Measures: over many simulated studies, how often the true boundary (all of it) lies in the 95 %
band of `boundary_band`; which share of the cells' true probabilities lies in the intervals of
`smoothed_regions`, against Wilson's of the raw counts; and which share of the true limits of the
learning rate lies in the intervals of `learning_rate_limits`.

    python benchmarks/report_coverage.py                       200 studies of each kind and size
    python benchmarks/report_coverage.py --studies 20 --kinds logistic,steep --sizes 200
    python benchmarks/report_coverage.py --json coverage.json  figures for scripts

Kinds of truth, all over learning rate (1e-4 to 10) and depth: logistic in log learning rate and
depth; steep, where a factor of 1.1 decides nearly everything; curved and corner, over a range of
depths, the second an L with a sharp corner; window, where small rates fail too; and nuisance,
where activation and clipping move the boundary, and the map averages over them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pandas as pd
from scipy.special import expit

from analysis import boundary_band, smooth_map, smoothed_regions
from analysis.maps.learning_rate_limits import window_limits

Floats = np.ndarray
SIZES = (200, 512, 2000)
DEPTHS = (2, 4, 8, 16, 32)
LEVELS: dict[str, object] = {"kind": "choice", "choices": list(DEPTHS)}
RANGE: dict[str, object] = {"kind": "range", "low": 2.0, "high": 64.0, "log": True}
RATES: dict[str, object] = {"kind": "range", "low": 1e-4, "high": 10.0, "log": True}
SHIFTS = {"sigmoid": -0.9, "tanh": -0.4, "relu": 0.0, "gelu": 0.3, "selu": 0.5}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A truth: the probability of stable by log10 learning rate and depth.

    Attributes:
        depth: What the study file would say of depth.
        chance: Probability, averaged over the nuisance hyperparameters.
        nuisance: Whether there are any; `_nuisance_chance` is then the probability given them.
    """

    depth: Mapping[str, object]
    chance: Callable[[Floats, Floats], Floats]
    nuisance: bool = False


def _nuisance_chance(rate: Floats, depth: Floats, shift: Floats, clip: Floats) -> Floats:
    return expit(15 * (-0.5 - 0.05 * depth + shift + clip - rate))


def _averaged(rate: Floats, depth: Floats) -> Floats:
    terms = [
        _nuisance_chance(rate, depth, np.asarray(shift), np.asarray(clip))
        for shift in SHIFTS.values()
        for clip in (0.0, 0.4)
    ]
    return np.mean(terms, axis=0)


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "logistic": Kind(
            depth=LEVELS, chance=lambda rate, depth: expit(4 * (-0.5 - 0.05 * depth - rate))
        ),
        "steep": Kind(
            depth=LEVELS, chance=lambda rate, depth: expit(60 * (-0.5 - 0.05 * depth - rate))
        ),
        "curved": Kind(
            depth=RANGE,
            chance=lambda rate, depth: expit(
                8 * (-0.3 - 0.175 * (np.log2(depth) - 1) ** 1.3 - rate)
            ),
        ),
        "corner": Kind(
            depth=RANGE,
            chance=lambda rate, depth: expit(
                10 * np.minimum(-1 - rate, 0.7 * (4 - np.log2(depth)))
            ),
        ),
        "window": Kind(
            depth=LEVELS,
            chance=lambda rate, depth: (
                expit(6 * (rate + 3)) * expit(5 * (0.2 - 0.04 * depth - rate))
            ),
        ),
        "nuisance": Kind(depth=LEVELS, chance=_averaged, nuisance=True),
    }
)


@dataclass(frozen=True, kw_only=True)
class Covered:
    """What one study's report held: shares of cells and limits, widths in decades.

    Attributes:
        band: Whether the whole boundary lies in the band.
        band_width: Mean width of the pieces around the boundary; infinite ends count to the
            end of what was tried.
        smoothed: Share of cells whose probability lies in the smoothed interval.
        smoothed_width: Mean width of these.
        raw: Share of the cells with trials whose probability lies in Wilson's interval.
        raw_width: Mean width of these.
        limits: Share of the limits by depth that lie in their interval.
    """

    band: bool
    band_width: float
    smoothed: float
    smoothed_width: float
    raw: float
    raw_width: float
    limits: float


def simulate(kind: Kind, number: int, rng: np.random.Generator) -> pd.DataFrame:
    """The trials table of one random study."""
    rate = rng.uniform(-4, 1, number)
    listed = kind.depth is LEVELS
    depth = rng.choice(DEPTHS, number) if listed else 2 * 32 ** rng.random(number)
    frame = pd.DataFrame({"trial": np.arange(number), "learning_rate": 10.0**rate, "depth": depth})
    space = {"learning_rate": RATES, "depth": dict(kind.depth)}
    if kind.nuisance:
        activation = rng.choice(list(SHIFTS), number)
        frame["activation"] = activation
        frame["clip_norm"] = rng.choice([1.0, np.inf], number)
        frame["weight_decay"] = 10 ** rng.uniform(-6, -1, number)
        shift = np.array([SHIFTS[name] for name in activation])
        clip = np.where(np.isinf(frame["clip_norm"]), 0.0, 0.4)
        chance = _nuisance_chance(rate, depth, shift, clip)
    else:
        chance = kind.chance(rate, depth)
    frame["verdict"] = np.where(rng.random(number) < chance, "stable", "exploding")
    frame.attrs = {"hyperparameters": space}
    return frame


def examine(kind: Kind, trials: pd.DataFrame) -> Covered:
    """What the report says of a study, against the truth."""
    fitted = smooth_map(trials, "learning_rate", "depth")
    band = boundary_band(trials, "learning_rate", "depth", fitted=fitted)
    held, widths = _band(kind, band)
    cells = smoothed_regions(trials, "learning_rate", "depth", fitted=fitted)
    truth = _cell_truth(kind, cells)
    # Probabilities are told in percent: a bound of 0.1 % holds a truth of 0.
    near = 0.001
    smoothed = (cells["smoothed_low"] - near <= truth) & (truth <= cells["smoothed_high"] + near)
    seen = cells["trials"] > 0
    raw = (cells["low"] - near <= truth) & (truth <= cells["high"] + near)
    return Covered(
        band=held,
        band_width=float(np.mean(widths)) if widths else float("nan"),
        smoothed=float(smoothed.mean()),
        smoothed_width=float((cells["smoothed_high"] - cells["smoothed_low"]).mean()),
        raw=float(raw[seen].mean()),
        raw_width=float((cells["high"] - cells["low"])[seen].mean()),
        limits=_limits(kind, fitted),
    )


def crossings(kind: Kind, depth: float) -> Floats:
    """True log10 learning rates at which half are stable, at a depth."""
    at = np.linspace(-4, 1, 20_001)
    inside = kind.chance(at, np.full(len(at), depth)) > 0.5
    return (at[:-1] + at[1:])[inside[:-1] != inside[1:]] / 2


def _band(kind: Kind, band: pd.DataFrame) -> tuple[bool, list[float]]:
    depths = DEPTHS if kind.depth is LEVELS else 2 * 32 ** np.linspace(0, 1, 25)
    held, widths = True, []
    for depth in depths:
        pieces = band[np.isclose(band["y_value"], depth)]
        for edge in crossings(kind, depth):
            around = pieces[(pieces["low"] <= 10**edge) & (10**edge <= pieces["high"])]
            held &= len(around) > 0
            ends = np.clip(around[["low", "high"]].to_numpy(dtype=float), 1e-4, 10.0)
            widths += np.log10(ends[:, 1] / ends[:, 0]).tolist()
    return held, widths


def _cell_truth(kind: Kind, cells: pd.DataFrame) -> Floats:
    """True probability of each cell, averaged over where its trials may lie."""
    part = (np.arange(40) + 0.5) / 40
    low, high = np.log10(cells["x_low"].to_numpy()), np.log10(cells["x_high"].to_numpy())
    rate = low[:, None] + (high - low)[:, None] * part
    below, above = np.log2(cells["y_low"].to_numpy()), np.log2(cells["y_high"].to_numpy())
    depth = 2 ** (below[:, None] + (above - below)[:, None] * part)
    chance = kind.chance(rate[:, :, None], depth[:, None, :])
    return chance.mean(axis=(1, 2))


def _limits(kind: Kind, fitted: object) -> float:
    """Share of the true limits, two a depth, that lie in their intervals."""
    depths = np.array(DEPTHS, dtype=float)
    found = window_limits(fitted, fitted.prior.y.position(depths), 0.95)  # type: ignore[attr-defined]
    held = []
    for place, depth in enumerate(depths):
        for name, truth in zip(("smallest", "largest"), _window(kind, depth), strict=True):
            held.append(found[f"{name}_low"][place] <= truth <= found[f"{name}_high"][place])
    return float(np.mean(held))


def _window(kind: Kind, depth: float) -> tuple[float, float]:
    """True limits at a depth: 0 and inf beyond what is tried, inf and 0 where there are none."""
    at = np.linspace(-4, 1, 20_001)
    inside = kind.chance(at, np.full(len(at), depth)) > 0.5
    if not inside.any():
        return np.inf, 0.0
    edges = 10 ** crossings(kind, depth)
    return 0.0 if inside[0] else edges[0], np.inf if inside[-1] else edges[-1]


def one_study(name: str, number: int, seed: int) -> Covered:
    """Simulates and examines the study of a seed."""
    kind = KINDS[name]
    rng = np.random.default_rng([seed, number, list(KINDS).index(name)])
    return examine(kind, simulate(kind, number, rng))


def _header() -> str:
    return (
        f"{'truth':10} {'trials':>6} {'band':>7} {'width':>6}   "
        f"{'cells smoothed':>16} {'cells raw':>16}   {'limits':>7} {'s/study':>8}"
    )


def coverage(
    name: str, number: int, studies: int, pool: ProcessPoolExecutor | None = None
) -> dict[str, object]:
    """Means over many studies of one kind and size."""
    start = time.perf_counter()
    arguments = [[name] * studies, [number] * studies, range(studies)]
    run = map if pool is None else pool.map
    found = pd.DataFrame([asdict(one) for one in run(one_study, *arguments)])
    seconds = (time.perf_counter() - start) / studies
    means = {str(key): float(value) for key, value in found.mean().items()}
    return {"truth": name, "trials": number, "studies": studies, **means, "seconds": seconds}


def _line(row: Mapping[str, object]) -> str:
    def percent(key: str) -> str:
        return f"{100 * float(str(row[key])):.1f}%"

    def width(key: str) -> str:
        return f"{float(str(row[key])):.2f}"

    return (
        f"{row['truth']:10} {row['trials']:>6} {percent('band'):>7} {width('band_width'):>6}   "
        f"{percent('smoothed') + ' +-' + width('smoothed_width'):>16} "
        f"{percent('raw') + ' +-' + width('raw_width'):>16}   {percent('limits'):>7} "
        f"{float(str(row['seconds'])):>8.2f}"
    )


def main() -> None:
    """Runs the studies and prints one line a kind and size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = []
    print(_header(), flush=True)
    with ProcessPoolExecutor(options.workers) as pool:
        for number in map(int, options.sizes.split(",")):
            for name in options.kinds.split(","):
                rows.append(coverage(name, number, options.studies, pool))
                print(_line(rows[-1]), flush=True)
    if options.json is not None:
        options.json.write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
