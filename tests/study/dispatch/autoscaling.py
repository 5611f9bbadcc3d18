"""A Ray cluster on this machine whose autoscaler starts further nodes, for tests."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ray
from ray._private.services import get_node_ip_address

from tests.support import warm

_HEAD_ID = "f" * 51 + "00000"
"""By which Ray's provider of nodes on this machine knows the head."""

_HEAD = "ray.head.default"
"""And how it calls the head's type of node."""

_PROVIDER = "ray.autoscaler._private.fake_multi_node.node_provider.FakeMultiNodeProvider"

_EMPTY_LISTS = (
    "initialization_commands",
    "setup_commands",
    "head_setup_commands",
    "worker_setup_commands",
    "head_start_ray_commands",
    "worker_start_ray_commands",
    "cluster_synced_files",
    "rsync_exclude",
    "rsync_filter",
)


@contextmanager
def autoscaling_cluster(*, version: int, node: dict, at_most: int) -> Iterator[str]:
    """The address of a head of one core, with an autoscaler that may start nodes of one kind.

    Args:
        version: Of the autoscaler.
        node: The kind's entry in `available_node_types`, e.g. its resources and labels.
        at_most: How many nodes it may start.
    """
    folder = Path(tempfile.mkdtemp(prefix="gs-", dir="/tmp"))
    address = f"{get_node_ip_address()}:{_free_port()}"
    configuration = folder / "cluster.json"
    configuration.write_text(json.dumps(_configuration(address, node, at_most)))
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"]
    command += [f"--port={address.rpartition(':')[2]}", "--num-cpus=1", f"--temp-dir={folder}"]
    command += ["--include-dashboard=false", "--object-store-memory=100000000"]
    command += [f"--autoscaling-config={configuration}"]
    log = (folder / "out").open("w")
    head = subprocess.Popen(
        command, env=_environment(version), stdout=log, stderr=log, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 240
        while "runtime started" not in (folder / "out").read_text():
            assert head.poll() is None and time.monotonic() < deadline, "no head"
            time.sleep(0.2)
        yield address
    finally:
        ray.shutdown()
        _end(folder)
        head.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _configuration(address: str, node: dict, at_most: int) -> dict:
    return {
        "cluster_name": "test",
        "max_workers": at_most,
        "idle_timeout_minutes": 5,
        "upscaling_speed": 1.0,
        "provider": {
            "type": "external",
            "module": _PROVIDER,
            "gcs_address": address,
            "launch_multiple": True,
            "head_node_id": _HEAD_ID,
        },
        "head_node_type": _HEAD,
        "available_node_types": {
            _HEAD: {"resources": {"CPU": 1}, "node_config": {}, "max_workers": 0},
            "more": {"node_config": {}, "min_workers": 0, "max_workers": at_most, **node},
        },
        "auth": {},
        "docker": {},
        "file_mounts": {},
        "file_mounts_sync_continuously": False,
        **{name: [] for name in _EMPTY_LISTS},
    }


def _environment(version: int) -> dict[str, str]:
    own = {
        "AUTOSCALER_UPDATE_INTERVAL_S": "1",
        "RAY_AUTH_MODE": os.environ.get("RAY_AUTH_MODE", "disabled"),
        "RAY_FAKE_CLUSTER": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_enable_autoscaler_v2": "1" if version == 2 else "0",
    }
    if version == 2:
        own |= {
            "RAY_CLOUD_INSTANCE_ID": _HEAD_ID,
            "RAY_OVERRIDE_NODE_ID_FOR_TESTING": _HEAD_ID,
            "RAY_NODE_TYPE_NAME": _HEAD,
        }
    return {**os.environ, **warm.forks(), **own}


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("", 0))
        port: int = one.getsockname()[1]
        return port


def _end(folder: Path) -> None:
    """Ends every process of the cluster: all name its folder."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(folder).encode() in (process / "cmdline").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)
