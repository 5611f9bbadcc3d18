from __future__ import annotations

from study.tracking.ui.runs_view import runs_view


def run(params: dict[str, str], metrics: dict[str, float]) -> dict[str, object]:
    return {
        "data": {
            "params": [{"key": key, "value": value} for key, value in params.items()],
            "metrics": [{"key": key, "value": value} for key, value in metrics.items()],
        }
    }


def test_columns_are_verdict_cause_metrics_and_what_differs():
    runs = [
        run({"depth": "2", "width": "64"}, {"loss_final": 0.1}),
        run({"depth": "4", "width": "64", "momentum": "0.9"}, {}),
    ]
    view = runs_view(runs)
    assert view["selectedColumns"] == [
        "tags.`verdict`",
        "tags.`cause`",
        "metrics.`loss_final`",
        "params.`depth`",
    ]
    # Sorted by a metric, trials are not folded under the run that trained them.
    assert view["orderByKey"] == "metrics.`loss_final`"
