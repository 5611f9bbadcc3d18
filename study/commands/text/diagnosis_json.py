"""A diagnosis for scripts; docs/diagnose.md says what the keys mean."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from study.diagnosis import Attempt, Diagnosis, Explanation, Remedy, Search


def diagnosis_json(found: Diagnosis) -> dict[str, Any]:
    """JSON values only: what is not finite is null."""
    search = found.search
    document = {
        "study": found.study,
        "task": found.task,
        "network": found.network,
        "steps": found.steps_planned,
        "metric": found.metric,
        "hyperparameters": dict(found.hyperparameters),
        "interrupted": found.interrupted,
        "seeds": found.trained.seeds,
        "stable": found.trained.stable,
        "verdicts": found.verdicts,
        "causes": found.causes,
        "explanations": [_explanation(each) for each in found.explanations],
        "notices": list(found.notices),
        "flags": dict(found.flags),
        "alarms": dict(found.alarms),
        "gradients": [dataclasses.asdict(each) for each in found.gradients],
        "expectation": dataclasses.asdict(found.expectation),
        "remedies": None if search is None else [_remedy(each) for each in search.remedies],
        "tried": None if search is None else [_attempt(each) for each in search.attempts],
        "candidates": None if search is None else search.candidates,
        "nearest": _nearest(search),
        "narrowed": "" if search is None else search.narrowed,
        "trainings": None if search is None else search.trainings,
        "budget": None if search is None else search.budget,
        "seconds": None if search is None else search.seconds,
        "seconds_budget": None if search is None else search.budget_s,
        "trials": _records(found.trials),
    }
    cleaned: dict[str, Any] = _finite(document)
    return cleaned


def _explanation(explanation: Explanation) -> dict[str, Any]:
    return {
        **dataclasses.asdict(explanation),
        "seeds": explanation.seeds,
        "summary": explanation.summary,
    }


def _remedy(remedy: Remedy) -> dict[str, Any]:
    return {
        **_change(remedy),
        "reason": remedy.changes.reason,
        "stable": remedy.trained.stable,
        "seeds": remedy.trained.seeds,
        "metric": remedy.trained.metric,
        "metric_name": remedy.trained.metric_name,
        "trials": _records(remedy.trained.trials),
    }


def _nearest(search: Search | None) -> dict[str, Any] | None:
    if search is None or search.nearest is None:
        return None
    return _attempt(search.nearest)


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        **_change(attempt),
        "stable": attempt.stable,
        "seeds": attempt.seeds,
        "metric": attempt.metric,
        "metric_name": None if attempt.trained is None else attempt.trained.metric_name,
        "lost": attempt.lost,
        "error": attempt.error,
    }


def _change(tried: Remedy | Attempt) -> dict[str, Any]:
    first = tried.changes.parts[0]
    parts = [
        {"hyperparameter": each.hyperparameter, "before": each.before, "after": each.after}
        for each in tried.changes
    ]
    return {
        "hyperparameter": first.hyperparameter,
        "before": first.before,
        "after": first.after,
        "changes": parts,
        "size": tried.changes.size,
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads(frame.to_json(orient="records"))
    return records


def _finite(value: Any) -> Any:
    """The same with null for numbers that JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, (list, tuple)) else value
