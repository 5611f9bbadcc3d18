"""Ways to run a cohort's network, and which one fits a network."""

from study.engine.execution.execution import Execution, Pass
from study.engine.execution.making import EXECUTIONS, make_execution
from study.engine.execution.traits import Traits, module_traits

__all__ = ["EXECUTIONS", "Execution", "Pass", "Traits", "make_execution", "module_traits"]
