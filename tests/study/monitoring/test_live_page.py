from __future__ import annotations

import sys
import time

from study.monitoring import live_page
from study.monitoring.live_page import LivePage
from study.paths import StudyPaths

WRITES = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text('page')"
HANGS = "import pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text('begun'); time.sleep(600)"


def started(tmp_path, monkeypatch, script):
    """A page that `script` writes, of a study with one part."""
    paths = StudyPaths(home=tmp_path, study="one")
    (paths.tables / "trials").mkdir(parents=True)
    page = tmp_path / "page"
    monkeypatch.setattr(live_page, "FIRST_S", 0.01)
    monkeypatch.setattr(live_page, "_POLL_S", 0.01)
    monkeypatch.setattr(live_page, "PAUSE_S", 0.01)
    monkeypatch.setattr(live_page, "_command", lambda _: [sys.executable, "-c", script, str(page)])
    return paths, page


def wait_for(condition) -> None:
    until = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_it_is_written_from_the_first_part_on_and_again_with_the_next(
    tmp_path, monkeypatch, caplog
):
    caplog.set_level("INFO")
    monkeypatch.chdir(tmp_path)
    paths, page = started(tmp_path, monkeypatch, WRITES)
    firsts = []
    with LivePage(paths, on_first=firsts.append):
        time.sleep(0.1)
        assert not page.exists()
        for number in range(2):
            (paths.tables / "trials" / f"part-{number}.parquet").touch()
            wait_for(page.exists)
            page.unlink()
    assert firsts == [paths.report / "index.html"]
    assert (
        caplog.text.count(f"report so far: {paths.report.relative_to(tmp_path)}/index.html") == 1
    )


def test_a_page_in_writing_never_holds_the_end_of_a_run(tmp_path, monkeypatch):
    paths, page = started(tmp_path, monkeypatch, HANGS)
    (paths.tables / "trials" / "part-0.parquet").touch()
    half = paths.report / ".writing-x"
    with LivePage(paths) as live:
        wait_for(page.exists)
        half.mkdir(parents=True)
        began = time.monotonic()
        live.stop()
    assert time.monotonic() - began < 60 and not half.exists()
