"""Carries maps of small networks to 16 times their width, and draws docs/scaling.md's figures.

    python benchmarks/scaling.py --home scaling-home --images docs/images

An MLP under the standard parametrization and under mup, and a transformer under mup: four small
widths are mapped, then 8 and 16 times the largest tried where the edge may be, by the code of
`gradscape run`.
Prints the exponent of the edge, and for each larger size the edge that was predicted from the
mapped ones alone, before it was trained, beside the measured one. Then a coordinate check.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pandas as pd

from analysis import load_trials
from analysis.figures import coordinate_check as coordinate_figure
from analysis.figures import edge_scaling as edge_figure
from analysis.maps.edge_scaling import EdgeScaling, edge_scaling, edge_window
from analysis.report.files.browser import FigureBrowser
from analysis.report.files.images import on_white
from study import StudyConfig, run_study
from study.dispatch import InProcessDispatcher
from study.engine import NETWORKS, TASKS
from study.engine.parametrizations.coordinates import coordinate_check
from study.run.scaling import run_scaled
from study.tracking.null_tracker import NullTracker

_MLP: dict[str, Any] = {
    "task": "teacher",
    "network": "mlp",
    "hyperparameters": {
        "depth": 2,
        "activation": "relu",
        "initialization": "he_normal",
        "optimizer": "adam",
        "width": [16, 32, 64, 128],
        "batch_size": 64,
    },
    "steps": 60,
    "trials": 160,
    "scaling": {"axis": "width", "sizes": [1024, 2048], "trials": 24, "refine": 24},
}
_MUP = {"parametrization": "mup", "base_width": 32}
_RATES = {"low": 1e-3, "high": 3.0, "log": True}

STUDIES: dict[str, dict[str, Any]] = {
    "mlp-standard": {
        **_MLP,
        "hyperparameters": {**_MLP["hyperparameters"], "learning_rate": _RATES},
    },
    "mlp-mup": {
        **_MLP,
        "hyperparameters": {**_MLP["hyperparameters"], **_MUP, "learning_rate": _RATES},
    },
    "transformer-mup": {
        "task": "digits",
        "network": "transformer",
        "hyperparameters": {
            "depth": 1,
            "heads": 2,
            "activation": "gelu",
            "optimizer": "adam",
            "width": [8, 16, 32, 64],
            "batch_size": 32,
            **_MUP,
            "learning_rate": _RATES,
        },
        "steps": 40,
        "trials": 160,
        "scaling": {"axis": "width", "sizes": [512, 1024], "trials": 24, "refine": 24},
    },
}


def scaled(name: str, home: Path) -> EdgeScaling:
    """Runs one of STUDIES, or what is left of it, and prints what it says."""
    began, cpu = time.perf_counter(), time.process_time()
    config = StudyConfig(study=name, statistics="minimal", **STUDIES[name])
    run = partial(
        run_study,
        home=home,
        dispatcher=InProcessDispatcher(),
        open_tracker=lambda config, paths: NullTracker(),
    )
    read = partial(load_trials, name, home=home)

    def read_if_any() -> pd.DataFrame:
        return read() if (home / "studies" / name / "tables").is_dir() else pd.DataFrame()

    run_scaled(config, lambda each, last: run(each), read_if_any, edge_window)
    trials = read()
    found = edge_scaling(trials, "width")
    mapped = trials[trials["width"] <= max(STUDIES[name]["hyperparameters"]["width"])]
    from_mapped = edge_scaling(mapped, "width")
    print(f"\n{name}: {time.perf_counter() - began:.0f} s, {time.process_time() - cpu:.0f} CPU s")
    print(found.sizes.to_string(index=False, float_format=lambda number: f"{number:.3g}"))
    print(
        f"exponent {found.exponent:.2f} ({found.low:.2f} to {found.high:.2f}); from the map alone"
    )
    print(f"  {from_mapped.exponent:.2f} ({from_mapped.low:.2f} to {from_mapped.high:.2f})")
    edges = found.sizes.dropna()
    for size, edge in zip(edges["size"].tolist(), edges["edge"].tolist(), strict=True):
        if size > mapped["width"].max():
            said = from_mapped.predict(size)
            print(
                f"width {size:g}: predicted {said.edge:.3g} ({said.low:.3g} to {said.high:.3g}), "
                f"measured {edge:.3g}: factor {max(said.edge / edge, edge / said.edge):.2f}"
            )
    if found.held_out is not None:
        held = found.held_out
        print(
            f"largest from all others: {held.predicted.edge:.3g}, measured "
            f"{held.measured.edge:.3g}, factor {held.factor:.2f}, "
            f"{'wrong' if held.wrong else 'right'}"
        )
    return found


def coordinates(parametrization: str) -> pd.DataFrame:
    """Checks an MLP's coordinates over widths 64 to 1,024."""
    values = {
        **{"depth": 3, "activation": "relu", "initialization": "he_normal", "optimizer": "adam"},
        **{"learning_rate": 0.01, "batch_size": 64},
        **{"parametrization": parametrization, "base_width": 64},
    }
    rows = coordinate_check(
        values,
        task=TASKS["digits"](),
        network=NETWORKS["mlp"],
        widths=(64, 128, 256, 512, 1024),
    )
    return pd.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--home", type=Path, default=Path("scaling-home"))
    parser.add_argument("--images", type=Path, help="folder for the figures")
    parser.add_argument("--only", choices=STUDIES, nargs="*", default=list(STUDIES))
    arguments = parser.parse_args()
    figures = {
        f"scaling-{name}": edge_figure(scaled(name, arguments.home)) for name in arguments.only
    }
    for name in ("standard", "mup"):
        rows = coordinates(name)
        last = rows[rows["step"] == rows["step"].max()]
        table = last.pivot_table(index="name", columns="width", values="change_rms")
        print(f"\nchange of pre-activations in 4 steps, {name}\n{table.round(2).to_string()}")
        figures[f"coordinates-{name}"] = coordinate_figure(rows)
    if arguments.images is not None:
        with FigureBrowser() as browser:
            for name, figure in figures.items():
                drawn = browser.draw(on_white(figure)).svg
                (arguments.images / f"{name}.svg").write_text(drawn, encoding="utf-8")
        print(json.dumps(sorted(figures)))


if __name__ == "__main__":
    main()
