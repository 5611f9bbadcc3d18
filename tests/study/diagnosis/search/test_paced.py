from __future__ import annotations

from study.diagnosis import Candidate, Change, Changes, find_remedies
from study.diagnosis.search.paced import with_pace
from tests.study.diagnosis.search.test_finding import SEEDS, STEPS, Additive, candidate, together


def standardized(after: str) -> Candidate:
    change = Change(
        hyperparameter="standardize",
        before="none",
        after=after,
        size=0.5,
        reason="",
        aimed=True,
        fix=True,
    )
    return Candidate(
        changes=Changes((change,)), hyperparameters={"standardize": after}, steps=STEPS
    )


def test_a_fix_of_the_data_is_tried_with_larger_steps_too() -> None:
    rate = candidate("learning_rate", 2.0, 0.5, fix=True)
    other = candidate("depth", 2.0, 0.5)
    some = with_pace([standardized("both"), rate, other], 0.001, together)
    assert [str(each.changes) for each in some] == [
        "standardize: none -> both",
        "learning_rate: 1 -> 2",
        "standardize: none -> both, learning_rate: 0.001 -> 0.003",
        "standardize: none -> both, learning_rate: 0.001 -> 0.01",
        "depth: 1 -> 2",
    ]


def test_larger_steps_are_needless_where_the_fix_alone_works() -> None:
    some = with_pace([standardized("both")], 0.001, together)
    alone = Additive(["standardize"])
    search = find_remedies(some, alone, seeds=SEEDS, steps=STEPS, wanted=3)
    assert len(search.remedies) == 1 and not pairs_tried(alone)
    both = Additive(["standardize", "learning_rate"])
    search = find_remedies(some, both, seeds=SEEDS, steps=STEPS, wanted=3)
    (remedy,) = search.remedies
    assert str(remedy.changes).endswith("learning_rate: 0.001 -> 0.003"), "the smaller one"


def pairs_tried(train: Additive) -> list[frozenset[str]]:
    return [names for names in train.trained if len(names) > 1]
