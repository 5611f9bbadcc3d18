"""index.html from the sections' views and templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from importlib.resources import files

import jinja2
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from analysis.figures.palette import DARK, LIGHT, VERDICT_COLORS, ColorScale
from analysis.labels import count_label, percent, percent_range, points, value_label
from analysis.report.findings.evidence import Evidence
from analysis.report.sections import SECTIONS
from analysis.report.walk.packing import packed_text


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """A section as it stands on a page; one without a title is the page's head.

    `folded`: whether it stands behind a click.
    """

    id: str
    title: str
    html: Markup
    folded: bool = False


def render_page(
    evidence: Evidence, *, created: datetime, version: str, left_out: Sequence[str] = ()
) -> str:
    """Renders the page as one self-contained HTML text: styles, scripts and figures inside.

    Args:
        evidence: What to show.
        created: When it was made, in UTC, for the page's end.
        version: gradscape's version, for the page's end.
        left_out: What its folder lacks and why, in sentences, for the page's end.
    """
    chapters = []
    for section in SECTIONS:
        view = evidence.of(section.view)
        if view is not None:
            made = chapter(section.name, section.title, view)
            chapters.append(replace(made, folded=section.folded))
    title = f"{evidence.study} – stability report"
    return assemble(title, chapters, created=created, version=version, left_out=left_out)


def chapter(name: str, title: str, view: object) -> Chapter:
    """Fills the template of a section.

    Args:
        name: Name of the template, and of the anchor on the page.
        title: Title in the contents; "" for the page's head.
        view: What the template shows.
    """
    template = _environment().get_template(f"{name}.html")
    return Chapter(id=name, title=title, html=Markup(template.render(view=view)))


def assemble(
    title: str,
    chapters: list[Chapter],
    *,
    created: datetime,
    version: str,
    left_out: Sequence[str] = (),
) -> str:
    """Assembles one self-contained page of these chapters.

    Args:
        title: Title of the browser's tab.
        chapters: The chapters in their order, the head first.
        created: When it was made, in UTC, for the page's end.
        version: gradscape's version, for the page's end.
        left_out: What its folder lacks and why, in sentences, for the page's end.
    """
    return (
        _environment()
        .get_template("page.html")
        .render(
            title=title,
            chapters=chapters,
            created=created.strftime("%d %B %Y, %H:%M UTC"),
            version=version,
            left_out=left_out,
            style=_resource("page.css"),
            script=_script(),
            plotly=Markup(_plotly()),
        )
    )


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("analysis.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = percent
    environment.filters["value"] = value_label
    environment.globals.update(
        percent_range=percent_range,
        count_label=count_label,
        points=points,
        colors=VERDICT_COLORS,
        scales={"light": _gradient(LIGHT.probability), "dark": _gradient(DARK.probability)},
    )
    return environment


def _gradient(scale: ColorScale) -> Markup:
    return Markup(", ".join(f"{color} {100 * position:g}%" for position, color in scale))


WALK = (
    *("unpack", "axes", "latent", "model", "paint", "maps"),
    *("lines", "card", "filter", "table", "parallel"),
)
"""The scripts of the walkable map, in the order of who uses whom; then `controls` and `walk`."""


def _script() -> Markup:
    names = [f"walk/{name}.js" for name in (*WALK, "controls", "walk")]
    return Markup("\n").join(_resource(name) for name in (*names, "running.js", "page.js"))


@cache
def _plotly() -> str:
    return packed_text(get_plotlyjs())


def _resource(name: str) -> Markup:
    return Markup((files("analysis.report") / "templates" / name).read_text(encoding="utf-8"))
