"""What was said of the situations, beside the truth: one line each, and the totals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reported_situations.runs import Row
from reported_situations.situation import Situation
from study.diagnosis import is_clear

ALARMS = ("exploding", "vanishing", "oscillating")


@dataclass(frozen=True, kw_only=True)
class Result:
    """One situation and the row of what was said of it."""

    situation: Situation
    row: Row

    @property
    def broken(self) -> Mapping[str, Any]:
        return self.row.get("broken", {})

    @property
    def twin(self) -> Mapping[str, Any] | None:
        return self.row.get("twin")

    @property
    def named(self) -> int:
        """Seeds with the true cause, or one that would be accepted."""
        accepted = (self.situation.cause, *self.situation.also)
        return sum(self.broken.get("causes", {}).get(cause, 0) for cause in accepted)

    @property
    def seeds(self) -> int:
        return sum(self.broken.get("causes", {}).values())

    @property
    def is_named(self) -> bool:
        """Whether most seeds have the true cause."""
        return self.seeds > 0 and self.named > self.seeds / 2

    @property
    def agrees(self) -> bool:
        """Whether a clear majority of the seeds has one cause."""
        causes = self.broken.get("causes", {})
        return bool(causes) and is_clear(max(causes.values()), self.seeds)

    @property
    def remedies(self) -> Sequence[Mapping[str, Any]] | None:
        """Those found; None where none were looked for."""
        return self.broken.get("remedies")

    @property
    def is_fixed(self) -> bool | None:
        """Whether the known fix is among the remedies; None where there is none to find."""
        if self.remedies is None or not self.situation.fixes:
            return None
        return any(remedy["is_fix"] for remedy in self.remedies)

    @property
    def undone(self) -> int:
        """Remedies that a longer run loses again."""
        return sum(not remedy["holds"] for remedy in self.remedies or ())

    @property
    def false_alarms(self) -> int:
        """Seeds of the twin that are called exploding, vanishing or oscillating."""
        verdicts = (self.twin or {}).get("verdicts", {})
        return sum(verdicts.get(alarm, 0) for alarm in ALARMS)


def table(results: Sequence[Result]) -> Iterator[str]:
    """One line a situation."""
    yield (
        f"{'situation':26s}{'set':8s}{'true cause':24s}{'named':7s}{'causes named':44s}"
        f"{'verdicts':26s}{'first s':9s}{'twin':26s}remedies (* known fix, ! undone)"
    )
    for result in results:
        situation, broken = result.situation, result.broken
        if "error" in broken:
            yield f"{situation.name:26s}{situation.set:8s}{broken['error']}"
            continue
        named = f"{result.named}/{result.seeds}"
        twin = "" if result.twin is None else _counts(result.twin)
        yield (
            f"{situation.name:26s}{situation.set:8s}{situation.cause:24s}{named:7s}"
            f"{_each(broken['causes']):44s}{_counts(broken):26s}{broken['first_words_s']:<9.1f}"
            f"{twin:26s}{_remedies(result)}"
        ).rstrip()


def totals(results: Sequence[Result]) -> Iterator[str]:
    """What the table comes to."""
    number = len(results)
    if not number:
        return
    yield _share("cause named by most seeds", sum(each.is_named for each in results), number)
    yield _share("one cause in 4 of 5 seeds", sum(each.agrees for each in results), number)
    fixed = [each.is_fixed for each in results if each.is_fixed is not None]
    if fixed:
        yield _share("known fix among the first three remedies", sum(fixed), len(fixed))
    remedies = [remedy for each in results for remedy in each.remedies or ()]
    if remedies:
        undone = sum(each.undone for each in results)
        yield _share("remedies that three times the steps undo", undone, len(remedies))
    twins = [each for each in results if each.twin and "verdicts" in each.twin]
    if twins:
        trials = sum(sum(each.twin["verdicts"].values()) for each in twins if each.twin)
        yield _share("false alarms of twins, trials", sum(e.false_alarms for e in twins), trials)
    words = [each.broken["first_words_s"] for each in results if "first_words_s" in each.broken]
    if words:
        yield f"{'longest time to the first words':44s}{max(words):.1f} s"
    missing = [each for each in results if "error" in each.broken]
    if missing:
        yield _share("could not be diagnosed", len(missing), number)


def _share(what: str, number: int, of: int) -> str:
    return f"{what:44s}{number} of {of} ({number / of:.0%})"


def _counts(labels: Mapping[str, Any]) -> str:
    return _each(labels["verdicts"]) if "verdicts" in labels else "error"


def _each(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.items())


def _remedies(result: Result) -> str:
    if result.remedies is None:
        return ""
    texts = []
    for remedy in result.remedies:
        change = " ".join(f"{name}={value}" for name, value in remedy["change"].items())
        marks = "*" * remedy["is_fix"] + "!" * (not remedy["holds"])
        texts.append(change + marks)
    return "; ".join(texts) or "none found"
