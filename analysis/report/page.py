"""index.html from the sections' views and templates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

import jinja2
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from analysis.figures.palette import DARK, LIGHT, VERDICT_COLORS, ColorScale
from analysis.labels import count_label, percent, percent_range, value_label
from analysis.report.evidence import Evidence
from analysis.report.sections import SECTIONS


@dataclass(frozen=True, kw_only=True)
class _Chapter:
    id: str
    title: str
    html: Markup


def render_page(evidence: Evidence, *, created: datetime, version: str) -> str:
    """The whole page as one self-contained HTML text: styles, scripts and figures inside.

    Args:
        evidence: What to show.
        created: Stands at the page's end.
        version: Of gradscape, likewise.
    """
    environment = _environment()
    chapters = []
    for section in SECTIONS:
        view = section.view(evidence)
        if view is None:
            continue
        template = environment.get_template(f"{section.name}.html")
        html = Markup(template.render(view=view))
        chapters.append(_Chapter(id=section.name, title=section.title, html=html))
    return environment.get_template("page.html").render(
        study=evidence.study,
        chapters=chapters,
        created=created.strftime("%d %B %Y, %H:%M UTC"),
        version=version,
        style=_resource("page.css"),
        script=_resource("page.js"),
        plotly=Markup(get_plotlyjs().replace("</script", "<\\/script")),
    )


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
        colors=VERDICT_COLORS,
        scales={"light": _gradient(LIGHT.probability), "dark": _gradient(DARK.probability)},
    )
    return environment


def _gradient(scale: ColorScale) -> Markup:
    return Markup(", ".join(f"{color} {100 * place:g}%" for place, color in scale))


def _resource(name: str) -> Markup:
    return Markup((files("analysis.report") / "templates" / name).read_text(encoding="utf-8"))
