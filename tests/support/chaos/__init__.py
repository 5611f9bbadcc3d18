"""A study on a cluster of three nodes while everything it needs is killed and restarted."""

from tests.support.chaos.plan import Fault, FaultKind, plan_faults
from tests.support.chaos.scene import Outcome, Scene, run_seed
from tests.support.chaos.study import undisturbed

__all__ = ["Fault", "FaultKind", "Outcome", "Scene", "plan_faults", "run_seed", "undisturbed"]
