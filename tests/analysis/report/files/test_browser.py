from __future__ import annotations

import asyncio
import os
import shutil

import plotly.graph_objects as go
import pytest

from analysis.report.files.browser import BrowserGone, FigureBrowser, FigureError
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
    async def work():
        async with FigureBrowser() as browser:
            with pytest.raises(FigureError, match="400 x 200000 pixels are more than a PNG"):
                await browser.draw(line().update_layout(height=50_000), scale=4)
            return await browser.draw(line(title="<b>é</b> \u2028 </script>")), await browser.draw(
                line(), scale=3
            )

    text, image = asyncio.run(work())
    assert text.png is None and "é" in text.svg and text.svg.startswith("<svg")
    assert image.png.startswith(b"\x89PNG") and image.svg.startswith("<svg")


def test_a_browser_that_is_killed_is_told_of_at_once():
    async def work():
        async with FigureBrowser() as browser:
            await browser.draw(line(), scale=1)
            browser._browser.subprocess.kill()
            with pytest.raises(BrowserGone, match="it ended while it drew"):
                for _ in range(50):
                    await browser.draw(line(), scale=1)

    asyncio.run(asyncio.wait_for(work(), 30))


def test_where_the_sandbox_does_not_start_it_draws_without(tmp_path, monkeypatch, caplog):
    # So Chromium ends where the system lets no user make namespaces.
    picky = tmp_path / "picky-chromium"
    picky.write_text(
        '#!/bin/sh\ncase " $* " in *" --no-sandbox "*) exec chromium "$@";; esac\n'
        f"echo refused >> {tmp_path}/log\necho 'No usable sandbox!' >&2\nexit 134\n"
    )
    picky.chmod(0o755)
    monkeypatch.setenv("BROWSER_PATH", str(picky))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    async def work():
        async with FigureBrowser() as browser:
            return await browser.draw(line())

    assert asyncio.run(work()).svg.startswith("<svg")
    assert (tmp_path / "log").read_text() == "refused\n"
    assert not caplog.records
