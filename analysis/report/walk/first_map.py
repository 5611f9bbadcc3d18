"""The map of the first screen as a still picture, for those without JavaScript and on paper."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup, escape

from analysis.figures.palette import VERDICT_COLORS
from analysis.report.findings.evidence import Evidence
from analysis.report.walk.axes import WalkAxis
from analysis.report.walk.data import inside
from analysis.report.walk.rows import spread
from analysis.report.walk.start import space, start_axes

WIDTH, HEIGHT = 560, 420
LEFT, RIGHT, TOP, BOTTOM = 84, 10, 10, 42
_DOTS = 1200


@dataclass(frozen=True, kw_only=True)
class FirstMap:
    """The map: an SVG, what is to be seen in words, and what stands below it."""

    svg: Markup
    alt: str
    caption: str


def first_map(evidence: Evidence) -> FirstMap | None:
    """Draws the map that the page begins with; None if fewer than two hyperparameters vary."""
    start = evidence.of(start_axes)
    if start is None:
        return None
    axes = evidence.of(space)
    (x_axis, xs), (y_axis, ys) = axes[start[0]], axes[start[1]]
    chosen = evidence.of(inside)
    chosen = chosen[spread(len(chosen), _DOTS)]
    verdicts = evidence.trials["verdict"].iloc[chosen]
    dots = zip(
        x_axis.column(xs.of(chosen)), y_axis.column(ys.of(chosen)), verdicts, chosen, strict=True
    )
    marks = [
        f'<circle cx="{_across(_at(x_axis, x, index, 0.618)):.1f}" '
        f'cy="{_up(_at(y_axis, y, index, 0.414)):.1f}" r="3" fill="{VERDICT_COLORS[verdict]}"/>'
        for x, y, verdict, index in dots
        if x is not None and y is not None
    ]
    svg = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}">{"".join(marks)}{_axes(x_axis, y_axis)}</svg>'
    names = f"{x_axis.label} and {y_axis.label}"
    return FirstMap(
        svg=Markup(svg),
        alt=f"Map of the verdicts of the trials by {names}.",
        caption="Each mark is a trial, in the colour of its verdict.",
    )


def _at(axis: WalkAxis, value: float, index: int, salt: float) -> float:
    at = axis.position(value)
    return at + ((index * salt) % 1 - 0.5) / (1.5 * len(axis.labels)) if axis.listed else at


def _across(at: float) -> float:
    return LEFT + at * (WIDTH - LEFT - RIGHT)


def _up(at: float) -> float:
    return TOP + (1 - at) * (HEIGHT - TOP - BOTTOM)


def _axes(x_axis: WalkAxis, y_axis: WalkAxis) -> str:
    texts = [
        f'<text x="{_across(at):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">'
        f"{escape(text[:14])}</text>"
        for at, text in x_axis.ticks()
    ]
    texts += [
        f'<text x="{LEFT - 6}" y="{_up(at) + 4:.1f}" text-anchor="end">{escape(text[:9])}</text>'
        for at, text in y_axis.ticks()
    ]
    middle = (WIDTH + LEFT) / 2
    texts.append(f'<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle" class="muted">')
    texts.append(f"{escape(x_axis.label)}</text>")
    texts.append(
        f'<text transform="translate(11 {HEIGHT / 2}) rotate(-90)" text-anchor="middle" '
        f'class="muted">{escape(y_axis.label)}</text>'
    )
    return "".join(texts)
