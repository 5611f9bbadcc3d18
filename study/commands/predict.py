"""`gradscape predict`: what would become of a configuration, from the trials of a study."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from search_spaces.errors import InputError
from study.commands.arguments.annotated import Home, Json

_PLACES = 4
"""Of probabilities in a table: more of them than a study of any size could tell."""

if TYPE_CHECKING:
    import pandas as pd

    from analysis import StabilityModel


def predict(
    study: Annotated[str, typer.Argument(help="Name of the study.")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A hyperparameter; may be repeated."),
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Predict each row of this table instead; prints a table (CSV)."
        ),
    ] = None,
    nearest: Annotated[
        int, typer.Option(min=0, metavar="N", help="Tried configurations to show as evidence.")
    ] = 5,
    tracking_uri: Annotated[
        str | None,
        typer.Option(
            metavar="http://...", help="Read the study from this MLflow server, without a home."
        ),
    ] = None,
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Predict each verdict's probability at a configuration, trained or not, without training.

    What --set leaves out is averaged over the study's space. Prints the probabilities with their
    95 % intervals, the trials most like it, the single changes that would raise the probability
    of stable most, and a warning where nothing like it was tried.

    Example: gradscape predict digits-mlp --set depth=12 --set activation=tanh
    """
    from analysis import AnalysisError

    asked = _asked(set_ or [], csv)
    try:
        model = _model(study, tracking_uri, home)
        if csv is None:
            text = _text(_found(study, model, asked, nearest), as_json=as_json)
        else:
            said = model.predict(asked).round(_PLACES)
            text = _table(asked.join(said), as_json=as_json)
        outside = model.outside(asked)
    except AnalysisError as error:
        raise InputError(str(error)) from error
    typer.echo(text)
    _warn(outside, rows=csv is not None)


def _text(found: dict[str, object], *, as_json: bool) -> str:
    from study.commands.text.prediction import prediction_text

    return json.dumps(found) if as_json else prediction_text(found)


def _table(said: pd.DataFrame, *, as_json: bool) -> str:
    return json.dumps(_rows(said)) if as_json else said.to_csv(index=False).rstrip()


def _model(study: str, tracking_uri: str | None, home: Path | None) -> StabilityModel:
    from analysis import load_trials, stability_model
    from study.commands.tracked_study import tracked_study

    where = nullcontext(study) if tracking_uri is None else tracked_study(tracking_uri, study)
    with where as source:
        trials = load_trials(source, home=home)
    return stability_model(trials)


def _found(
    study: str, model: StabilityModel, asked: pd.DataFrame, nearest: int
) -> dict[str, object]:
    """Returns all that is said of one configuration."""
    said = model.predict(asked)
    return {
        "study": study,
        "trials": len(model.trials),
        "configuration": {name: _typed(value) for name, value in dict(asked.iloc[0]).items()},
        "averaged_over": [name for name in model.hyperparameters if name not in asked.columns],
        "verdicts": _verdicts(model, said),
        "support": float(said["support"].iloc[0]),
        "nearest": _rows(model.nearest(asked, nearest).drop(columns="row")),
        "changes": _rows(model.changes(asked).head(3)),
        "outside": model.outside(asked)[0],
    }


def _typed(value: str) -> object:
    """Returns a number where a text is one; a name stays a name, also inf and nan."""
    try:
        number = float(value)
    except ValueError:
        return value
    if not math.isfinite(number):
        return value
    return int(number) if number.is_integer() else number


def _asked(pairs: list[str], csv: Path | None) -> pd.DataFrame:
    """Returns the configurations, one a row."""
    import pandas as pd

    if csv is not None:
        if pairs:
            raise InputError("give --set or --csv, not both")
        try:
            return pd.read_csv(csv, keep_default_na=False, na_values=[""])
        except (OSError, ValueError) as error:
            raise InputError(f"cannot be read as a table: {error}", key="--csv") from error
    values: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not (name and equals and value):
            raise InputError(f"must be NAME=VALUE, but got {pair!r}", key="--set")
        if name in values:
            raise InputError(f"{name} comes twice", key="--set")
        values[name] = value
    return pd.DataFrame([values], index=[0])


def _verdicts(model: StabilityModel, said: pd.DataFrame) -> list[Mapping[str, object]]:
    row = said.iloc[0]
    return [
        {
            "verdict": verdict,
            "probability": float(row[verdict]),
            "lower": float(row[f"{verdict}_lower"]),
            "upper": float(row[f"{verdict}_upper"]),
        }
        for verdict in model.verdicts
    ]


def _rows(table: pd.DataFrame) -> list[dict[str, object]]:
    """Returns the rows for JSON: `none` for a limit that is off, null for what does not apply."""
    text = table.replace([float("inf")], "none").to_json(orient="records", double_precision=15)
    rows: list[dict[str, object]] = json.loads(text)
    return rows


def _warn(outside: list[list[str]], *, rows: bool) -> None:
    for number, sentences in enumerate(outside):
        for sentence in sentences:
            which = f"row {number + 1}: " if rows else ""
            print(f"warning: {which}{sentence}: the prediction there is a guess", file=sys.stderr)
