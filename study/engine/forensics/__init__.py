"""What was first when a trial became non-finite: the one step, with its examples apart."""

from __future__ import annotations

from study.engine.forensics.gradient_origin import gradient_origins
from study.engine.forensics.look import Alone, first_failure
from study.engine.forensics.output_bound import output_bound
from study.engine.forensics.watch import FailureWatch
from study.engine.forensics.wiring import Wiring, look_at_wiring

__all__ = [
    "Alone",
    "FailureWatch",
    "Wiring",
    "first_failure",
    "gradient_origins",
    "look_at_wiring",
    "output_bound",
]
