from __future__ import annotations

import os
import threading
import time

import pytest

from analysis.errors import BrowserEnded, BrowserGone, CommandRefused
from analysis.report.files import devtools
from analysis.report.files.devtools import DevTools

LONGEST_S = 25
"""For what has a limit of a second: a busy machine, not a wait that has no end."""


@pytest.fixture
def browser(tmp_path):
    """A shell script in the place of a browser: commands on 3, answers on 4."""

    def make(script):
        path = tmp_path / "browser"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return DevTools(str(path), sandbox=True)

    return make


@pytest.fixture(autouse=True)
def short_limit(monkeypatch):
    monkeypatch.setattr(devtools, "ANSWER_S", 1.0)


@pytest.fixture(autouse=True)
def nothing_is_printed_or_left_behind(capfd, tmp_path, monkeypatch):
    profiles = tmp_path / "profiles"
    profiles.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(profiles))
    started, threads = time.monotonic(), set(threading.enumerate())
    yield
    assert time.monotonic() - started < LONGEST_S
    assert capfd.readouterr() == ("", "")
    assert list(profiles.iterdir()) == []
    # A thread that waits for a suspended browser would hold the process at its end.
    assert set(threading.enumerate()) <= threads


def answer(text):
    return f"printf '{text}\\0' >&4"


def test_answers_come_in_pieces_and_between_events(browser):
    script = [
        answer('{"method": "Page.loaded"}'),
        'printf \'{"id": 1, "res\' >&4; sleep 0.1',
        answer('ult": {"value": 7}}') + "; " + answer('{"id": 9, "result": {}}'),
        answer('{"id": 2, "error": {"message": "no such page"}}'),
        "sleep 30",
    ]
    with browser("\n".join(script)) as chrome:
        assert chrome.ask("First") == {"value": 7}
        with pytest.raises(CommandRefused, match="Second: no such page"):
            chrome.ask("Second", session="page", width=3)


@pytest.mark.parametrize(
    "last",
    [
        "exit 1",
        # choreographer's wrapper said so at the end; in one read with an answer it was printed as
        # a traceback of a JSONError, on the screen of whoever ran a study.
        answer('{"id": 7, "result": {}}') + "; printf '{bye}\\n' >&4",
        # So did half a message of a browser that ended while it wrote.
        'printf \'{"id": 1, "result": {"png": "iVBOR\' >&4',
    ],
)
def test_a_browser_that_ends_says_so_without_a_word_on_the_screen(browser, last):
    with browser(f"echo noise; echo noise >&2; {last}") as chrome:
        with pytest.raises(BrowserEnded, match="it ended"):
            chrome.ask("Runtime.evaluate")
        with pytest.raises(BrowserEnded, match="it ended"):
            chrome.ask("Runtime.evaluate", expression="x" * 2**20)


@pytest.mark.parametrize("size", [1, 2**20], ids=["no answer", "a command longer than the pipe"])
def test_a_suspended_browser_has_a_limit(browser, size):
    # Each wait had none: for the pipe to take a command, for the closing, for the log's end.
    chrome = browser("kill -STOP $$")
    with chrome, pytest.raises(BrowserGone, match="it did not answer within 1 s"):
        chrome.ask("Runtime.evaluate", expression="x" * size)
    with pytest.raises(ProcessLookupError):
        os.kill(chrome.process_id, 0)


def test_all_processes_of_a_browser_end_with_it(browser):
    says = 'printf \'{"id": 1, "result": {"process": %d}}\\0\' $! >&4'
    with browser(f"sleep 600 & {says}; wait") as chrome:
        child = chrome.ask("Which")["process"]
        os.kill(child, 0)
    until = time.monotonic() + 60
    while time.monotonic() < until and _runs(child):
        time.sleep(0.05)
    assert not _runs(child)


def _runs(process):
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
