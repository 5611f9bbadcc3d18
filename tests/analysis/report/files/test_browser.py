from __future__ import annotations

import os
import shutil
import signal

import plotly.graph_objects as go
import pytest

from analysis.errors import BrowserGone, FigureError
from analysis.report.files import devtools
from analysis.report.files.browser import FigureBrowser
from tests.support.browser import INSTALL

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def chromium():
    if shutil.which("chromium") is None and not os.environ.get("CI"):
        pytest.skip(INSTALL)


def line(**layout):
    figure = go.Figure(go.Scatter(x=[1, 2], y=[1, 2]))
    return figure.update_layout(width=100, height=80, **layout)


def test_a_figure_that_cannot_be_drawn_is_told_of_and_the_next_one_is_drawn():
    with FigureBrowser() as browser:
        with pytest.raises(FigureError, match="400 x 200000 pixels are more than a PNG"):
            browser.draw(line().update_layout(height=50_000), scale=4)
        text = browser.draw(line(title="<b>é</b> \u2028 </script>"))
        image = browser.draw(line(), scale=3)
    assert text.png is None and "é" in text.svg and text.svg.startswith("<svg")
    assert image.png.startswith(b"\x89PNG") and image.svg.startswith("<svg")


def test_a_browser_that_is_killed_is_told_of_at_once(capfd):
    with FigureBrowser() as browser:
        browser.draw(line(), scale=1)
        os.kill(browser.process_id, signal.SIGKILL)
        with pytest.raises(BrowserGone, match="it ended while it drew"):
            browser.draw(line(), scale=1)
    assert capfd.readouterr() == ("", "")


def test_a_browser_that_is_suspended_ends_at_the_limit(monkeypatch):
    # Its pipe was written and it was asked to close without a limit: a report never ended.
    with FigureBrowser() as browser:
        os.killpg(browser.process_id, signal.SIGSTOP)
        monkeypatch.setattr(devtools, "ANSWER_S", 1.0)
        for title in ("short", "longer than a pipe" * 2**16):
            with pytest.raises(BrowserGone, match="it did not answer within 1 s"):
                browser.draw(line(title=title))
    with pytest.raises(ProcessLookupError):
        os.kill(browser.process_id, 0)


def test_where_the_sandbox_does_not_start_it_draws_without(tmp_path, monkeypatch, capfd):
    # So Chromium ends where the system lets no user make namespaces.
    picky = tmp_path / "picky-chromium"
    picky.write_text(
        '#!/bin/sh\ncase " $* " in *" --no-sandbox "*) exec chromium "$@";; esac\n'
        f"echo refused >> {tmp_path}/log\necho 'No usable sandbox!' >&2\nexit 134\n"
    )
    picky.chmod(0o755)
    monkeypatch.setenv("BROWSER_PATH", str(picky))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with FigureBrowser() as browser:
        assert browser.draw(line()).svg.startswith("<svg")
    assert (tmp_path / "log").read_text() == "refused\n"
    assert capfd.readouterr() == ("", "")
