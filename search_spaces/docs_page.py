"""The catalogue as a page of the documentation."""

from __future__ import annotations

from collections.abc import Mapping

from search_spaces.catalogue import CATALOGUE, Hyperparameter
from search_spaces.space.entries import conditions_text

_COLUMNS = ("name", "meaning", "domain", "default", "unit", "belongs to", "applies", "fusible")


def catalogue_markdown(catalogue: Mapping[str, Hyperparameter] = CATALOGUE) -> str:
    """Returns a Markdown table, one row a hyperparameter, for docs/hyperparameters.md."""
    rows = [_COLUMNS, tuple("---" for _ in _COLUMNS), *map(_row, catalogue.values())]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _row(each: Hyperparameter) -> tuple[str, ...]:
    return (
        f"`{each.name}`",
        each.meaning,
        each.expected,
        _default(each),
        each.unit or "-",
        _home(each),
        conditions_text(each) or "always",
        "yes" if each.fusible else "no",
    )


def _home(each: Hyperparameter) -> str:
    """Returns built-in networks and tasks that have it."""
    if each.networks is None and each.tasks is None:
        return "all"
    return ", ".join((*(each.networks or ()), *(each.tasks or ())))


def _default(each: Hyperparameter) -> str:
    usual = each.default_text if each.default is None else f"`{_plain(each.default)}`"
    special = [f"{name}: `{_plain(value)}`" for name, value in each.network_defaults.items()]
    return "; ".join([usual or "none: left out", *special])


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
