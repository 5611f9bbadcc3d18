"""Why trials failed, each cause from evidence over the whole of their training."""

from study.verdicts.causes.cause import Cause
from study.verdicts.causes.rules import cause_clauses, causes
from study.verdicts.causes.signs import signs

__all__ = ["Cause", "cause_clauses", "causes", "signs"]
