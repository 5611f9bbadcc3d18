"""An Optuna sampler that places trials where the map of verdicts is uncertain.

Space-filling trials come first and one in two always; each of the others goes where it takes
most of the map's error away: the stability classifier says how likely each point of the space is
to lie on the wrong side of the boundary of stable, and how much of that a trial would take away.
Trials whose outcome is not known yet count as if it were.

References:
    Bryan et al., Active learning for identifying function threshold boundaries, NIPS 2005 (the
    straddle heuristic); Gotovos et al., Active learning for level set estimation, IJCAI 2013;
    Picheny et al., Adaptive designs of experiments for accurate approximation of a target
    region, J. Mechanical Design 2010 (variance weighed by nearness to the boundary, over the
    whole space); Ginsbourger, Le Riche and Carraro, Kriging is well-suited to parallelize
    optimization, 2010 (trials that are under way).
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial
from threadpoolctl import threadpool_limits

from search_spaces.samplers.boundary.candidates import Applying
from search_spaces.samplers.boundary.model import BoundaryModel, CohortKey
from search_spaces.samplers.boundary.observations import Label, Observations, attribute_label
from search_spaces.samplers.boundary.schedule import BOUNDARY, SPACE_FILLING, Design, Schedule
from search_spaces.samplers.boundary.settings import Settings
from search_spaces.samplers.cube import SobolDesign, cube_values
from search_spaces.samplers.design import SYSTEM_DESIGN


class BoundarySampler(BaseSampler):
    """Maps where a verdict changes, with as few trials as it takes.

    What is mapped is the label of a trial: its user attribute ``verdict`` or what ``label``
    says; where no trial has one, whether its value exceeds ``threshold``. Every proposal is a
    function of ``seed``, the trial's number and what the study's storage holds, so that a study
    that is taken up again goes on as if it had never stopped.

    Args:
        seed: Seeds the space-filling points, the candidates and the model, >= 0.
        label: Returns what a finished trial is an example of; None if it says nothing.
        attribute: User attribute that is the label if ``label`` is not given.
        threshold: Splits the trials' values, if no trial has a label; None takes their median.
        stable: The label whose boundary with all others counts most. If no trial has it, all
            boundaries count alike.
        startup: Space-filling trials before the first that goes to the boundary, >= 1.
        every: Afterwards one in so many fills the space, >= 2; 1 only fills the space.
        axes: What varies. None learns it from the trials, as other samplers do.
        applying: Which hyperparameters apply, from values for all of them. None learns it.
        cohort_key: Trials that agree in it are trained together; of two that would teach alike
            the one that fits those that wait is preferred.
        seeds: Trials a configuration, >= 1: trials number // seeds share their values.
        params: Returns the hyperparameters of a trial as the sampler is to see them; by default
            as Optuna has them.
        first: Number of the first trial that is sampled by it; its startup begins there.
        configuration: Which configuration a trial has by its number, counted from 0; None for one
            that was placed for another reason and is no even sample of the space. By default
            (number - first) // seeds.
        settings: Figures of the method.

    Raises:
        ValueError: If ``seed``, ``seeds``, ``startup`` or ``every`` is too small; when a trial is
            asked, if the study has several objectives.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        label: Label | None = None,
        attribute: str = "verdict",
        threshold: float | None = None,
        stable: Hashable = "stable",
        startup: int = 64,
        every: int = 2,
        axes: Mapping[str, BaseDistribution] | None = None,
        applying: Applying | None = None,
        cohort_key: CohortKey | None = None,
        seeds: int = 1,
        params: Callable[[FrozenTrial], Mapping[str, Any]] = lambda trial: trial.params,
        first: int = 0,
        configuration: Callable[[int], int | None] | None = None,
        settings: Settings | None = None,
    ) -> None:
        _check(seed, seeds)
        self._seed, self._seeds, self._first = seed, seeds, first
        self._configuration = configuration or (lambda number: (number - first) // seeds)
        self._axes, self._lock = None if axes is None else dict(axes), threading.RLock()
        self._schedule = Schedule(startup=startup, every=every)
        self._study: tuple[object, int] | None = None
        label = label or attribute_label(attribute)
        self._make_observations = partial(Observations, label, params)
        self._make_model = partial(
            BoundaryModel,
            seed=seed,
            threshold=threshold,
            stable=stable,
            applying=applying,
            cohort_key=cohort_key,
            settings=settings or Settings(),
        )
        self._forget()

    def design(self, number: int) -> Design:
        """Returns what a trial is for; a rule of its number alone."""
        configuration = self._configuration(number)
        return BOUNDARY if configuration is None else self._schedule.design(configuration)

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        with self._lock:
            self._open(study)
            if self._axes is not None:
                return dict(self._axes)
            self._observations.update(study, besides=trial.number)
            return dict(self._observations.axes)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        with self._lock:
            self._mark(study, trial)
            if not search_space:
                return {}
            sibling = self._sibling(study, trial)
            if sibling is not None:
                return dict(sibling)
            if self.design(trial.number) != SPACE_FILLING:
                self._observations.update(study, besides=trial.number)
                # Further threads spin beside matrices of this size, at many times its time.
                with threadpool_limits(1):
                    proposal = self._model.next(search_space)
                if proposal is not None:
                    return dict(proposal)
            # Points are numbered without gaps: skipping those of boundary trials would leave
            # holes in the Sobol sequence.
            index = self._schedule.index_of(self._configuration(trial.number) or 0)
            return dict(SobolDesign(axes=search_space, seed=self._seed_of_design).values(index))

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        _refuse_several(study)
        sibling = self._sibling(study, trial)
        if sibling is not None and param_name in sibling:
            return sibling[param_name]
        name = zlib.crc32(param_name.encode())
        configuration = self._configuration(trial.number)
        rng = np.random.default_rng([self._seed, max(configuration or 0, 0), name])
        return cube_values({param_name: param_distribution}, rng.random(1))[param_name]

    def _open(self, study: Study) -> None:
        """Forgets what it knows where it is passed another study than before."""
        _refuse_several(study)
        # Optuna's study objects come and go; what they stand for is this.
        now = (study._storage, study._study_id)
        if self._study != now:
            self._study = now
            self._forget()

    def _forget(self) -> None:
        self._observations = self._make_observations()
        self._model = self._make_model(self._observations)

    @property
    def _seed_of_design(self) -> int:
        """The study's seed for its first trials, others for those of a later space version."""
        if self._first == 0:
            return self._seed
        return int(np.random.SeedSequence([self._seed, self._first]).generate_state(1)[0])

    def _sibling(self, study: Study, trial: FrozenTrial) -> Mapping[str, Any] | None:
        """Returns the values of an earlier trial of the same configuration, if there is one."""
        if self._seeds == 1:
            return None
        earliest = trial.number - (trial.number - self._first) % self._seeds
        trials = study.get_trials(deepcopy=False)
        for number in range(earliest, min(trial.number, len(trials))):
            if trials[number].params:
                return trials[number].params
        return None

    def _mark(self, study: Study, trial: FrozenTrial) -> None:
        design = self.design(trial.number)
        trial.system_attrs[SYSTEM_DESIGN] = design
        if trial._trial_id >= 0:  # Else it is no trial of the storage yet.
            study._storage.set_trial_system_attr(trial._trial_id, SYSTEM_DESIGN, design)


def _check(seed: int, seeds: int) -> None:
    if seed < 0 or seeds < 1:
        raise ValueError(f"seed >= 0 and seeds >= 1 must hold, but got {seed} and {seeds}")


def _refuse_several(study: Study) -> None:
    if len(study.directions) > 1:
        raise ValueError(
            "BoundarySampler maps one verdict or one value, but the study has "
            f"{len(study.directions)} objectives; give the study one, or none"
        )
