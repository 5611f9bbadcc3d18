"""What every dispatcher promises; a subclass supplies `dispatcher`."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest

from search_spaces.errors import InputError
from study.dispatch import CohortQueue, TrainingError
from study.trial import Cohort, Trial


def encoded(cohort: Cohort) -> bytes:
    """A cohort's trials as `Run` reads what came of their training."""
    return json.dumps([[t.number, t.seed, t.hyperparameters] for t in cohort.trials]).encode()


class Echo:
    """Stands in for training: returns the cohort's trials; misbehaves as its plan says.

    The plan goes by trial number; each misbehaviour happens in the first ``times`` attempts.
    """

    def __init__(self, **plan) -> None:
        self.plan = plan

    def __call__(self, cohort: Cohort) -> bytes:
        for trial in cohort.trials:
            for act in ("die", "memory", "bug", "input"):
                number, times = self.plan.get(act, (None, 0))
                if number == trial.number and cohort.attempt < times:
                    self.misbehave(act)
        if "log" in self.plan:
            start = time.time()
            time.sleep(0.05)
            with Path(self.plan["log"]).open("a") as file:
                file.write(f"{os.getpid()} {start} {time.time()}\n")
        return encoded(cohort)

    def misbehave(self, act: str) -> None:
        if act == "die":
            os._exit(1)
        if act == "memory":
            raise MemoryError("no room")
        if act == "input":
            raise InputError("a network must return logits", key="network", file="study.yaml")
        raise ZeroDivisionError("my network divides by zero")


class Run:
    """One study of ``trials`` trials, and what was delivered."""

    def __init__(self, trials: int, **settings) -> None:
        self.delivered: list[tuple[Cohort, bytes]] = []
        self.failed: list[int] = []
        self.stop = threading.Event()
        self.next_number = 0
        self.queue = CohortQueue(
            ask=self.ask,
            remaining=trials,
            cohort_key=lambda values: values["depth"],
            cost=lambda values: float(values["depth"]),
            fail=lambda trials, reason: self.failed.extend(t.number for t in trials),
            **settings,
        )

    def ask(self, n: int) -> list[Trial]:
        numbers = range(self.next_number, self.next_number + n)
        self.next_number += n
        return [
            Trial(number=i, configuration=i, seed=i, hyperparameters={"depth": 1 + i % 3})
            for i in numbers
        ]

    def on(self, dispatcher, train, deliver=None) -> Run:
        def keep(cohort: Cohort, payload: bytes) -> None:
            self.delivered.append((cohort, payload))

        dispatcher.run(self.queue, train, deliver or keep, stop=self.stop)
        return self

    @property
    def numbers(self) -> list[int]:
        return sorted(row[0] for _, payload in self.delivered for row in json.loads(payload))


class DispatcherContract:
    def test_every_trial_is_delivered_once_with_its_own_cohort(self, dispatcher):
        run = Run(200, limit=16).on(dispatcher, Echo())
        assert run.numbers == list(range(200))
        for cohort, payload in run.delivered:
            assert [row[0] for row in json.loads(payload)] == [t.number for t in cohort.trials]
        assert run.queue.finished

    def test_a_fault_of_training_ends_the_study_with_its_own_message(self, dispatcher):
        run = Run(60, limit=8)
        with pytest.raises(TrainingError, match="ZeroDivisionError: my network divides") as caught:
            run.on(dispatcher, Echo(bug=(30, 99)))
        assert "misbehave" in caught.value.remote_traceback
        assert 30 not in run.numbers

    def test_an_input_error_arrives_as_it_was_raised(self, dispatcher):
        with pytest.raises(InputError) as caught:
            Run(10).on(dispatcher, Echo(input=(3, 99)))
        assert str(caught.value) == "study.yaml: network: a network must return logits"

    def test_a_cohort_too_large_for_memory_is_run_in_halves(self, dispatcher):
        run = Run(48, limit=16).on(dispatcher, Echo(memory=(5, 1)))
        assert run.numbers == list(range(48))
        assert run.failed == []

    def test_what_never_fits_in_memory_fails_and_the_rest_goes_on(self, dispatcher):
        run = Run(24, limit=8, max_retries=3).on(dispatcher, Echo(memory=(5, 99)))
        assert run.failed == [5]
        assert sorted(run.numbers + run.failed) == list(range(24))

    def test_stop_lets_the_running_cohorts_finish_and_starts_no_other(self, dispatcher):
        run = Run(3000, limit=8)

        def deliver(cohort, payload):
            run.delivered.append((cohort, payload))
            run.stop.set()

        run.on(dispatcher, Echo(), deliver)
        assert 0 < len(run.numbers) < 3000
        assert len(set(run.numbers)) == len(run.numbers)
        assert run.queue.next() is not None

    def test_an_error_of_delivery_surfaces(self, dispatcher):
        def deliver(cohort, payload):
            raise OSError(28, "No space left on device")

        with pytest.raises(OSError, match="No space left"):
            Run(100, limit=8).on(dispatcher, Echo(), deliver)

    def test_an_error_of_sampling_surfaces(self, dispatcher):
        run = Run(100)

        def ask(n):
            raise ConnectionError("the data base is away")

        run.queue._ask = ask
        with pytest.raises(ConnectionError, match="data base is away"):
            run.on(dispatcher, Echo())
