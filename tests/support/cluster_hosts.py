"""Hosts of one's own: each with an address, a home, /tmp, processes and an sshd of its own.

They are namespaces of this machine, joined by a bridge that lies in a namespace too: nothing of
the machine's own network is touched, and outside its own places a host can write nothing. None of
it has a name, so that all of it is gone with the first process of each host; that one ends when
the test closes its input, or is killed.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support.cluster_host import ALONE, HOME, PATH, Host, done, namespaces_of

INSTALL = "apt-get install openssh-server openssh-client rsync iproute2 util-linux"

NETWORK = "10.77.0"
"""First three parts of the hosts' addresses; no other network can be reached from there."""


class Hosts:
    """The hosts by name, and the cables to them.

    Args:
        folder: For their discs.
        names: The first gets the address that ends in 2.
    """

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._stack = ExitStack()
        addresses = {name: f"{NETWORK}.{number}" for number, name in enumerate(names, start=2)}
        table = "".join(f"{address} {name}\n" for name, address in addresses.items())
        files = {
            "/etc/hosts": f"127.0.0.1 localhost\n{table}",
            "/etc/resolv.conf": "",
            # Whatever the machine's own says, a key must do for logging in as root.
            "/etc/shadow": "root:*:20000:0:99999:7:::\n",
        }
        try:
            self._switch = self._start_switch()
            self._hosts: dict[str, Host] = {}
            for name, address in addresses.items():
                host = Host(name, address, folder / name, files)
                self._stack.callback(host.end)
                self._hosts[name] = host
                self._lay_cable(host)
        except BaseException:
            self.end()
            raise

    def __getitem__(self, name: str) -> Host:
        return self._hosts[name]

    def __iter__(self) -> Iterator[Host]:
        return iter(self._hosts.values())

    @property
    def namespaces(self) -> set[str]:
        """Of all hosts and of the network between them."""
        return self._switch_namespaces.union(*(host.namespaces for host in self))

    def unplug(self, name: str) -> None:
        """Cuts a host off, as when its cable is pulled: nothing says goodbye."""
        self._in_switch("ip", "link", "set", f"to-{name}"[:15], "down")

    def plug(self, name: str) -> None:
        """Connects it again."""
        self._in_switch("ip", "link", "set", f"to-{name}"[:15], "up")

    def end(self) -> None:
        """Ends all hosts, then the network between them."""
        self._stack.close()

    def _start_switch(self) -> str:
        """A network namespace with a bridge; it is there while its process reads its input."""
        line = "ip link add lan type bridge && ip link set lan up && ip link set lo up"
        line += f" && ip addr add {NETWORK}.1/24 dev lan && echo up && exec cat"
        process = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", line],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._stack.callback(process.communicate)
        assert process.stdout is not None and process.stdout.readline() == "up\n"
        self._switch_namespaces = namespaces_of(process.pid) - namespaces_of(os.getpid())
        return f"/proc/{process.pid}/ns/net"

    def _lay_cable(self, host: Host) -> None:
        port = f"to-{host.name}"[:15]
        peer = ["peer", "name", "eth0", "netns", host.network.split("/")[2]]
        self._in_switch("ip", "link", "add", port, "type", "veth", *peer)
        self._in_switch("ip", "link", "set", port, "master", "lan", "up")
        for line in (
            "ip link set lo up",
            f"ip addr add {host.address}/24 dev eth0",
            "ip link set eth0 up",
            # Leads nowhere; but real hosts have one, and Ray finds its own address by it.
            f"ip route add default via {NETWORK}.1",
        ):
            done(host.run(*shlex.split(line)))

    def _in_switch(self, *command: str) -> None:
        enter = ["nsenter", f"--net={self._switch}", *command]
        done(subprocess.run(enter, capture_output=True, text=True, check=False))


@contextmanager
def cluster_hosts(folder: Path, *names: str) -> Iterator[Hosts]:
    """Hosts on one network; the first may log in at all others, with ~/.ssh/id_ed25519.

    Raises:
        AssertionError: If the kernel does not let us, see `require_hosts`.
    """
    hosts = Hosts(folder, names)
    try:
        first, *others = hosts
        (first.home / ".ssh").mkdir(mode=0o700)
        key = f"{HOME}/.ssh/id_ed25519"
        done(first.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key))
        for host in others:
            host.serve_ssh((first.home / ".ssh" / "id_ed25519.pub").read_text())
        yield hosts
    finally:
        hosts.end()


def require_hosts() -> None:
    """Skips a test where hosts cannot be; on CI, what can be installed must be there."""
    if os.geteuid() != 0:
        pytest.skip("hosts of their own are namespaces, which only root makes: run pytest as root")
    programs = ("sshd", "ssh", "ssh-keygen", "rsync", "ip", "unshare", "nsenter")
    missing = [one for one in programs if shutil.which(one, path=PATH) is None]
    if missing:
        text = f"{', '.join(missing)} not found: {INSTALL}"
        if os.environ.get("CI"):
            pytest.fail(text)
        pytest.skip(text)
    line = "mount -t tmpfs none /run && ip link add one type veth peer name two"
    line += " && ip link add lan type bridge"
    tried = subprocess.run([*ALONE, "sh", "-c", line], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"this kernel or container allows no namespaces: {tried.stderr.strip()}")
