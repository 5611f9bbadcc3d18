from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import pytest

from study.diagnosis import (
    Attempt,
    Candidate,
    Change,
    Changes,
    Remedy,
    Trained,
    find_remedies,
    is_clear,
)
from study.dispatch import TrainingError
from tests.study.diagnosis.conftest import outcome

SEEDS = (11, 12, 13, 14, 15)
STEPS = 100


def candidate(name: str, after: float, size: float, *, fix: bool = False) -> Candidate:
    change = Change(
        hyperparameter=name, before=1.0, after=after, size=size, reason="", aimed=False, fix=fix
    )
    return Candidate(changes=Changes((change,)), hyperparameters={name: after}, steps=STEPS)


def only(one: Candidate | Attempt | Remedy) -> Change:
    (change,) = one.changes
    return change


class Bench:
    """Trains nothing: of each configuration it is known with how many seeds it is stable."""

    def __init__(
        self,
        stable: Mapping[tuple[str, object], Sequence[int]],
        *,
        lost: Sequence[tuple[str, object]] = (),
    ) -> None:
        self._stable, self._lost = stable, lost
        self.trained: list[tuple[str, object, int]] = []
        self.longer: list[tuple[str, object, int]] = []

    def __call__(
        self,
        configurations: Sequence[Mapping[str, object]],
        seeds: Sequence[int],
        steps: int,
    ) -> list[Trained]:
        results = []
        for values in configurations:
            ((name, value),) = values.items()
            good = self._stable.get((name, value), ())
            if steps > STEPS and (name, value) in self._lost:
                good = ()
            trained = self.longer if steps > STEPS else self.trained
            trained += [(name, value, seed) for seed in seeds]
            verdicts = ["stable" if seed in good else "stalled" for seed in seeds]
            results.append(outcome(values, verdicts))
        return results


@pytest.mark.parametrize(
    ("seeds", "least"), [(1, 1), (2, 2), (3, 3), (4, 4), (5, 4), (9, 8), (10, 8), (15, 12)]
)
def test_a_clear_majority_is_four_fifths(seeds: int, least: int) -> None:
    assert is_clear(least, seeds) and not is_clear(least - 1, seeds)


@pytest.mark.parametrize("case", range(40))
def test_it_finds_what_trying_everything_finds(case: int) -> None:
    draw = random.Random(case)
    some = [
        candidate(name, draw.choice([-1, 1]) * (2 + number) + 1.0, round(draw.uniform(0.5, 6), 1))
        for name in "abcdefg"
        for number in range(draw.randint(1, 5))
    ]
    some.sort(key=lambda each: each.changes.size)
    working = {
        (only(each).hyperparameter, only(each).after): SEEDS
        for each in some
        if draw.random() < 0.25
    }
    bench = Bench(working)
    search = find_remedies(some, bench, seeds=SEEDS, steps=STEPS, wanted=3)
    firsts: dict[tuple[str, str], Change] = {}
    for each in some:
        if (only(each).hyperparameter, only(each).after) in working:
            firsts.setdefault(only(each).way, only(each))
    assert [only(remedy) for remedy in search.remedies] == list(firsts.values())[:3]
    assert len(set(bench.trained)) == len(bench.trained), "nothing is trained twice"
    assert {(name, value) for name, value, _ in bench.trained} == {
        (only(attempt).hyperparameter, only(attempt).after) for attempt in search.attempts
    }


def test_it_stops_when_the_smallest_are_certain() -> None:
    small = [candidate(name, 2.0, 1.0 + number / 10) for number, name in enumerate("abcd")]
    large = [candidate(name, 9.0, 5.0) for name in "efgh"]
    bench = Bench({(name, 2.0): SEEDS for name in "bcd"})
    search = find_remedies([*small, *large], bench, seeds=SEEDS, steps=STEPS, wanted=3)
    assert [only(remedy).hyperparameter for remedy in search.remedies] == ["b", "c", "d"]
    assert not {name for name, _, _ in bench.trained} & set("efgh")
    assert search.candidates == 8 and len(search.attempts) == 4


def test_a_larger_change_of_the_same_way_is_not_tried() -> None:
    some = [candidate("a", 2.0, 1.0), candidate("a", 3.0, 1.5), candidate("a", 0.5, 1.6)]
    bench = Bench({("a", 2.0): SEEDS, ("a", 3.0): SEEDS, ("a", 0.5): SEEDS})
    search = find_remedies(some, bench, seeds=SEEDS, steps=STEPS, wanted=3)
    assert [only(remedy).after for remedy in search.remedies] == [2.0, 0.5]
    assert ("a", 3.0) not in {(name, value) for name, value, _ in bench.trained}


