"""A message of Ray to its driver is a line of the log, once, and nothing on stdout."""

from __future__ import annotations

import pytest
from ray._private import worker

from study.dispatch.cluster.ray_messages import ray_messages

KILLED = (
    "Raylet is terminated. Termination is unexpected. Possible reasons include: (1) SIGKILL by "
    "the user or system OOM killer, (2) Invalid memory access. Last 20 lines of the Raylet logs:\n"
    "    [state-dump] NodeManager\n    [state-dump] \n"
)


def test_a_raylet_that_was_killed_is_one_line(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    # Forty lines of Ray's logs stood on stdout, where `--json` was to be read.
    prints = worker.print_to_stdstream
    with ray_messages():
        for _ in range(2):
            said = {"lines": [KILLED], "pid": "raylet", "is_err": False}
            worker.print_to_stdstream(said, ignore_prefix=False)
    assert caplog.messages == ["Ray: Raylet is terminated. Termination is unexpected."]
    assert capfd.readouterr() == ("", "")
    assert worker.print_to_stdstream is prints
