"""What is said of a search in vain."""

from __future__ import annotations

from types import SimpleNamespace

from study.commands.text.remedies import search_text
from study.diagnosis import Attempt, Change, Changes, Search
from tests.study.diagnosis.conftest import outcome


def attempt(name: str, after: str, metric: float) -> Attempt:
    change = Change(
        hyperparameter=name, before="none", after=after, size=1.0, reason="", aimed=True
    )
    return Attempt(changes=Changes((change,)), trained=outcome({}, ["stalled"], metric))


def said(*attempts: Attempt, metric: float) -> str:
    search = Search(remedies=(), attempts=attempts, candidates=len(attempts), wanted=3)
    found = SimpleNamespace(
        search=search,
        trained=outcome({}, ["stalled"], metric),
        metric="accuracy",
        remedies=(),
        seeds_planned=1,
    )
    return "\n".join(text.plain for text in search_text(found, ()))  # type: ignore[arg-type]


def test_class_weights_that_cost_accuracy_are_explained() -> None:
    text = said(attempt("class_weights", "balanced", 0.8), metric=0.98)
    assert "class_weights=balanced gives rare answers at the cost of frequent ones" in text
    assert "(accuracy 0.98 -> 0.80), which accuracy mostly counts" in text
    assert "at the cost" not in said(attempt("class_weights", "balanced", 0.99), metric=0.98)


def test_what_did_nothing_is_not_called_nearest() -> None:
    assert "nearest" not in said(attempt("dtype", "float64", 0.2), metric=0.2)
    assert "nearest: --set dtype=float64" in said(attempt("dtype", "float64", 0.3), metric=0.2)


def test_nothing_to_try_is_said_in_words() -> None:
    assert "there is no change to try" in said(metric=0.2)
