"""A cluster that the environment names, and that has gone."""

from __future__ import annotations

import socket
import time

import pytest

from study.dispatch.cluster.placement import WorkerResources
from study.dispatch.cluster.ray_cluster import cluster
from study.errors import DispatchError


def test_left_a_dead_address_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{port}")
    begun = time.monotonic()
    with (
        pytest.raises(DispatchError) as refused,
        cluster(address=None, workers=1, resources=WorkerResources(cpus=1)),
    ):
        pass
    assert time.monotonic() - begun < 60
    assert str(refused.value) == (
        f"no Ray cluster answers at 127.0.0.1:{port}, as RAY_ADDRESS in the environment says: "
        "Connection refused; unset it to train on this machine"
    )
