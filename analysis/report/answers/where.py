"""Where it trains, in one sentence."""

from __future__ import annotations

from analysis.labels import capitalized, percent, percent_range
from analysis.report.answers.answer import Answer
from analysis.report.findings.evidence import Evidence
from analysis.report.findings.findings import counts
from analysis.report.findings.smoothed_maps import smoothed_maps, surest_cell
from analysis.report.sections.safe_regions import find
from analysis.safe_regions.confirmation import confirmation_text
from analysis.trials.records import records


def where_it_trains(evidence: Evidence) -> Answer:
    """Returns the recommended region, how sure it is, and what fresh trials said."""
    findings = evidence.of(find)
    if findings.boxes.empty:
        return Answer(lead="No region is reliably stable", text=_without(evidence))
    first = records(findings.boxes)[0]
    confidence = percent(findings.boxes.attrs["confidence"])
    promised = (
        f"about {percent(first['purity'])} of the trials there are stable, at least "
        f"{percent(first['low'])} with {confidence} confidence"
    )
    lead = f"It trains at {first['box']}"
    fresh = [row for row in records(findings.confirmed) if row["where"] == first["where"]]
    if not fresh:
        return Answer(lead=lead, text=f"{promised}.")
    return Answer(lead=lead, text=f"{confirmation_text(fresh[0])}.")


def _without(evidence: Evidence) -> str:
    stable = evidence.of(counts).iloc[0]
    if not stable["trials"]:
        return f"none of {len(evidence.trials):,} trials was stable."
    best = _best_cell(evidence)
    share = f"{percent(stable['share'])} of all trials were stable"
    return f"{share}{'; the best cell is ' + best if best else ''}."


def _best_cell(evidence: Evidence) -> str:
    """Names the cell of the first map with the highest lower bound; "" without a map."""
    drawn = evidence.of(smoothed_maps)
    if not drawn:
        return ""
    best = surest_cell(drawn[0].regions)
    if best is None:
        return ""
    names = [name for name in (drawn[0].x, drawn[0].y) if name]
    cell = ", ".join(
        f"{name.replace('_', ' ')} {best[axis]}" for name, axis in zip(names, "xy", strict=False)
    )
    interval = percent_range(best["smoothed_low"], best["smoothed_high"])
    return f"{cell} with {percent(best['smoothed'])} stable ({interval})"


def sentence(answer: Answer) -> str:
    """Returns an answer as one line of plain text."""
    return capitalized(f"{answer.lead}: {answer.text}")
