"""What runs inside a Ray worker: one actor that trains cohort after cohort."""

from __future__ import annotations

import dataclasses
import faulthandler
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray
from ray import cloudpickle, tune
from ray.actor import ActorHandle

from study.dispatch.dispatcher import Train
from study.dispatch.failures import Failure, describe
from study.dispatch.tune.worker_death import this_worker
from study.dispatch.tune.worker_log import WorkerLine, sent_to_driver

FAILURE = "failure"
"""Key of Tune's result under which a worker says what `train` raised."""

SECONDS = "seconds"
"""Key under which it says how long training took: Tune's own time counts the worker's start."""


class CohortTrainable(tune.Trainable):
    """Trains the cohort whose number is in the config, and is then reset to the next one."""

    def setup(
        self,
        config: dict[str, Any],
        train_pickle: bytes = b"",
        exchange: ActorHandle | None = None,
        limit_s: float | None = None,
    ) -> None:
        self._number = int(config["cohort"])
        self._train_pickle = train_pickle
        self._exchange = exchange
        self._limit_s = limit_s
        self._train: Train | None = None

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._number = int(new_config["cohort"])
        return True

    def step(self) -> dict[str, Any]:
        assert self._exchange is not None
        cohort = ray.get(self._exchange.fetch.remote(self._number, this_worker()))
        try:
            if self._train is None:
                # Here and not in `setup`: what cannot be imported on this machine is then reported
                # by its own message, where a failing `setup` looks like a lost worker.
                self._train = cloudpickle.loads(self._train_pickle)
            with _ended_after(self._limit_s), sent_to_driver(self._number, self._send):
                started = time.monotonic()
                payload = self._train(cohort)
                seconds = time.monotonic() - started
        except BaseException as error:  # Own code may call sys.exit, which would end the worker.
            return {"done": True, FAILURE: to_json(describe(error))}
        ray.get(self._exchange.deliver.remote(self._number, payload))
        return {"done": True, SECONDS: seconds}

    def _send(self, line: WorkerLine) -> None:
        assert self._exchange is not None
        ray.get(self._exchange.say.remote(line))


@contextmanager
def _ended_after(limit_s: float | None) -> Iterator[None]:
    """Ends this process if the block takes longer, whatever it does: none of it has to answer.

    Where it was then stands in the error output, which `study.dispatch.tune.worker_death` reads.
    """
    if limit_s is None:
        yield
        return
    faulthandler.dump_traceback_later(limit_s, exit=True, file=2)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def to_json(failure: Failure) -> str:
    """A failure as text that any process can read (exceptions may not be picklable)."""
    return json.dumps(dataclasses.asdict(failure))


def from_json(text: str) -> Failure:
    """Reads what `to_json` wrote."""
    fields = json.loads(text)
    if fields["input_error"] is not None:
        fields["input_error"] = tuple(fields["input_error"])
    return Failure(**fields)
