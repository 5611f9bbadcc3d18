"""A cluster on hosts of their own, from `ray up ray_cluster.yaml` to `ray down`."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import yaml

from analysis import load_trials
from tests.support.cluster_host import HOME, ROOT, Host, wait_until_gone
from tests.support.cluster_hosts import Hosts, cluster_hosts, require_hosts
from tests.support.driver import write_slow_study

pytestmark = pytest.mark.slow

DESK, HEAD, WORKERS = "desk", "head", ("worker-1", "worker-2")

TRIALS, COHORTS = 24, 12
GATE, TRAINS = f"{HOME}/gate", f"{HOME}/trains"
PACE = (
    f"0.02 if self.depth in (1, 10, 11, 12) or __import__('os').path.exists({GATE!r}) "
    f"else open({TRAINS!r}, 'w').close() or 4.0"
)
"""What a step takes: the first four cohorts are quick; the others say on their host that they are
trained, and take two minutes each until there is a gate for them."""

GRACE_S = 15
"""How long services and workers outlive the head's Ray."""

UP_TRIED = 3
"""Times that `ray up` is tried: Ray allows each of its servers 30 s to start."""

OBJECT_STORE_BYTES = 100_000_000


def test_a_study_on_a_cluster_that_loses_a_worker(tmp_path: Path) -> None:
    """In the order in which things happen, because each needs the one before."""
    require_hosts()
    _require_services()
    with cluster_hosts(tmp_path, DESK, HEAD, *WORKERS) as hosts:
        theirs = hosts.namespaces
        password = _prepare(hosts)
        _bring_up(hosts)
        _strangers_are_refused(hosts)
        told = _run_study_and_cut_off_a_worker(hosts, tmp_path / "submit.log")
        secret = (password, (hosts[DESK].home / ".ray" / "auth_token").read_text().strip())
        assert not any(one in told for one in secret)
        _each_trial_is_there_once(hosts[HEAD])
        _take_down(hosts)
        _secrets_are_in_their_files_alone(hosts, secret)
        _nothing_of_the_machine_was_written(hosts[WORKERS[0]])
    assert wait_until_gone(theirs) == set()


def _require_services() -> None:
    """What head_services.sh wants of a head."""
    there = Path("/usr/lib/postgresql").glob("*/bin/pg_ctl")
    if not any(there) or shutil.which("curl") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("apt-get install postgresql curl")
    pytest.importorskip("flask_wtf", reason="pip install 'mlflow[auth]'")


def _prepare(hosts: Hosts) -> str:
    """What somebody who wants a cluster fills in; the passwords of its services.

    The only thing that is not as in the file: what installs gradscape, which would take a while
    and a network, puts the environment of this test in its place.
    """
    desk, head = hosts[DESK], hosts[HEAD]
    config = yaml.safe_load((ROOT / "ray_cluster.yaml").read_text())
    config["provider"]["head_ip"] = head.address
    config["provider"]["worker_ips"] = [hosts[name].address for name in WORKERS]
    config["auth"]["ssh_user"] = "root"
    installs = [one for one in config["setup_commands"] if re.search(r"-m venv|bin/pip", one)]
    assert installs, "what installs gradscape?"
    link = f"ln -sfn {shlex.quote(sys.prefix)} ~/gradscape-env"
    others = [one for one in config["setup_commands"] if one not in installs]
    config["setup_commands"] = [link, *others]
    (desk.home / "ray_cluster.yaml").write_text(yaml.safe_dump(config))
    secret = secrets.token_hex(16)
    text = (ROOT / "examples" / "clusters" / "cluster.env.example").read_text()
    for name in ("POSTGRES_PASSWORD", "MLFLOW_TRACKING_PASSWORD"):
        text, times = re.subn(rf"^{name}=$", f"{name}={secret}", text, flags=re.M)
        assert times == 1
    (desk.home / ".gradscape").mkdir()
    (desk.home / ".gradscape" / "cluster.env").write_text(
        f"{text}GRADSCAPE_GRACE_S={GRACE_S}\nOMP_NUM_THREADS=1\n"
    )
    (desk.home / ".bashrc").write_text(f"export PATH={shlex.quote(sys.prefix)}/bin:$PATH\n")
    # The hosts share two cores and some memory.
    options = f"--num-cpus=1 --object-store-memory={OBJECT_STORE_BYTES}"
    for name in WORKERS:
        (hosts[name].home / "gradscape-node.env").write_text(
            f'GRADSCAPE_NODE_OPTIONS="{options}"\nRAY_worker_niceness=0\n'
        )
    (head.home / "gradscape-node.env").write_text(
        f"RAY_OVERRIDE_RESOURCES='{{\"object_store_memory\": {OBJECT_STORE_BYTES}}}'\n"
        "POSTGRES_DATA=/tmp/postgresql\nRAY_worker_niceness=0\n"
    )
    return secret


def _bring_up(hosts: Hosts) -> None:
    desk, head = hosts[DESK], hosts[HEAD]
    _done(desk.login("ray get-auth-token --generate"))
    for left in reversed(range(UP_TRIED)):
        line = f"cd {shlex.quote(str(ROOT))} && ray up -y --no-config-cache ~/ray_cluster.yaml"
        up = desk.login(line, timeout_s=300)
        if up.returncode == 0:
            break
        assert left, up.stdout + up.stderr
    status = _node("ray status")
    _wait(lambda: "0.0/2.0 CPU" in head.login(status).stdout, 180, "two workers")


