"""The Ray that a study starts for itself: nobody else can reach it."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray
from ray._private import ray_constants

from study.dispatch.cluster.placement import WorkerResources
from study.dispatch.cluster.ray_cluster import cluster, environment

pytestmark = pytest.mark.slow


def processes_of(session: str) -> Iterator[Path]:
    """This process, and all that name the session's folder in their command line."""
    yield Path("/proc/self")
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if session.encode() in (process / "cmdline").read_bytes():
                yield process


def sockets_of(process: Path) -> set[str]:
    found = set()
    with contextlib.suppress(OSError):
        for one in (process / "fd").iterdir():
            with contextlib.suppress(OSError):
                found.add(os.readlink(one))
    return {text[8:-1] for text in found if text.startswith("socket:[")}


def address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address as /proc/net writes it: words of four bytes, each in the machine's order."""
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    family = socket.AF_INET if len(words) == 1 else socket.AF_INET6
    plain = ipaddress.ip_address(socket.inet_ntop(family, packed))
    return getattr(plain, "ipv4_mapped", None) or plain


def listening() -> dict[str, ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Listening sockets of this machine by inode."""
    found = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                found[fields[9]] = address(fields[1].partition(":")[0])
    return found


def test_it_listens_on_loopback_alone_and_leaves_ray_as_it_was() -> None:
    before = ray_constants.ENABLE_RAY_CLUSTER
    with environment(), cluster(address=None, workers=1, resources=WorkerResources()) as room:
        assert room.workers() == 1
        worker = ray.remote(lambda: os.getpid())
        assert ray.get(worker.remote()) != os.getpid()
        session = ray._private.worker._global_node.get_session_dir_path()
        own = set().union(*(sockets_of(one) for one in processes_of(session)))
        ours = {inode: where for inode, where in listening().items() if inode in own}
        assert len(ours) > 3
        assert all(where.is_loopback for where in ours.values()), ours
    assert ray_constants.ENABLE_RAY_CLUSTER is before
    assert ray_constants.ENABLE_RAY_CLUSTERS_ENV_VAR not in os.environ
