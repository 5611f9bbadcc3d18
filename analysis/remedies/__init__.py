"""Remedies: which single change makes failing trials stable."""

from analysis.remedies.effect import net_interval
from analysis.remedies.remedies import remedies

__all__ = ["net_interval", "remedies"]
