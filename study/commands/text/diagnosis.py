"""A diagnosis for people: what became of it and why, and the measurements below it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from rich.text import Text

from study.commands.text.gradient_picture import picture
from study.commands.text.verdict_style import COLOURS

if TYPE_CHECKING:
    from study.diagnosis import Diagnosis, Expectation, Explanation, FirstLook, Spread


def first_look_text(look: FirstLook) -> Iterator[Text]:
    """What the gradient is like before the first update, while the first seed is trained."""
    if look.regime is None or math.isnan(look.ratio):
        return
    place = (
        f"of {look.time_steps} time steps the first" if look.time_steps > 1 else "the first layer"
    )
    # Said alone it reads as a verdict, which the first seed may contradict.
    caution = "" if look.regime == "healthy" else "; such a network may train all the same"
    yield Text(
        f"at initialization: {place} receives {_number(look.ratio)} of the gradient that the last "
        f"one does ({look.regime}{caution})"
    )


def first_seed_text(found: Diagnosis) -> Iterator[Text]:
    """What became of the first seed, while the others are still trained."""
    (only,) = found.explanations
    yield Text(
        f"first of {found.seeds_planned} seeds: {only.summary}",
        style=f"bold {COLOURS.get(only.verdict, '')}",
    )
    yield Text(f"  {_evidence(only)}")


def verdict_text(found: Diagnosis, told: Diagnosis | None = None) -> Iterator[Text]:
    """What became of all seeds and why, those of one cause together.

    Args:
        found: The diagnosis.
        told: What was said of the first seed; the sentence of the seeds that ended like it is
            not said again.
    """
    known = set() if told is None else {(each.verdict, each.cause) for each in told.explanations}
    for each in found.explanations:
        yield Text(
            f"{each.seeds} of {_seeds(found.trained.seeds)}: {each.summary}",
            style=f"bold {COLOURS.get(each.verdict, '')}",
        )
        if (each.verdict, each.cause) not in known:
            typical = "typical seed: " if each.seeds > 1 else ""
            yield Text(f"  {typical}{_evidence(each)}")
        if each.cause == "unknown" and found.notices:
            yield Text("  what stands above as noticed before training may be the reason")


def _evidence(explanation: Explanation) -> str:
    """The sentence without the cause by itself, which the line above has said."""
    from study.tables.schema import CAUSES

    return explanation.text.removeprefix(f"{CAUSES.get(explanation.cause, '')}. ")


def measurements_text(found: Diagnosis, *, unicode: bool) -> Iterator[Text]:
    """What stands below: the configuration, the gradient by layer, theory, published rules.

    Args:
        found: The diagnosis.
        unicode: Whether the terminal shows more than ASCII.
    """
    yield from _gradients(found, unicode=unicode)
    yield from _theory(found.expectation, found.trained.seeds)
    yield Text()
    for sentence in noticed_text(found):
        yield Text(f"also noticed: {sentence}")
    if found.alarms:
        yield Text(f"published rules that give alarm: {_alarms(found)}", style="dim")
    settings = "  ".join(f"{name}={value}" for name, value in found.hyperparameters.items())
    yield Text(
        f"trained: {found.network} on {found.task}, {found.steps_planned} steps, {settings}"
    )


def noticed_text(found: Diagnosis) -> Iterator[str]:
    """What was noticed beside verdict and cause, a sentence each with its number of seeds."""
    from study.verdicts.flags import MEANINGS

    for name, count in found.flags.items():
        yield f"{MEANINGS[name]} ({count} of {_seeds(found.trained.seeds)})"


def _alarms(found: Diagnosis) -> str:
    """By source: "sagemaker dead_relu, saturated_activation; autotrainer dying_relu (3 of 5)"."""
    seeds = found.trained.seeds
    by_source: dict[str, list[str]] = {}
    for alarm, count in found.alarms.items():
        source, _, rule = alarm.partition(".")
        some = "" if count == seeds else f" ({count} of {seeds})"
        by_source.setdefault(source, []).append(rule + some)
    return "; ".join(f"{source} {', '.join(rules)}" for source, rules in by_source.items())


def _gradients(found: Diagnosis, *, unicode: bool) -> Iterator[Text]:
    yield Text()
    if not found.gradients:
        yield Text("gradients were not measured by layer")
        return
    over = "" if found.trained.seeds == 1 else f", median of {found.trained.seeds} seeds"
    yield Text(f"size of the gradient by layer{over}; bars on one logarithmic scale", style="bold")
    yield from picture(found.gradients, unicode=unicode)


def _theory(expected: Expectation, seeds: int) -> Iterator[Text]:
    rows = dict(theory_rows(expected, seeds))
    if not rows and not expected.remarks:
        return
    yield Text()
    yield Text("theory beside measurement, at initialization", style="bold")
    width = max(map(len, rows), default=0)
    for heading, text in rows.items():
        yield Text(f"  {heading:{width}}  {text}")
    for remark in expected.remarks:
        yield Text(f"  {remark}")


def theory_rows(expected: Expectation, seeds: int) -> Iterator[tuple[str, str]]:
    """What is compared, and how theory and measurement compare, in words.

    Args:
        expected: The comparison.
        seeds: Number of seeds that were measured.
    """
    if expected.ratio is not None:
        predicted = expected.predicted_ratio
        theory = "theory is silent" if predicted is None else f"predicted {_number(predicted)}"
        yield "gradient ratio R, first over last", f"{theory}, measured {_spread(expected.ratio)}"
    if expected.predicted_regime is not None and expected.regimes:
        measured = _counted(expected.regimes, seeds)
        yield "gradient regime", f"predicted {expected.predicted_regime}, measured {measured}"
    if expected.max_learning_rate is not None:
        yield (
            "learning rate",
            f"stable up to {_spread(expected.max_learning_rate)}, used {expected.learning_rate:g}",
        )
    elif expected.sharpness is not None:
        yield "sharpness", _spread(expected.sharpness)


def _spread(spread: Spread) -> str:
    if spread.low == spread.high:
        return _number(spread.median)
    return f"{_number(spread.median)} ({_number(spread.low)} to {_number(spread.high)})"


def _number(value: float) -> str:
    from study.verdicts.explanation.numbers import figure

    return figure(value)


def _counted(counts: Mapping[str, int], seeds: int) -> str:
    if seeds == 1:
        return ", ".join(counts)
    return ", ".join(f"{name} ({count} of {seeds})" for name, count in counts.items())


def _seeds(count: int) -> str:
    return "1 seed" if count == 1 else f"{count} seeds"
