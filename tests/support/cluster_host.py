"""One host of `cluster_hosts`: what runs there, and what is known of it from outside."""

from __future__ import annotations

import json
import pwd
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.repository import ROOT

HOME = pwd.getpwuid(0).pw_dir
"""Every host has one of its own here."""

ALONE = ["unshare", "--net", "--pid", "--mount", "--uts", "--ipc", "--fork", "--kill-child"]
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_SSHD = """\
ListenAddress {address}
HostKey {home}/.sshd/host_key
AuthorizedKeysFile {home}/.sshd/authorized_keys
PidFile {home}/.sshd/pid
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
UseDNS no
"""


class Host:
    """A host that runs.

    Args:
        name: Also what it calls itself.
        address: On the hosts' network.
        disc: Folder for all that it writes.
        files: What it has in /etc, by path.

    Attributes:
        home: Its home folder, as seen from outside.
        tmp: Its /tmp, as seen from outside.
        namespaces: Its own of network and processes.
    """

    def __init__(self, name: str, address: str, disc: Path, files: Mapping[str, str]) -> None:
        self.name, self.address = name, address
        self.home, self.tmp = disc / "home", disc / "tmp"
        self.home.mkdir(parents=True, mode=0o700)
        self.tmp.mkdir()
        self.tmp.chmod(0o1777)
        plan = {
            "name": name,
            "disc": str(disc),
            "files": dict(files),
            "folders": {HOME: str(self.home), "/tmp": str(self.tmp)},
            "keep": [str(ROOT), sys.prefix, sys.base_prefix],
        }
        script = [sys.executable, "-I", str(Path(__file__).with_name("cluster_host_init.py"))]
        self._init = subprocess.Popen(
            [*ALONE, *script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._init.stdin is not None and self._init.stdout is not None
        self._init.stdin.write(json.dumps(plan) + "\n")
        self._init.stdin.flush()
        self._pid = int(self._init.stdout.readline())
        assert self._init.stdout.readline() == "up\n", f"host {name} did not come up"
        self.namespaces = namespaces_of(self._pid)

    @property
    def network(self) -> str:
        """The file of its network namespace."""
        return f"/proc/{self._pid}/ns/net"

    def command(
        self, command: Sequence[str | Path], *, timeout_s: float, variables: Mapping[str, str]
    ) -> list[str]:
        """What runs a command on this host, from outside, with nothing of our environment."""
        mine = {"HOME": HOME, "USER": "root", "LOGNAME": "root", "TERM": "dumb", "PATH": PATH}
        mine["LANG"] = "C.UTF-8"
        enter = ["nsenter", f"--target={self._pid}", "--net", "--pid", "--mount", "--uts", "--ipc"]
        given = [f"{name}={value}" for name, value in {**mine, **variables}.items()]
        # The command ends in time by itself: nsenter has no hold on what it started.
        limit = ["timeout", "--kill-after=5", str(timeout_s)]
        return [*enter, "env", "-i", "-C", HOME, *given, *limit, *(str(one) for one in command)]

    def run(
        self, *command: str | Path, timeout_s: float = 240.0, variables: Mapping[str, str] = {}
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command here; its exit code is 124 if it took too long."""
        return subprocess.run(
            self.command(command, timeout_s=timeout_s, variables=variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s + 30,
            check=False,
        )

    def login(self, line: str, *, timeout_s: float = 240.0) -> subprocess.CompletedProcess[str]:
        """Runs a shell's line as somebody who has logged in here, with what ~/.bashrc sets."""
        shell = f"source ~/.bashrc; {line}"
        return self.run("bash", "--login", "-c", shell, timeout_s=timeout_s)

    def start(self, line: str, *, log: Path, timeout_s: float) -> subprocess.Popen[bytes]:
        """Starts what `login` runs; its output goes to a file outside."""
        shell = f"source ~/.bashrc; {line}"
        command = self.command(["bash", "--login", "-c", shell], timeout_s=timeout_s, variables={})
        with log.open("wb") as out:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT
            )

    def processes(self) -> list[str]:
        """Command lines of all that runs here, but for its first process and its sshd."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != self._pid:
                try:
                    if str((entry / "ns" / "pid").readlink()) not in self.namespaces:
                        continue
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                    exe = (entry / "exe").readlink().name
                except OSError:
                    continue  # It has just ended.
                if not exe.startswith("sshd"):
                    found.append(b" ".join(words).decode(errors="replace").strip())
        return found

    def serve_ssh(self, public_key: str) -> None:
        """Lets the owner of a key log in as root."""
        own = self.home / ".sshd"
        own.mkdir(mode=0o700)
        (own / "authorized_keys").write_text(public_key)
        (own / "config").write_text(_SSHD.format(address=self.address, home=HOME))
        inside = f"{HOME}/.sshd"
        done(self.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{inside}/host_key"))
        sshd = shutil.which("sshd", path=PATH) or "sshd"
        done(self.run(sshd, "-f", f"{inside}/config", "-E", f"{inside}/log"))

    def end(self) -> None:
        """Ends it and all that runs on it; returns when the kernel has."""
        assert self._init.stdin is not None
        self._init.stdin.close()
        try:
            self._init.wait(60)
        except subprocess.TimeoutExpired:
            self._init.kill()  # Its child, the host's first process, dies with it.
            self._init.wait()
        assert self._init.stdout is not None
        self._init.stdout.close()


def wait_until_gone(namespaces: set[str], *, timeout_s: float = 60.0) -> set[str]:
    """Which of these some process is still in, after waiting for none."""
    deadline = time.monotonic() + timeout_s
    while (left := namespaces & _in_use()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def _in_use() -> set[str]:
    ids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return set().union(*(namespaces_of(pid) for pid in ids))


def namespaces_of(pid: int) -> set[str]:
    """Of network and processes; none if it has ended."""
    try:
        return {str(Path(f"/proc/{pid}/ns/{kind}").readlink()) for kind in ("net", "pid")}
    except OSError:
        return set()


def done(result: subprocess.CompletedProcess[str]) -> None:
    assert result.returncode == 0, f"{result.args}: {result.stdout}{result.stderr}"
