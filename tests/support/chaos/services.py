"""PostgreSQL, MLflow on it, and a Ray cluster of three nodes, to be disturbed."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ray.cluster_utils import Cluster

from tests.study.dispatch.clusters import add_node, ray_cluster
from tests.support.driver import descendants
from tests.support.mlflow_server import MlflowServer
from tests.support.postgresql import PostgresServer

NODE = {"num_cpus": 1, "object_store_memory": 100_000_000}

TRIED = 3
"""Times that a node is started, for which Ray allows 30 s each."""

WORKER = b"ray::_Inner"
"""Begins the title of a process that trains: the class that Tune makes of ours."""


class Services:
    """What a study on a cluster needs; made by `services`.

    Args:
        postgresql: Has both data bases.
        mlflow: A server on one of them.
        cluster: Of three nodes.
        runs: Address of the server's data base.
    """

    def __init__(
        self, postgresql: PostgresServer, mlflow: MlflowServer, cluster: Cluster, runs: str
    ) -> None:
        self.postgresql = postgresql
        self.mlflow = mlflow
        self.cluster = cluster
        self.storage = postgresql.new_url()
        self.runs = runs
        self._comebacks: list[threading.Thread] = []

    def kill_worker(self, rng: random.Random, timeout_s: float = 300.0) -> str:
        """SIGKILL to one that trains or waits for a cohort."""
        deadline = time.monotonic() + timeout_s
        while not (found := _workers()):
            assert time.monotonic() < deadline, "no worker to kill"
            time.sleep(0.1)
        pid = rng.choice(sorted(found))
        os.kill(pid, signal.SIGKILL)
        return f"process {pid}"

    def remove_node(self, rng: random.Random) -> str:
        """At once, as when its machine fails; never the head, on which the driver is."""
        node = rng.choice(sorted(self.cluster.worker_nodes, key=lambda one: one.node_id))
        name = str(node.node_id)[:8]
        self.cluster.remove_node(node, allow_graceful=False)
        return f"node {name}"

    def add_node(self) -> str:
        """One more of the same; tried again where a busy machine starts it too slowly for Ray."""
        for attempt in itertools.count(1):
            try:
                add_node(self.cluster, NODE)
            except Exception:
                if attempt == TRIED:
                    raise
            else:
                return f"{NODE['num_cpus']} CPU"
        raise AssertionError

    def take_mlflow(self, away_s: float, *, kill: bool) -> str:
        """Away now; back after this time, while the study goes on."""
        if kill:
            self.mlflow.stop()
        else:
            self.mlflow.freeze()

        def come_back() -> None:
            time.sleep(away_s)
            if kill:
                self.mlflow.start()
            else:
                self.mlflow.thaw()

        thread = threading.Thread(target=come_back)
        thread.start()
        self._comebacks.append(thread)
        return f"for {away_s:g} s"

    def restart_postgresql(self, rng: random.Random) -> str:
        """As an administrator does, or as when its machine fails."""
        mode = rng.choice(["fast", "immediate"])
        away_s = rng.uniform(0.0, 5.0)
        self.postgresql.stop(mode)
        time.sleep(away_s)
        self.postgresql.start()
        return f"stopped {mode}, away for {away_s:.1f} s"

    def all_back(self) -> None:
        """Waits until what went away has come back."""
        for thread in self._comebacks:
            thread.join()
        self._comebacks.clear()


@contextmanager
def services(postgresql: PostgresServer) -> Iterator[Services]:
    """A new MLflow server and cluster, and an empty data base for each of MLflow and Optuna."""
    folder = Path(tempfile.mkdtemp(prefix="chaos-", dir="/tmp"))
    runs = postgresql.new_url()
    mlflow = MlflowServer(folder, backend=runs)
    try:
        mlflow.start()
        with ray_cluster(NODE, NODE, NODE) as cluster:
            made = Services(postgresql, mlflow, cluster, runs)
            try:
                yield made
            finally:
                made.all_back()
    finally:
        mlflow.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _workers() -> list[int]:
    found = []
    for pid in descendants(os.getpid()):
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/cmdline").read_bytes().startswith(WORKER):
                found.append(pid)
    return found
