"""report.md: the report in a few lines of GitHub-flavoured Markdown, for a pull request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from analysis.labels import count_label, percent, percent_range
from analysis.report.files.images import pictures_of
from analysis.report.files.markdown import plain
from analysis.report.findings.evidence import Evidence
from analysis.report.findings.findings import uniform
from analysis.report.sections import SECTIONS
from analysis.trials.counts import verdict_counts


def render_text(
    evidence: Evidence,
    *,
    images: Mapping[str, Sequence[str]],
    left_out: Sequence[str],
    created: datetime,
    version: str,
) -> str:
    """Joins the sections' texts under their titles; one without text is left to the page.

    Args:
        evidence: What the report shows.
        images: Image files by the id of the page's figure. The first figure of a section is
            shown, the others are linked.
        left_out: What the report's folder lacks, in sentences.
        created: When it was made, in UTC, for the last line.
        version: gradscape's version, for the last line.
    """
    lines = [f"# {plain(evidence.study)} – stability report", "", _head(evidence), ""]
    for section in SECTIONS:
        text = section.text(evidence).strip()
        if not text:
            continue
        lines += [f"## {section.title}", ""] if section.title else []
        lines += [text, "", *_shown(evidence.of(section.view), images)]
    lines += [f"Left out: {plain(sentence)}.\n" for sentence in left_out]
    lines.append(
        f"The whole report: `index.html`. Made by gradscape {plain(version)} on "
        f"{created:%Y-%m-%d}."
    )
    return "\n".join(lines) + "\n"


def _head(evidence: Evidence) -> str:
    stable = verdict_counts(evidence.of(uniform)).iloc[0]
    metadata = evidence.metadata
    return (
        f"{count_label(len(evidence.trials), 'trial')} of {plain(metadata.get('network', '?'))} "
        f"on {plain(metadata.get('task', '?'))}: {stable['trials']:,} stable, "
        f"{percent(stable['share'])} (95 % interval "
        f"{percent_range(stable['low'], stable['high'])})."
    )


def _shown(view: object, images: Mapping[str, Sequence[str]]) -> list[str]:
    drawn = [each for each in pictures_of(view) if images.get(each.id)]
    if not drawn:
        return []
    first, *rest = drawn
    # A raster image stands everywhere; GitHub shows SVG with other fonts.
    paths = sorted(images[first.id])
    lines = [f"![{plain(first.alt)}]({paths[0]})", ""]
    if rest:
        links = [f"[{plain(each.id)}]({sorted(images[each.id])[0]})" for each in rest]
        lines += [f"More figures: {', '.join(links)}.", ""]
    return lines