def test_what_fails_with_the_first_seed_is_not_trained_with_the_others() -> None:
    some = [candidate("a", 2.0, 1.0), candidate("b", 2.0, 1.0), candidate("c", 2.0, 1.0)]
    bench = Bench({("a", 2.0): SEEDS[1:], ("b", 2.0): SEEDS[:4], ("c", 2.0): SEEDS[:3]})
    search = find_remedies(some, bench, seeds=SEEDS, steps=STEPS, wanted=3)
    assert [only(remedy).hyperparameter for remedy in search.remedies] == ["b"]
    assert [(attempt.stable, attempt.seeds) for attempt in search.attempts] == [
        (0, 1),
        (4, 5),
        (3, 5),
    ]
    assert search.remedies[0].trained.trials["trial"].tolist() == [0, 1, 2, 3, 4]


def test_one_that_cannot_be_trained_spoils_no_other() -> None:
    bench = Bench({("b", 2.0): SEEDS})

    def train(
        configurations: Sequence[Mapping[str, object]], seeds: Sequence[int], steps: int
    ) -> list[Trained]:
        if any("a" in values for values in configurations):
            raise TrainingError("no such layer")
        return bench(configurations, seeds, steps)

    some = [candidate("a", 2.0, 1.0), candidate("b", 2.0, 1.0)]
    search = find_remedies(some, train, seeds=SEEDS, steps=STEPS, wanted=1)
    assert [only(remedy).hyperparameter for remedy in search.remedies] == ["b"]
    assert [attempt.error for attempt in search.attempts] == ["no such layer", None]


def test_nothing_works() -> None:
    some = [candidate(name, 2.0, size) for name, size in (("a", 1.0), ("b", 3.0), ("c", 9.0))]
    rounds: list[int] = []
    search = find_remedies(
        some,
        Bench({}),
        seeds=SEEDS,
        steps=STEPS,
        wanted=2,
        watch=lambda now, before: rounds.append(len(before)),
    )
    assert search.remedies == () and len(search.attempts) == 3
    assert rounds == [0, 1, 2]


def test_what_a_longer_training_loses_is_no_remedy() -> None:
    some = [candidate("a", 2.0, 1.0), candidate("a", 3.0, 1.5), candidate("b", 2.0, 1.6)]
    bench = Bench({("a", 2.0): SEEDS[:4], ("b", 2.0): SEEDS[1:]}, lost=[("a", 2.0)])
    search = find_remedies(some, bench, seeds=SEEDS, steps=STEPS, wanted=1)
    assert search.remedies == ()
    first = search.attempts[0]
    assert first.lost and first.stable == 4 and first.longer is not None
    assert bench.longer == [("a", 2.0, 11), ("a", 2.0, 12)]
    bench = Bench({("a", 2.0): SEEDS, ("a", 3.0): SEEDS}, lost=[("a", 2.0)])
    search = find_remedies(some, bench, seeds=SEEDS, steps=STEPS, wanted=1)
    assert [only(remedy).after for remedy in search.remedies] == [3.0], "a larger one holds"


def test_each_remedy_is_told_as_soon_as_it_is_certain() -> None:
    some = [candidate(name, 2.0, size) for name, size in (("a", 1.0), ("b", 3.0), ("c", 9.0))]
    bench = Bench({("a", 2.0): SEEDS, ("c", 2.0): SEEDS})
    told: list[tuple[str, int]] = []

    def found(remedy: Remedy) -> None:
        told.append((only(remedy).hyperparameter, len(bench.trained)))

    find_remedies(some, bench, seeds=SEEDS, steps=STEPS, wanted=2, found=found)
    assert told == [("a", 5), ("c", 11)], "after five seeds of the first, before the next round"


def test_an_interrupted_search_keeps_what_was_found() -> None:
    some = [candidate(name, 2.0, size) for name, size in (("a", 1.0), ("b", 3.0), ("c", 9.0))]

    def watch(now: Sequence[Candidate], before: Sequence[Attempt]) -> None:
        if len(before) == 2:
            raise KeyboardInterrupt

    bench = Bench({("a", 2.0): SEEDS, ("c", 2.0): SEEDS})
    search = find_remedies(some, bench, seeds=SEEDS, steps=STEPS, wanted=2, watch=watch)
    assert search.interrupted and len(search.attempts) == 2
    assert [only(remedy).hyperparameter for remedy in search.remedies] == ["a"]


