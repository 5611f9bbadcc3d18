"""Ray clusters of several nodes on this machine, for tests."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import ray
from ray.cluster_utils import Cluster

from study.dispatch.cluster.ray_cluster import environment
from tests.support.warm import forked_workers

Shape = Mapping[str, Any]
"""What `Cluster.add_node` takes: num_cpus, num_gpus, resources, labels."""


@contextmanager
def ray_cluster(*shapes: Shape) -> Iterator[Cluster]:
    """A cluster whose first node, the head, has the first shape; all of it ends with the block.

    Its files lie in a folder of its own, so that no other Ray on this machine is mistaken for it.
    """
    folder = tempfile.mkdtemp(prefix="gs-", dir="/tmp")
    with environment(), forked_workers():
        cluster = Cluster()
        try:
            for shape in shapes:
                add_node(cluster, shape, folder=folder)
            yield cluster
        finally:
            ray.shutdown()
            cluster.shutdown()
            shutil.rmtree(folder, ignore_errors=True)


def add_node(cluster: Cluster, shape: Shape, *, folder: str | None = None) -> None:
    """One more node."""
    more = {"include_dashboard": False, "temp_dir": folder} if folder else {}
    cluster.add_node(**shape, **more)
