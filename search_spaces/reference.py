"""The catalogue as a page of the documentation."""

from __future__ import annotations

from collections.abc import Mapping

from search_spaces.catalogue import CATALOGUE, Hyperparameter
from search_spaces.space.entries import conditions_text

_COLUMNS = ("name", "meaning", "domain", "default", "unit", "networks", "applies", "fusible")


def catalogue_markdown(catalogue: Mapping[str, Hyperparameter] = CATALOGUE) -> str:
    """A Markdown table, one row a hyperparameter, for docs/hyperparameters.md."""
    rows = [_COLUMNS, tuple("---" for _ in _COLUMNS), *map(_row, catalogue.values())]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _row(each: Hyperparameter) -> tuple[str, ...]:
    default = each.default_text if each.default is None else f"`{_plain(each.default)}`"
    return (
        f"`{each.name}`",
        each.meaning,
        each.expected,
        default or "none: left out",
        each.unit or "-",
        "all" if each.networks is None else ", ".join(each.networks),
        conditions_text(each) or "always",
        "yes" if each.fusible else "no",
    )


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
