"""The columns of MLflow's page of a study's runs: verdict, cause, metrics, hyperparameters.

MLflow keeps a view of a person's "Share" button as a tag of the experiment, and the link to it
names the tag. A tag that is written here makes a link that opens runs with these columns.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.request import Request, urlopen

KEY = "gradscape"
"""Of the view, in the tag's name and in links."""

_TAGS = ("verdict", "cause")
_METRICS = ("loss_final", "metric_final")
_TIMEOUT_S = 10.0


def share_view(url: str, experiment: str) -> str:
    """Writes the view of an experiment's runs; returns what a link to it needs, "" without runs.

    Trials stand by themselves, not folded under the run that trained them, because MLflow lists
    runs that are sorted by a metric in one level.

    Args:
        url: Of the MLflow server.
        experiment: Its id.

    Raises:
        OSError: If the server does not answer, or refuses.
    """
    found = _post(
        url,
        "runs/search",
        {
            "experiment_ids": [experiment],
            "filter": "tags.`verdict` LIKE '%'",
            "max_results": 1000,
        },
    )
    runs = found.get("runs", [])
    if not runs:
        return ""
    view = {
        "key": f"mlflow.sharedViewState.{KEY}",
        "value": json.dumps(runs_view(runs)),
        "experiment_id": experiment,
    }
    _post(url, "experiments/set-experiment-tag", view)
    return f"viewStateShareKey={KEY}"


def runs_view(runs: list[Mapping[str, Any]]) -> dict[str, object]:
    """Returns the view of these runs, as MLflow's page reads it: only what differs between them.

    Args:
        runs: Runs of trials as MLflow's REST interface has them.
    """
    values: dict[str, set[str]] = {}
    for run in runs:
        for param in run["data"].get("params", []):
            values.setdefault(param["key"], set()).add(param["value"])
    known = {metric["key"] for run in runs for metric in run["data"].get("metrics", [])}
    metrics = [name for name in _METRICS if name in known]
    columns = [
        *(f"tags.`{name}`" for name in _TAGS),
        *(f"metrics.`{name}`" for name in metrics),
        *(f"params.`{name}`" for name, seen in values.items() if len(seen) > 1),
    ]
    view: dict[str, object] = {"selectedColumns": columns, "orderByAsc": True}
    if metrics:
        view["orderByKey"] = f"metrics.`{metrics[0]}`"
    return view


def _post(url: str, path: str, body: Mapping[str, object]) -> dict[str, Any]:
    request = Request(
        f"{url}/api/2.0/mlflow/{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urlopen(request, timeout=_TIMEOUT_S) as answer:
        found: dict[str, Any] = json.load(answer)
    return found
