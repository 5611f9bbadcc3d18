"""What is said of a search in vain."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

from study.commands.text.remedies import remedy_text, search_text
from study.diagnosis import Attempt, Change, Changes, Remedy, Search
from tests.study.diagnosis.conftest import outcome


def attempt(name: str, after: str, metric: float, *, of: str = "accuracy") -> Attempt:
    change = Change(
        hyperparameter=name, before="none", after=after, size=1.0, reason="", aimed=True
    )
    return Attempt(changes=Changes((change,)), trained=outcome({}, ["stalled"], metric, of))


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


def test_a_change_that_another_metric_measures_is_not_compared_with_the_first() -> None:
    weights = attempt("class_weights", "balanced", 0.8, of="balanced accuracy")
    text = said(weights, metric=0.12)
    assert "balanced accuracy 0.10 by chance -> 0.80" in text and "0.12" not in text
    trained = outcome({}, ["stable"], 0.9, "balanced accuracy")
    remedy = Remedy(changes=weights.changes, trained=trained, longer=trained)
    found = SimpleNamespace(trained=outcome({}, ["stalled"], 0.98), metric="accuracy")
    lines = [each.plain for each in remedy_text(remedy, found, number=2)]  # type: ignore[arg-type]
    assert lines[0].endswith("1 of 1 stable, balanced accuracy 0.10 by chance -> 0.90")
    assert "balanced accuracy is the mean over the labels of the accuracy among each" in lines[2]


def test_what_is_stable_is_not_in_vain_for_lack_of_time_to_train_it_longer() -> None:
    # The fix was listed as tried in vain, and as the nearest with all of its seeds stable.
    tanh = attempt("activation", "tanh", 0.98)
    tanh = dataclasses.replace(tanh, trained=outcome({}, ["stable"], 0.98))
    text = said(tanh, attempt("dtype", "float64", 0.2), metric=0.2)
    assert "--set activation=tanh: 1 of 1 stable, accuracy 0.20 -> 0.98; there was no time" in text
    assert "tried in vain: dtype float64" in text and "nearest" not in text
    assert "no single change" not in text
    lost = dataclasses.replace(tanh, longer=outcome({}, ["exploding"], 0.1))
    assert "no time" not in said(lost, metric=0.2)


def test_what_did_nothing_is_not_called_nearest() -> None:
    assert "nearest" not in said(attempt("dtype", "float64", 0.2), metric=0.2)
    assert "nearest: --set dtype=float64" in said(attempt("dtype", "float64", 0.3), metric=0.2)


def test_nothing_to_try_is_said_in_words() -> None:
    assert "there is no change to try" in said(metric=0.2)
