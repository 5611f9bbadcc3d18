"""Parts of a network that do not train, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

FROZEN = "requires_grad is False"


def in_words(reasons: Mapping[str, str]) -> str:
    """Writes "fc1, fc2 (requires_grad is False); head (no optimizer has it)".

    Args:
        reasons: Why a layer does not train, by its name.
    """
    by_reason: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        by_reason.setdefault(reason, []).append(name)
    return "; ".join(f"{listed(names)} ({reason})" for reason, names in by_reason.items())


def listed(names: Sequence[str]) -> str:
    """Writes "fc1, fc2, fc3 and 4 more"."""
    if len(names) <= 4:
        return ", ".join(names)
    return f"{', '.join(names[:3])} and {len(names) - 3} more"
