from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from analysis import write_report
from tests.support.synthetic import RATE, synthetic_tables, write_study


@pytest.mark.slow
def test_a_terminal_shows_what_the_report_is_at_and_other_streams_do_not(tmp_path):
    write_study(tmp_path, synthetic_tables(60, seed=1, space=RATE), parts=2)
    terminal, end = pty.openpty()
    with start(tmp_path, stderr=end) as shown:
        os.close(end)
        text = "".join(iter(lambda: read(terminal), ""))
        os.close(terminal)
        page, _ = shown.communicate(timeout=300)
    # The line is drawn every 80 ms, in which a short stage can come and go.
    stages = [
        "reading the tables",
        "counting trials",
        "choosing typical trials",
        "drawing figures",
    ]
    places = [text.find(f"report: {stage}") for stage in stages]
    shown_at = [place for place in places if place != -1]
    assert len(shown_at) >= 2 and shown_at == sorted(shown_at)
    assert page == f"report   {tmp_path}/studies/digits-mlp/report/index.html\n"
    with start(tmp_path, stderr=subprocess.PIPE) as quiet:
        assert quiet.communicate(timeout=300) == (page, "")


@pytest.mark.slow
def test_the_stages_say_what_is_done_and_name_no_section_that_the_page_lacks(tmp_path):
    write_study(tmp_path, synthetic_tables(60, seed=1, space=RATE), parts=2)
    stages: list[str] = []
    write_report("digits-mlp", home=tmp_path, on_stage=stages.append)
    # "Labelled again" stood in the log of every run, whose report has no such section.
    assert stages == [
        "reading the tables",
        "counting trials and looking for where they train",
        "choosing typical trials",
        "drawing figures",
        "checking how far to trust it",
        "writing tables and images",
    ]


def start(home, *, stderr: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "study", "report", "digits-mlp", "--home", str(home)]
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    return subprocess.Popen(
        [*command, "--figures", "none"],
        env=environment | {"TERM": "xterm", "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


def read(terminal: int) -> str:
    try:
        return os.read(terminal, 65_536).decode(errors="replace")
    except OSError:  # so Linux tells that nobody writes to the terminal any more
        return ""