def _strangers_are_refused(hosts: Hosts) -> None:
    desk = hosts[DESK]
    (desk.home / "stranger").mkdir()
    (desk.home / "study").mkdir()
    file = write_slow_study(
        desk.home / "study",
        seconds=PACE,
        extra="storage: ${GRADSCAPE_STORAGE}\ntracking_uri: ${GRADSCAPE_TRACKING_URI}\n",
    )
    depths = ", ".join(str(depth) for depth in range(1, COHORTS + 1))
    text = file.read_text().replace("[1, 2, 3, 4, 5, 6]", f"[{depths}]")
    file.write_text(text.replace("workers: 2", "workers: auto"))
    address = _address(hosts)
    submit = (
        f"gradscape submit {HOME}/study/slow.yaml --working-dir {HOME}/study --address {address}"
    )
    without = desk.login(f"HOME=~/stranger {submit}")
    assert without.returncode == 2, without
    assert "token" in without.stderr and "Traceback" not in without.stderr
    wrong = desk.login(f"RAY_AUTH_TOKEN=guessed {submit}")
    assert wrong.returncode == 2, wrong
    assert "token" in wrong.stderr and "guessed" not in wrong.stderr
    listed = desk.login(f"gradscape list --json --address {address}")
    assert listed.returncode == 0 and "slow" not in listed.stdout, "one of them was taken"


def _run_study_and_cut_off_a_worker(hosts: Hosts, log: Path) -> str:
    """Returns what anybody could read: the output, and the command lines on all hosts."""
    desk, head = hosts[DESK], hosts[HEAD]
    submit = (
        f"gradscape submit ~/study/slow.yaml --working-dir ~/study --address {_address(hosts)}"
    )
    watching = desk.start(submit, log=log, timeout_s=600)
    home = head.home / "gradscape-home"

    def all_are_at_work() -> bool:
        assert watching.poll() is None, log.read_text()
        recorded = list(home.glob("studies/slow/tables/trials/*.parquet"))
        return bool(recorded) and all((hosts[one].home / "trains").exists() for one in WORKERS)

    _wait(all_are_at_work, 240, "both workers at work", every_s=0.2)
    hosts.unplug(WORKERS[1])
    running = "\n".join(line for host in hosts for line in host.processes())
    assert 0 < len(load_trials("slow", home=home)) <= TRIALS - 2 * 8
    (hosts[WORKERS[0]].home / "gate").touch()
    code = watching.wait(600)
    said = log.read_text()
    assert code == 0, said + _what_ray_says_of_drivers(head)
    assert f"{TRIALS} of {TRIALS} trials done" in said
    assert re.search(r"cohort \d+ \(2 trials\) lost, attempt 1", said), said
    return said + running


def _what_ray_says_of_drivers(head: Host) -> str:
    """Ends of the logs of Ray's own part of each driver, which a quick exit leaves alone."""
    logs = sorted(head.home.parent.glob("tmp/ray/session_2*/logs/python-core-driver-*.log"))
    return "".join(f"\n{log.name}:\n{log.read_text()[-3000:]}" for log in logs)


def _each_trial_is_there_once(head: Host) -> None:
    look = """
import os
from pathlib import Path
from tests.support.left_behind import assert_once_everywhere
table = assert_once_everywhere(
    Path(os.environ["GRADSCAPE_HOME"]), "slow", TRIALS, os.environ["GRADSCAPE_TRACKING_URI"],
    storage=os.environ["GRADSCAPE_STORAGE"],
)
print(len(table), "trials")
""".replace("TRIALS", str(TRIALS))
    line = f"cd {shlex.quote(str(ROOT))} && python -c {shlex.quote(look)}"
    looked = head.login(_node(line), timeout_s=180)
    assert looked.stdout.endswith(f"{TRIALS} trials\n"), looked


def _take_down(hosts: Hosts) -> None:
    """All ends, on the worker that is cut off too."""
    line = f"cd {shlex.quote(str(ROOT))} && ray down -y ~/ray_cluster.yaml"
    down = _done(hosts[DESK].login(line, timeout_s=120))
    assert "Exception occurred when stopping" not in down.stdout + down.stderr, down

    def left() -> dict[str, list[str]]:
        return {host.name: found for host in hosts if (found := host.processes())}

    try:
        _wait(lambda: not left(), 6 * GRACE_S, "the end of all")
    except AssertionError:
        raise AssertionError(f"left behind: {left()}") from None


def _secrets_are_in_their_files_alone(hosts: Hosts, secret: Sequence[str]) -> None:
    """Not in Ray's logs nor in MLflow's, not in what `ray up` left."""
    theirs = {"auth_token", "cluster.env", "auth.ini"}
    found = set()
    for host in hosts:
        for folder in (host.home, host.tmp):
            for path in folder.rglob("*"):
                own = path.name in theirs or "postgresql" in path.parts
                if path.is_file() and not path.is_symlink() and not own:
                    content = path.read_bytes()
                    if any(one.encode() in content for one in secret):
                        found.add(f"{host.name}: {path.relative_to(folder)}")
    assert found == set()


def _nothing_of_the_machine_was_written(host: Host) -> None:
    """Hosts cannot: what is not their own is read-only there."""
    for place in (ROOT, Path("/etc"), Path("/usr"), Path("/var")):
        tried = host.run("touch", place / "written-by-a-host")
        assert tried.returncode == 1 and "Read-only" in tried.stderr, tried


def _node(line: str) -> str:
    """A line as what `ray up` runs on a node sees it."""
    return f". ~/gradscape/examples/clusters/node.sh; {line}"


def _address(hosts: Hosts) -> str:
    return f"http://{hosts[HEAD].address}:8265"


def _wait(is_so: Callable[[], bool], timeout_s: float, what: str, *, every_s: float = 1.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, f"{what}: not within {timeout_s:.0f} s"
        time.sleep(every_s)


def _done(result: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    assert result.returncode == 0, result.stdout + result.stderr
    return result
