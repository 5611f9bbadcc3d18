"""The generated table of docs/diagnose.md, made from the moves themselves."""

from __future__ import annotations

import re

from study.diagnosis.moves import MOVES, Move

_MARKED = re.compile(r"(<!-- moves -->\n).*?(<!-- end -->)", re.DOTALL)

_SCALES = {
    "decades": "a factor of 10",
    "averaging": "a factor of 10 in 1 - value",
    "units": "1",
}


def moves_markdown() -> str:
    """Writes one row a move: what is changed to what, what that weighs, and why it may help."""
    head = ("hyperparameter", "to", "weighs", "the fix for", "meant for", "because")
    rows = [head, ("---",) * len(head)]
    for move in MOVES:
        name = f"`{move.hyperparameter}`"
        fixes, aims = ", ".join(move.causes), ", ".join(move.aims)
        rows.append((name, _values(move), _weight(move), fixes, aims, move.reason))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def with_table(page: str) -> str:
    """Returns the page with what stands between its marks made again.

    Raises:
        ValueError: If the page lacks the marks.
    """
    if not _MARKED.search(page):
        raise ValueError("the page must have the marks `<!-- moves -->` and `<!-- end -->`")
    return _MARKED.sub(lambda mark: mark[1] + moves_markdown() + mark[2], page)


def _values(move: Move) -> str:
    texts = []
    if move.factors:
        divided = all(factor < 1 for factor in move.factors)
        sizes = [1 / factor if divided else factor for factor in move.factors]
        listed = ", ".join(f"{size:g}" for size in sizes)
        texts.append(f"{'divided' if divided else 'multiplied'} by {listed}")
    if move.limits:
        listed = ", ".join(f"{share:g}" for share in move.limits)
        texts.append(f"{listed} of the largest stable one, where that is known")
    if move.shares:
        texts.append(f"{', '.join(f'{100 * share:g} %' for share in move.shares)} of the steps")
    if move.values:
        texts.append(
            ", ".join(
                f"{value:g}" if isinstance(value, float) else str(value) for value in move.values
            )
        )
    of = f" ({', '.join(move.networks)})" if move.networks else ""
    return "; ".join(texts) + of


def _weight(move: Move) -> str:
    parts = [f"{move.fixed:g}"] if move.fixed else []
    if move.per_distance:
        parts.append(f"{move.per_distance:g} for {_SCALES[move.scale]}")
    return " + ".join(parts)
