"""Watching a training loop that somebody else wrote."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from study.watching.harmless import harmless
from study.watching.learner import Learner, Loss
from study.watching.models import Models, Optimizers, existing, groups_of, name_of
from study.watching.moment import Moment, moment_of
from study.watching.observing.ranks import joined_ranks
from study.watching.observing.scaler import Scaler

if TYPE_CHECKING:
    from study.watching.reporting.live import LiveRun
    from study.watching.reporting.result import RunResult
    from study.watching.reporting.run_folder import RunFolder
    from study.watching.reporting.trying import Remedied, Train

EVERY = 100
"""Steps between two looks, once the first ones are over: a look costs about as much as a step."""


class Watch:
    """A loop that is being watched; made by `watch`."""

    def __init__(
        self,
        learners: Mapping[str, Learner],
        *,
        report: Callable[[Moment], None] | None,
        config: Mapping[str, object],
        chance_loss: float | None,
        target_loss: float | None,
        tables: str | Path | None,
        mlflow: str | bool,
        network: str,
    ) -> None:
        self._learners = learners
        self._tables = tables
        self._network = network
        self._folder: RunFolder | None = None
        self._mlflow = mlflow
        self._live: LiveRun | None = None
        if tables is not None or mlflow:
            atexit.register(self._keep)
        self._report = report
        self._config = dict(config)
        self._chance_loss = chance_loss
        self._target_loss = target_loss

    def step(self, loss: Loss | Mapping[str, Loss]) -> None:
        """Takes the loss of a step, right after the optimizer's.

        Args:
            loss: The loss, or losses by name where several were named. Where it is called for
                every part of a batch whose gradients are accumulated, the step's is their mean.

        Raises:
            ValueError: If other losses come than were named.
        """
        # Not asked of a number: after a network's step, whether it is a mapping takes a while.
        named = not isinstance(loss, (Tensor, float)) and isinstance(loss, Mapping)
        losses = cast(Mapping[str, Loss], loss if named else {"": loss})
        if not losses.keys() <= self._learners.keys():
            known = ", ".join(map(repr, self._learners))
            raise ValueError(
                f"losses must be named {known}, but got {', '.join(map(repr, losses))}"
            )
        moments: list[Moment] = []
        self._take(losses, moments)
        if self._report is not None:
            for moment in moments:
                self._report(moment)  # What it raises is meant for the loop: to prune, say.

    def result(self) -> RunResult:
        """Returns verdict, cause and explanation as they stand now.

        Raises:
            ValueError: If no step was seen.
        """
        from study.watching.reporting.judging import judge

        result = judge(
            {name: learner.record for name, learner in self._learners.items()},
            config=self._config,
            chance_loss=self._chance_loss,
            target_loss=self._target_loss,
            notices=[notice for each in self._learners.values() for notice in each.notices],
        )
        if self._tables is not None:
            from study.watching.reporting.run_folder import RunFolder

            self._folder = self._folder or RunFolder(Path(self._tables), self._network)
            self._folder.write(result.trials, result.steps, result.layers)
        return result

    def close(self) -> None:
        """Ends watching: takes all hooks away. What was seen stays."""
        for learner in self._learners.values():
            learner.close()
        self._keep()
        atexit.unregister(self._keep)
        if self._live is not None and self._seen:
            self._live.finish(self.result())
            self._live = None

    def diagnose(self, train: Train, *, remedies: int = 1, most: int = 8) -> Remedied:
        """Looks for a change of settings that makes the run train, by training again.

        Args:
            train: Trains with the settings that it is given by name, such as
                `train(learning_rate=0.01)`, and returns its own watch. Its parameters say what may
                be changed.
            remedies: Changes to find.
            most: Trainings at most.

        Raises:
            InputError: If there is no setting that could be changed, or no watch comes back.
        """
        from study.watching.reporting.trying import try_remedies

        return try_remedies(self.result(), train, wanted=remedies, most=most)

    def check(self) -> None:
        """Looks whether gradients are finite; for optimizers that make them within their step.

        Called after the backward pass and before the update, it lets a first failure be found
        where it began. Other optimizers need no such call.
        """
        for learner in self._learners.values():
            learner.check()

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @harmless
    def _take(self, losses: Mapping[str, Loss], moments: list[Moment]) -> None:
        for name, value in losses.items():
            look = self._learners[name].finish(value)
            if look is not None:
                moments.append(moment_of(name, self._learners[name].record, look))
                self._tell(moments[-1])
        if self._folder is not None and self._folder.due:
            self._keep()

    def _keep(self) -> None:
        """Writes the tables, if any are wanted and there is something to write."""
        if self._tables is not None and self._seen:
            self.result()

    @property
    def _seen(self) -> bool:
        return any(learner.record.steps for learner in self._learners.values())

    def _tell(self, moment: Moment) -> None:
        if self._mlflow:
            from study.watching.reporting.live import LiveRun

            uri = self._mlflow if isinstance(self._mlflow, str) else None
            self._live = self._live or LiveRun(uri, self._network)
            self._live.tell(moment)


def watch(
    model: Models,
    optimizer: Optimizers,
    *,
    every: int = EVERY,
    scaler: torch.amp.GradScaler | None = None,
    report: Callable[[Moment], None] | None = None,
    config: Mapping[str, object] | None = None,
    chance_loss: float | None = None,
    target_loss: float | None = None,
    tables: str | Path | None = None,
    mlflow: str | bool = False,
    across_ranks: bool = False,
) -> Watch:
    """Watches a training loop: what becomes of it, and why.

        watch = study.watch(model, optimizer)
        for inputs, targets in loader:
            ...
            optimizer.step()
            watch.step(loss)
        print(watch.result())

    The numbers of the training stay the same, bit for bit, and so does all random state.

    Args:
        model: What is trained; a list where one loss trains several modules, a mapping from names
            where several losses do.
        optimizer: Its optimizer; a list where several share one loss, a mapping from the names of
            losses where each has its own, as in a game of two networks.
        every: Steps between two looks, once the first ones are over.
        scaler: Of mixed precision, if one is used.
        report: Told of each step that is looked at.
        config: Settings of the run that its tables are to have as columns.
        chance_loss: Loss of the best constant answer; by default it is found where the loss is a
            usual one.
        target_loss: Loss from which on the run counts as trained; by default it has to lose a
            tenth of its first loss, or of that by chance. NaN: the loss tells of no success.
        tables: Folder to write the run's tables to, as it goes on and at its end; where it holds
            a run already, a number is added to its name.
        mlflow: Address of an MLflow to tell while it runs, or True for the one that MLflow goes
            by; into the run that is open there, or one of its own.
        across_ranks: With several processes (DDP, FSDP): whether each of them watches, so that
            their numbers are joined to those of the whole batch.

    Raises:
        ValueError: If names of models and optimizers do not fit each other, `every < 1`, a model
            that is sharded over processes is not watched across them, or parameters of a lazy
            module do not exist yet.
    """
    groups = groups_of(model, optimizer)
    modules = existing(model for models, _ in groups.values() for model in models.values())
    across_ranks = joined_ranks(modules, wanted=across_ranks)
    known = Scaler(scaler)
    shared = isinstance(model, nn.Module) and len(groups) > 1
    return Watch(
        {
            name: Learner(
                name,
                models,
                optimizers,
                every=every,
                scaler=known,
                alone=not shared,
                across_ranks=across_ranks,
            )
            for name, (models, optimizers) in groups.items()
        },
        report=report,
        config=config or {},
        chance_loss=chance_loss,
        target_loss=target_loss,
        tables=tables,
        mlflow=mlflow,
        network=name_of(model),
    )
