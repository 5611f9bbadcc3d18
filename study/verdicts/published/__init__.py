"""Detectors of unstable training that others have published, over the tables of a study."""

from study.verdicts.published.alarms import alarms, fired
from study.verdicts.published.registry import LAYER_COLUMNS, RULES
from study.verdicts.published.rule import Rule

__all__ = ["LAYER_COLUMNS", "RULES", "Rule", "alarms", "fired"]
