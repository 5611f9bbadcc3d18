"""What a sentence says of values that were not finite."""

from __future__ import annotations

import math
import re

import pytest

from study.first_failure import CLAUSES
from study.verdicts import label_trials

FAILED: dict[str, object] = {
    "failure_step": 13,
    "failure_tensor": "loss",
    "loss_final": math.nan,
    "grad_norm_max": 4e11,
}


@pytest.fixture
def explain(make_trials, make_layers):
    """The explanation of one trial whose layers are healthy."""

    def sentence(**changes: object) -> str:
        trials = make_trials({**FAILED, **changes})
        return str(label_trials(trials, make_layers(), metric="accuracy").iloc[0].explanation)

    return sentence


@pytest.mark.parametrize("origin", CLAUSES)
def test_what_was_first_is_said_with_its_step(explain, origin: str) -> None:
    text = explain(failure_origin=origin, failure_detail="this and that")
    assert re.search("(: |^)at step 13 (the|an?) ", text)
    assert "this and that" in text
    assert not set("{}") & set(text)


def test_a_loss_whose_gradient_is_infinite_at_step_0(explain) -> None:
    # Was told as a gradient of the network, "after the gradient norm rose from 1.1 to 1.1".
    text = explain(
        failure_step=0,
        failure_tensor="gradient:4.weight",
        failure_origin="loss_gradient",
        failure_detail="the derivative of sqrt at 0 for 6 of 64 examples (rows 3, 18, 40, ...)",
        failure_output=0.4,
        rise_step=None,
        loss_max=2.4,
        grad_norm_initial=1.14,
        grad_norm_max=1.14,
    )
    assert text.startswith(
        "the loss function is to blame: at step 0, before any update, the loss was finite and its"
        " gradient by the outputs was not: the derivative of sqrt at 0 for 6 of 64 examples"
        " (rows 3, 18, 40, ...)."
    )


def test_what_rose_before_is_said_and_nothing_else(explain) -> None:
    seen = {"failure_origin": "activation", "failure_detail": "layer 2 (fc)"}
    assert ", after a loss above twice the first from step 9 on" in explain(**seen, rise_step=9)
    assert "above twice" not in explain(**seen, rise_step=13)
    assert ", after the gradient norm rose from 3.1 to 4e11" in explain(**seen)
    assert "norm" not in explain(**seen, grad_norm_max=3.2)
    assert "norm" not in explain(**seen, grad_norm_initial=math.nan)


def test_a_parameter_of_the_first_update_was_not_there_before(explain) -> None:
    broken = {"failure_origin": "parameter", "failure_detail": "out.bias (1 of 3 numbers)"}
    assert "before any update" not in explain(**broken, failure_step=0)


def test_an_origin_of_a_later_version_is_told_by_its_name(explain) -> None:
    text = explain(failure_origin="optimizer_state", failure_detail="the second moment")
    assert "the first value that was not finite was of the optimizer state: the second" in text


def test_a_loss_without_a_failing_step(explain) -> None:
    text = explain(failure_step=None, failure_tensor=None, loss_final=math.inf)
    assert "he final loss is not finite (inf)" in text


@pytest.mark.parametrize(
    ("tensor", "step", "start"),
    [
        ("loss", 5, "the loss became non-finite at step 5"),
        ("loss", 0, "the loss was not finite at step 0, before any update"),
        ("parameter:out.bias", 0, "the parameter out.bias became non-finite at step 0"),
        ("gradient:norm", 4, "the gradient norm became non-finite at step 4"),
        (None, 7, "a value became non-finite at step 7"),
    ],
)
def test_where_values_stopped_being_finite(
    explain, tensor: str | None, step: int, start: str
) -> None:
    text = explain(failure_tensor=tensor, failure_step=step)
    assert start in text or start[:1].upper() + start[1:] in text
