"""`gradscape diagnose`: one configuration, trained and explained."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from search_spaces.errors import InputError
from study.commands.options import Json, StudyFile, code_folders
from study.commands.verdict_style import verdict_text

if TYPE_CHECKING:
    from study.preflight import Preflight
    from study.tables import CohortTables

BAR = 40
"""Characters of the longest bar in the picture of the gradient."""


def diagnose(
    study_file: StudyFile,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A hyperparameter; may be repeated."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds to train it with.")] = 5,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps; default the file's.")] = None,
    as_json: Json = False,
) -> None:
    """Train ONE configuration with several seeds and explain what happens.

    What --set leaves out is what the file fixes, or the catalogue's default where it varies.

    Example: gradscape diagnose digits-mlp.yaml --set depth=30 --set activation=sigmoid
    """
    from study.preflight import preflight
    from study.study_file import load_study_file

    config = load_study_file(study_file)
    if steps is not None:
        config = config.with_steps(steps)
    checked = preflight(config, code=code_folders(study_file))
    values = config.space.complete(_overrides(set_ or []))
    tables = _train(checked, values, seeds)
    if as_json:
        typer.echo(json.dumps(_as_json(values, tables)))
    else:
        _show(values, tables)


def _overrides(pairs: list[str]) -> dict[str, str]:
    overrides = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or not name:
            raise InputError(f"must be NAME=VALUE, but got {pair!r}", key="--set")
        overrides[name.strip()] = value.strip()
    return overrides


def _train(checked: Preflight, values: Mapping[str, Any], seeds: int) -> CohortTables:
    from search_spaces.seeds import trial_seed
    from study.backends import study_trainer
    from study.trial import Cohort, Trial

    config = checked.config
    trials = tuple(
        Trial(
            number=number,
            configuration=0,
            seed=trial_seed(config.seed, number),
            hyperparameters=values,
        )
        for number in range(seeds)
    )
    columns = {name: {"kind": "fixed", "value": value} for name, value in values.items()}
    trainer = study_trainer(checked, columns)
    if config.statistics == "minimal":
        # What is to be explained must be measured, whatever the study itself does.
        trainer = dataclasses.replace(trainer, statistics="standard")
    return trainer.train(Cohort(number=0, trials=trials))


def _show(values: Mapping[str, Any], tables: CohortTables) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print("  ".join(f"{name}={value}" for name, value in values.items()), style="dim")
    trials = tables.trials.to_pandas()
    console.print(verdict_text(Counter(trials["verdict"])))
    console.print(
        "\ngradient by layer (rms of delta) at initialization, layer 1 nearest the input"
    )
    for line in _picture(tables):
        console.print(line)
    console.print()
    for explanation, n in Counter(trials["explanation"]).most_common():
        times = "" if len(trials) == 1 else f"{n} of {len(trials)} seeds: "
        console.print(f"{times}{explanation}", markup=False)


def _picture(tables: CohortTables) -> list[str]:
    """One bar a layer on a logarithmic scale, for the first seed at step 0."""
    import numpy as np

    layers = tables.layers.to_pandas()
    first = layers[(layers["trial"] == 0) & (layers["step"] == 0)]
    deltas = first["delta_rms"].to_numpy()
    shown = deltas[np.isfinite(deltas) & (deltas > 0)]
    if len(shown) == 0:
        return ["(no finite gradient)"]
    low, high = np.log10(shown.min()), np.log10(shown.max())
    scale = (BAR - 1) / max(high - low, 1.0)
    lines = []
    for layer, name, delta in zip(first["layer"], first["name"], deltas, strict=True):
        drawn = np.isfinite(delta) and delta > 0
        bar = "█" * (1 + round((np.log10(delta) - low) * scale)) if drawn else ""
        lines.append(f"{layer:4d} {name:16.16s} {bar:{BAR}s} {delta:.1e}")
    return lines


def _as_json(values: Mapping[str, Any], tables: CohortTables) -> dict[str, Any]:
    layers = tables.layers.to_pandas()
    first = layers[(layers["trial"] == 0) & (layers["step"] == 0)]
    trials = json.loads(tables.trials.to_pandas().to_json(orient="records"))
    return {
        "hyperparameters": dict(values),
        "verdicts": dict(Counter(trial["verdict"] for trial in trials)),
        "explanations": [trial["explanation"] for trial in trials],
        "delta_rms_initial": [
            float(value) if value == value else None for value in first["delta_rms"]
        ],
        "trials": trials,
    }
