"""Which of the cohorts that wait for a worker gets the next free one."""

from __future__ import annotations

from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial as TuneTrial
from ray.tune.schedulers import FIFOScheduler


class NewcomersFirst(FIFOScheduler):
    """Leaves to a cohort the worker that is starting for it.

    Tune's own scheduler names the cohort that has waited longest; it then takes the next worker
    that becomes free, and the one that was starting for it is ended. As long as cohorts train
    faster than a worker starts, no further worker ever comes up: neither at the start of a study
    nor on a node that joins. If the scheduler names none, Tune gives a free worker to a
    cohort for which none is starting, and to the others only when there is no such cohort left.
    """

    def choose_trial_to_run(self, tune_controller: TuneController) -> TuneTrial | None:
        return None
