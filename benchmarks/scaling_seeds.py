"""What more trials near the edge do to predictions of it: `refine` of docs/scaling.md, by seed.

    python benchmarks/scaling_seeds.py 7 8 9 10 11 12

Maps the two MLPs of scaling.py at widths 16, 32 and 64 with each seed: by 120 trials, with 24 more
trials at each width near its edge, and with as many more spread over all learning rates. Prints
the edges, the exponent with its interval, and by which factor the predictions at 512 and 1,024
differ from edges that were measured there.
"""

from __future__ import annotations

import os
import sys
import tempfile
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pandas as pd
from scaling import STUDIES

from analysis import load_trials
from analysis.maps.edge_scaling import edge_scaling, edge_window
from study import StudyConfig, run_study
from study.dispatch import InProcessDispatcher
from study.tracking.null_tracker import NullTracker

MEASURED = {
    "mlp-mup": {512: 0.468, 1024: 0.679},
    "mlp-standard": {512: 0.053, 1024: 0.032},
}
"""Edges from 24 trials each around them, at the end of a map of widths 16, 32 and 64."""

WIDTHS, TRIALS = [16, 32, 64], 120

REFINE = 24


def trained(home: Path, name: str, base: dict[str, object], **changes: object) -> pd.DataFrame:
    config = StudyConfig(study=name, statistics="minimal", **{**base, **changes})
    run_study(
        config,
        home=home,
        dispatcher=InProcessDispatcher(),
        open_tracker=lambda config, paths: NullTracker(),
    )
    return load_trials(name, home=home)


def compared(home: Path, base: dict[str, object], seed: int) -> dict[str, pd.DataFrame]:
    """The map's trials, with more at each width's edge, and with as many more spread evenly."""
    run = partial(trained, home, base={**base, "seed": seed})
    mapped = run("map")
    parts = [mapped]
    for width, own in mapped.groupby("width"):
        window = edge_window(own, "width", int(str(width)))
        assert window is not None
        rates = {"low": window[0], "high": window[1], "log": True}
        narrowed = {**base["hyperparameters"], "width": int(str(width)), "learning_rate": rates}
        parts.append(run(f"width-{width}", hyperparameters=narrowed, trials=REFINE))
    whole = pd.concat(parts, ignore_index=True)
    return {"map": mapped, "refined": whole, "spread": run("spread", trials=len(whole))}


def main() -> None:
    for seed in map(int, sys.argv[1:]):
        for name, measured in MEASURED.items():
            base = {key: value for key, value in STUDIES[name].items() if key != "scaling"}
            base["hyperparameters"] = {**base["hyperparameters"], "width": WIDTHS}
            base["trials"] = TRIALS
            with tempfile.TemporaryDirectory() as home:
                tables = compared(Path(home), base, seed)
            for what, trials in tables.items():
                found = edge_scaling(trials, "width")
                edges = ", ".join(f"{edge:.3g}" for edge in found.sizes["edge"])
                factors = []
                for size, edge in measured.items():
                    said = found.predict(size).edge
                    factors.append(f"{size}: {max(said / edge, edge / said):.2f}")
                print(
                    f"seed {seed} {name} {what}: edges {edges}, exponent {found.exponent:.2f} "
                    f"({found.low:.2f} to {found.high:.2f}), factors {', '.join(factors)}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