def test_the_fix_for_the_cause_is_tried_and_listed_before_smaller_changes() -> None:
    some = [
        candidate("fix", 2.0, 5.0, fix=True),
        candidate("fix", 3.0, 7.0, fix=True),
        candidate("a", 2.0, 0.5),
        candidate("b", 2.0, 0.6),
    ]
    bench = Bench({("fix", 3.0): SEEDS, ("a", 2.0): SEEDS, ("b", 2.0): SEEDS})
    rounds: list[list[str]] = []

    def watch(now: Sequence[Candidate], before: Sequence[Attempt]) -> None:
        rounds.append([only(each).after_text for each in now])

    search = find_remedies(some, bench, seeds=SEEDS, steps=STEPS, wanted=2, watch=watch)
    assert rounds == [["2"], ["3"], ["2", "2"]]
    assert [only(remedy).hyperparameter for remedy in search.remedies] == ["fix", "a"]


def test_what_it_costs_stays_within_the_budget() -> None:
    some = [candidate(name, 2.0, size) for size, name in enumerate("abcdefgh", start=1)]
    search = find_remedies(some, Bench({}), seeds=SEEDS, steps=STEPS, wanted=1, budget=4)
    assert len(search.attempts) == 4 and search.trainings == 4 and search.is_spent
    bench = Bench({("a", 2.0): SEEDS})
    search = find_remedies(some, bench, seeds=SEEDS, steps=STEPS, wanted=1)
    assert search.trainings == 5 + 1 + 2 * 3, "three times the steps count three times"
    assert not search.is_spent


class Additive:
    """Stable where all of `needed` are changed; each of them takes the metric nearer to it."""

    def __init__(self, needed: Sequence[str]) -> None:
        self._needed = needed
        self.trained: list[frozenset[str]] = []

    def __call__(
        self,
        configurations: Sequence[Mapping[str, object]],
        seeds: Sequence[int],
        steps: int,
    ) -> list[Trained]:
        results = []
        for values in configurations:
            self.trained.append(frozenset(values))
            share = sum(name in values for name in self._needed) / len(self._needed)
            verdict = "stable" if share == 1 else "stalled"
            metric = 0.1 + 0.9 * share
            results.append(outcome(values, [verdict] * len(seeds), metric=metric))
        return results


def together(changes: Sequence[Change]) -> Candidate:
    values = {change.hyperparameter: change.after for change in changes}
    return Candidate(changes=Changes(tuple(changes)), hyperparameters=values, steps=STEPS)


FAMILIES = ("batch_size", "learning_rate", "clip_norm", "init_gain", "weight_std", "depth")


@pytest.mark.parametrize(
    "needed", [("depth", "init_gain"), ("depth", "init_gain", "learning_rate")]
)
def test_what_came_nearest_alone_is_combined_first(needed: tuple[str, ...]) -> None:
    some = [candidate(name, 2.0, size) for size, name in enumerate(FAMILIES, start=1)]
    train = Additive(needed)
    search = find_remedies(some, train, seeds=SEEDS, steps=STEPS, wanted=3, combine=together)
    (remedy,) = search.remedies
    assert {change.hyperparameter for change in remedy.changes} == set(needed)
    several = [names for names in train.trained if len(names) == len(needed)]
    assert several.index(frozenset(needed)) == 0, "before what did nothing alone"
    assert search.nearest is None


def test_the_nearest_is_named_where_nothing_works() -> None:
    some = [candidate(name, 2.0, size) for size, name in enumerate(FAMILIES, start=1)]
    search = find_remedies(
        some, Additive(["clip_norm", "nothing", "else"]), seeds=SEEDS, steps=STEPS, wanted=3
    )
    assert search.nearest is not None and str(search.nearest.changes) == "clip_norm: 1 -> 2"
    assert search.nearest.metric == pytest.approx(0.4)


def test_what_becomes_not_finite_is_never_the_nearest() -> None:
    def train(
        configurations: Sequence[Mapping[str, object]], seeds: Sequence[int], steps: int
    ) -> list[Trained]:
        results = []
        for values in configurations:
            result = outcome(
                values, ["exploding"] * len(seeds), metric=0.2 if "a" in values else 0.9
            )
            if "b" in values:
                result.trials["failure_step"] = 40
            results.append(result)
        return results

    some = [candidate("b", 2.0, 1.0), candidate("a", 2.0, 2.0)]
    search = find_remedies(some, train, seeds=SEEDS, steps=STEPS, wanted=1)
    assert search.nearest is not None and only(search.nearest).hyperparameter == "a"
