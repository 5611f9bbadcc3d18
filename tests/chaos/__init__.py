"""A study on a cluster of three nodes while everything it needs is killed and restarted."""

from tests.chaos.plan import Fault, FaultKind, plan_faults
from tests.chaos.scene import Outcome, Scene, run_seed
from tests.chaos.study import undisturbed

__all__ = ["Fault", "FaultKind", "Outcome", "Scene", "plan_faults", "run_seed", "undisturbed"]
