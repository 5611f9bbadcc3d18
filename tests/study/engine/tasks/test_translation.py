"""Dates and sentences that are translated, read back by other means than those that made them."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, datetime
from itertools import pairwise

import pytest
import torch

from study.engine import NETWORKS, TASKS, NetworkError, Task, TaskError
from study.engine.networks.building import build_network

DATES = ("%d %B %Y", "%B %d, %Y", "%d %b %Y", "%m/%d/%Y", "%d.%m.%Y")


def read_and_said(task: Task) -> list[tuple[list[int], list[int]]]:
    """Token numbers of both sides, without blanks; checks how they lie in inputs and targets."""
    assert task.read_steps is not None and task.teacher_forced
    reading, start = task.read_steps, (task.vocabulary or 0) - 1
    pairs = []
    for tokens, labels in zip(task.inputs.tolist(), task.targets.tolist(), strict=True):
        assert labels[:reading] == [0] * reading
        assert tokens[reading] == start and start not in tokens[:reading] + labels
        assert tokens[reading + 1 :] == labels[reading:-1]  # the teacher
        sides = []
        for side in (tokens[:reading], labels[reading:]):
            words = [token for token in side if token]
            assert side == words + [0] * (len(side) - len(words))  # blanks at the end alone
            sides.append(words)
        pairs.append((sides[0], sides[1]))
    return pairs


def parsed(text: str) -> tuple[str, date]:
    found = []
    for way in DATES:
        try:
            found.append((way, datetime.strptime(text, way).date()))
        except ValueError:
            continue
    # "3 May 2021" has the same name of the month long and short.
    assert len({day for _, day in found}) == 1, text
    return found[-1]


class TestDates:
    def test_each_is_the_same_day_for_datetime(self) -> None:
        task = TASKS["dates"](examples=3000)
        characters = sorted({*" ,./-0123456789", *"".join(months())})
        assert task.vocabulary == len(characters) + 2  # blank and start token
        ways: Counter[str] = Counter()
        for read, said in read_and_said(task):
            way, day = parsed("".join(characters[token - 1] for token in read))
            assert "".join(characters[token - 1] for token in said) == day.isoformat()
            assert 1950 <= day.year <= 2049
            ways[way] += 1
        assert set(ways) == set(DATES) and min(ways.values()) > 500  # 600 on average

    def test_every_day_comes_as_often_as_any_other(self) -> None:
        task = TASKS["dates"](first_year=2024, last_year=2024)
        days = Counter(tuple(said) for _, said in read_and_said(task))
        assert len(days) == 366
        assert max(days.values()) < 60  # 27 on average, standard deviation 5

    def test_the_target_is_beyond_who_has_not_read(self) -> None:
        task = TASKS["dates"]()
        assert unread(task, words=9) < task.target - 0.1

    def test_years_out_of_order_are_refused(self) -> None:
        with pytest.raises(TaskError) as caught:
            TASKS["dates"](first_year=2000, last_year=1999)
        assert str(caught.value) == "must be from first_year = 2000 to 9999, but got 1999"
        assert caught.value.parameter == "last_year"


def months() -> list[str]:
    return [date(2024, number, 1).strftime("%B") for number in range(1, 13)]


THERE = {
    **{"dog": "kan-o", "cat": "miu-a", "bird": "avi-a"},
    **{"child": "fant-o", "tree": "bor-e", "river": "rin-e"},
    **{"small": "pet", "old": "vek", "red": "rus", "quiet": "sil"},
    **{"see": "vid", "follow": "sek", "like": "am", "find": "trov"},
    **{"today": "odi", "often": "ofte", "the": "l", "a": "un"},
}
SINGULAR = {"children": "child", "some": "a"}


def translated(words: list[str]) -> list[str]:
    """A second translator, which goes through the words once and asks each what it is."""
    phrases: list[list[str]] = [[], []]
    at, adverb, verb = 0, [], ""
    for word in words:
        base = SINGULAR.get(word, word if word in THERE else word.removesuffix("s"))
        stem, _, gender = THERE[base].partition("-")
        if stem in ("vid", "sek", "am", "trov"):
            verb, at = stem + ("et" if word == base + "s" else "en"), 1
        elif stem in ("odi", "ofte"):
            adverb = [stem]
        elif gender:  # The noun ends its phrase, and tells the others how to.
            ending = gender + ("" if word == base else "s")
            first, *others = phrases[at]
            phrases[at] = [first + ending, stem + ending, *(each + ending for each in others)]
        else:
            phrases[at].append(stem)
    return [*adverb, *phrases[0], *phrases[1], verb]


class TestTranslation:
    def test_each_sentence_is_what_a_second_translator_says(self) -> None:
        task = TASKS["translation"](examples=2000)
        words = vocabulary()
        assert task.vocabulary == len(words) + 2 and task.inputs.shape == (2000, 16)
        for read, said in read_and_said(task):
            source = [words[token - 1] for token in read]
            assert [words[token - 1] for token in said] == translated(source)

    def test_words_and_lengths_vary_evenly(self) -> None:
        task = TASKS["translation"]()
        words = vocabulary()
        counts = Counter(words[token - 1] for read, _ in read_and_said(task) for token in read)
        nouns = [
            counts[noun] + counts["children" if noun == "child" else noun + "s"]
            for noun in ("dog", "cat", "bird", "child", "tree", "river")
        ]
        assert max(nouns) / min(nouns) < 1.1  # 3,333 each, standard deviation 53
        adverbs = (counts["today"] + counts["often"]) / 10_000
        assert adverbs == pytest.approx(2 / 3, abs=0.02)
        assert {len(read) for read, _ in read_and_said(task)} == {5, 6, 7, 8}

    def test_the_target_is_beyond_who_has_not_read(self) -> None:
        task = TASKS["translation"]()
        assert unread(task, words=3) < task.target - 0.2


def vocabulary() -> list[str]:
    nouns = [word for word, there in THERE.items() if "-" in there]
    verbs = ("see", "follow", "like", "find")
    known = {"some", "children", *THERE, *(verb + "s" for verb in verbs)}
    known |= {noun + "s" for noun in nouns if noun != "child"}
    for there in THERE.values():
        stem, _, gender = there.partition("-")
        if gender:
            known |= {stem + gender, stem + gender + "s"}
        elif stem in ("pet", "vek", "rus", "sil", "l", "un"):
            known |= {stem + gender + number for gender in "oae" for number in ("", "s")}
        elif stem in ("odi", "ofte"):
            known.add(stem)
        else:
            known |= {stem + "en", stem + "et"}
    return sorted(known)


def unread(task: Task, *, words: int) -> float:
    """Accuracy of who knows the time and the last so many words said, counted on one half of the
    examples, tried on the other.
    """
    pairs = read_and_said(task)
    half = len(pairs) // 2
    counts: defaultdict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    for _, said in pairs[:half]:
        for step, word in enumerate(said):
            for known in range(words + 1):
                counts[(step, *said[max(step - known, 0) : step])][word] += 1
    right, asked = 0.0, 0
    for _, said in pairs[half:]:
        guesses = []
        for step in range(len(said)):
            known = words
            while (step, *said[max(step - known, 0) : step]) not in counts:
                known -= 1
            seen = counts[(step, *said[max(step - known, 0) : step])]
            guesses.append(seen.most_common(1)[0][0])
        right += sum(a == b for a, b in zip(guesses, said, strict=True)) / len(said)
        asked += 1
    return right / asked


@pytest.mark.parametrize("name", ["dates", "translation"])
def test_blanks_do_not_count(name: str) -> None:
    task = TASKS[name](examples=20)
    sure = torch.nn.functional.one_hot(task.targets, task.outputs).double()
    assert task.metric(sure, task.targets).tolist() == [1.0] * 20
    ahead = sure.clone()
    ahead[:, : task.read_steps] = 0
    assert task.metric(ahead, task.targets).tolist() == [1.0] * 20
    ahead[:, task.read_steps] = 0  # the first word wrong
    said = (task.targets > 0).sum(dim=1).double()
    torch.testing.assert_close(task.metric(ahead, task.targets), 1 - 1 / said)


@pytest.mark.parametrize("name", ["dates", "translation"])
def test_no_network_may_read_the_answer_off(name: str) -> None:
    task = TASKS[name](examples=20)
    values = {"depth": 1, "width": 8, "heads": 2, "activation": "relu"}
    rule = f"attention_mask must be causal on task {name}, whose answers stand among its inputs"
    with pytest.raises(NetworkError, match=rule):
        build_network(NETWORKS["transformer"], {**values, "attention_mask": "none"}, task)
    for network in ("rnn", "lstm", "gru", "seq2seq", "transformer", "encoder_decoder"):
        torch.manual_seed(0)
        module = build_network(NETWORKS[network], values, task).double()
        for earlier, later in pairwise(range(task.read_steps or 0, task.inputs.shape[1])):
            changed = task.inputs.clone()
            changed[:, later] = 1
            one, two = module(task.inputs), module(changed)
            torch.testing.assert_close(one[:, earlier], two[:, earlier])


@pytest.mark.parametrize(
    ("name", "options", "rule"),
    [
        ("dates", {"examples": 0}, "must be >= 1, but got 0"),
        ("dates", {"first_year": 999}, "must be >= 1000, but got 999"),
        ("translation", {"examples": 0}, "must be >= 1, but got 0"),
    ],
)
def test_numbers_out_of_range(name: str, options: dict[str, int], rule: str) -> None:
    with pytest.raises(TaskError) as caught:
        TASKS[name](**options)
    assert str(caught.value) == rule and caught.value.parameter in options
