from __future__ import annotations

import math

import pytest

from search_spaces.catalogue import CATALOGUE, NONE
from study.diagnosis.change import STEPS
from study.diagnosis.docs_page import moves_markdown, with_table
from study.diagnosis.moves import MOVES, Move
from study.verdicts.causes import Cause


def move(name: str, *, falls: bool | None = None) -> Move:
    return next(one for one in MOVES if one.hyperparameter == name and one.falls in (falls, None))


OF_TRAINING = [each for each in MOVES if each.hyperparameter != STEPS]


@pytest.mark.parametrize(
    "each", OF_TRAINING, ids=lambda each: f"{each.hyperparameter}-{each.falls}"
)
def test_each_move_is_one_of_the_catalogue(each: Move) -> None:
    hyperparameter = CATALOGUE[each.hyperparameter]
    assert each.values or each.factors or each.shares
    for value in each.values:
        if hyperparameter.choices:
            assert value in hyperparameter.choices
        elif isinstance(value, str):
            assert hyperparameter.kind == "number-or-none" and value == NONE
        else:
            assert value in hyperparameter.interval
    assert (each.falls is None) == (hyperparameter.kind == "name")
    assert each.fixed or each.per_distance, "a change must weigh something"


def test_what_changes_weigh() -> None:
    rate = move("learning_rate", falls=True)
    assert rate.weight(0.3, 0.03) == pytest.approx(2)
    assert rate.weight(0.3, 0.1) == pytest.approx(2 * math.log10(3))
    assert move("depth", falls=True).weight(32, 16) == pytest.approx(10 * math.log10(2))
    # Momentum 0.9 makes ten times longer steps than none, as a ten times larger rate does.
    assert move("momentum", falls=True).weight(0.9, 0.0) == pytest.approx(rate.weight(1.0, 0.1))
    clip = move("clip_norm", falls=True)
    assert clip.weight("none", 10.0) == 1
    assert clip.weight("none", 0.1) == pytest.approx(clip.weight(10.0, 0.1)) == 2
    assert move("forget_bias", falls=False).weight(-1.0, 2.0) == 2
    assert move("activation").weight("relu", "tanh") == 2


def test_a_larger_step_weighs_more() -> None:
    for each in MOVES:
        if each.factors:
            weights = [each.weight(1.0, factor) for factor in each.factors]
            assert weights == sorted(weights) and weights[0] > 0


def test_the_page_lists_every_move() -> None:
    table = moves_markdown()
    assert table.count("\n") == len(MOVES) + 2
    assert "| `learning_rate` | multiplied by 3, 10, 30, 100, 300, 1000; 0.1, 0.3, 0.9" in table
    with pytest.raises(ValueError, match="<!-- moves -->"):
        with_table("# a page without marks")


def test_every_cause_that_a_hyperparameter_reaches_has_a_fix() -> None:
    # A part that is frozen or in no optimizer is the code's, not a hyperparameter's; so is what
    # mixes examples, what only the person's own network draws, and a loss that asks for another
    # thing than the metric or says nothing where the outputs are.
    wrong_in_the_code = {
        Cause.FLAT_LOSS,
        Cause.OTHER_GOAL,
        Cause.UNBOUNDED_LOSS,
        Cause.STILL_PART,
        Cause.BROADCAST,
        Cause.UNSEEN_INPUTS,
        Cause.MIXED_EXAMPLES,
        Cause.OWN_NOISE,
        Cause.NO_SIGNAL,
    }
    beyond_reach = {Cause.DATA, *wrong_in_the_code, Cause.UNKNOWN, Cause.NONE}
    fixed = {cause for each in MOVES for cause in each.causes}
    assert fixed == set(Cause) - beyond_reach
