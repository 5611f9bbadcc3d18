"""Ways to run a cohort's network, and which one fits a network."""

from study.engine.execution.execution import Batch, Execution, Pass
from study.engine.execution.making import EXECUTIONS, execution_of, make_execution
from study.engine.execution.traits import Traits, module_traits

__all__ = [
    "EXECUTIONS",
    "Batch",
    "Execution",
    "Pass",
    "Traits",
    "execution_of",
    "make_execution",
    "module_traits",
]
