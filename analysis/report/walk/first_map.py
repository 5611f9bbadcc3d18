"""The map of the first screen as a still picture, for those without JavaScript and on paper."""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
from markupsafe import Markup, escape
from numpy.typing import NDArray

from analysis.figures.palette import VERDICT_COLORS
from analysis.labels import value_label
from analysis.maps.theory_lines import log_chi_of
from analysis.report.findings.evidence import Evidence
from analysis.report.findings.findings import stability
from analysis.report.findings.setting import recommended_setting
from analysis.report.walk.axes import WalkAxis
from analysis.report.walk.rows import MAX_TRIALS, spread
from analysis.report.walk.start import space, start_axes
from analysis.stability_model import StabilityModel

WIDTH, HEIGHT = 560, 420
LEFT, RIGHT, TOP, BOTTOM = 84, 10, 10, 42
_DOTS, _CELLS = 1200, 44

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class FirstMap:
    """The map: an SVG, what is to be seen in words, and what stands below it.

    `others`: the values of the other hyperparameters; "" if there are none, or no model.
    """

    svg: Markup
    alt: str
    caption: str
    others: str = ""


def first_map(evidence: Evidence) -> FirstMap | None:
    """Draws the map that the page begins with; None if fewer than two hyperparameters vary."""
    start = evidence.of(start_axes)
    if start is None:
        return None
    axes, fitted = evidence.of(space), evidence.of(stability)
    x_axis, y_axis = axes[start[0]][0], axes[start[1]][0]
    names = f"{x_axis.label} and {y_axis.label}"
    others = ""
    if fitted is None:
        inside, alt = _marks(evidence, start), f"Map of the trials by {names}"
        caption = "Each mark is a trial, in the colour of its verdict."
    else:
        setting = evidence.of(recommended_setting)
        inside = _picture(fitted, setting, x_axis, y_axis)
        others = ", ".join(
            f"{axis.label} {value_label(setting[axis.name], digits=3)}"
            for axis, _ in axes
            if axis not in (x_axis, y_axis)
        )
        alt = f"Map of the likeliest verdict by {names}"
        caption = (
            "The likeliest verdict, its colour as strong as it is probable. Hatched: with "
            f"95\u00a0% confidence the boundary lies in here.{_lines(evidence, x_axis, y_axis)}"
        )
    svg = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}">{inside}{_axes(x_axis, y_axis)}</svg>'
    return FirstMap(svg=Markup(svg), alt=alt, caption=caption, others=others)


def _lines(evidence: Evidence, *axes: WalkAxis) -> str:
    """Says what theory's lines are, as far as the map has them."""
    names, trials, said = [axis.name for axis in axes], evidence.trials, ""
    if "depth" in names and np.isfinite(log_chi_of(trials)).any():
        said += " Dashed, where on the map: 6 depth scales of theory, as deep as gradients reach."
    limit = "predicted_max_learning_rate"
    if "learning_rate" in names and limit in trials and trials[limit].notna().any():
        said += " Dotted: the largest learning rate of theory."
    return said


def _picture(
    fitted: StabilityModel, setting: pd.Series, x_axis: WalkAxis, y_axis: WalkAxis
) -> str:
    xs, ys = x_axis.samples(_CELLS), y_axis.samples(_CELLS)
    frame = pd.DataFrame([setting] * (len(xs) * len(ys)))
    frame[x_axis.name] = np.array(xs * len(ys), dtype=object)
    frame[y_axis.name] = np.repeat(np.array(ys, dtype=object), len(xs))
    said = fitted.predict(frame.infer_objects())
    probability = said[list(fitted.verdicts)].to_numpy()
    best = probability.argmax(axis=1)
    colors = np.array([_rgb(VERDICT_COLORS[verdict]) for verdict in fitted.verdicts])
    kinds = len(VERDICT_COLORS)
    sure = (probability.max(axis=1) - 1 / kinds) / (1 - 1 / kinds)
    alpha = 255 * (0.08 + 0.86 * np.clip(sure, 0, 1))
    pixels = np.column_stack([colors[best], alpha.round()]).astype(np.uint8)
    # Pictures begin at the top.
    image = _png(pixels.reshape(len(ys), len(xs), 4)[::-1])
    return (
        f'<image x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}" '
        f'height="{HEIGHT - TOP - BOTTOM}" preserveAspectRatio="none" '
        f'style="image-rendering: pixelated" href="data:image/png;base64,{image}"/>'
    )


def _rgb(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _png(pixels: Pixels) -> str:
    """Returns an image [H, W, RGBA] as base64 of a PNG file (ISO 15948)."""
    height, width, _ = pixels.shape
    # Each row begins with its filter; 0 is none.
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    file = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return base64.b64encode(file).decode("ascii")


def _marks(evidence: Evidence, start: tuple[int, int]) -> str:
    (x_axis, xs), (y_axis, ys) = (evidence.of(space)[index] for index in start)
    chosen = spread(len(evidence.trials), MAX_TRIALS)
    chosen = chosen[spread(len(chosen), _DOTS)]
    places = zip(x_axis.column(xs.of(chosen)), y_axis.column(ys.of(chosen)), strict=True)
    verdicts = evidence.trials["verdict"].iloc[chosen]
    return "".join(
        f'<circle cx="{_across(_at(x_axis, x, index, 0.618)):.1f}" '
        f'cy="{_up(_at(y_axis, y, index, 0.414)):.1f}" r="3" fill="{VERDICT_COLORS[verdict]}"/>'
        for (x, y), verdict, index in zip(places, verdicts, chosen, strict=True)
        if x is not None and y is not None
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
