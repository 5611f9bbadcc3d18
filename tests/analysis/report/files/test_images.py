from __future__ import annotations

import json
import os
import shutil
import signal
import struct
import time
import xml.etree.ElementTree as ElementTree

import pytest

from analysis import AnalysisError, write_report
from analysis.figures import verdict_bar
from analysis.report.files import devtools
from analysis.report.files.browser import FigureBrowser
from analysis.report.files.images import (
    PNG_SCALE,
    WIDTH,
    ImageWriter,
    check_formats,
    file_names,
    on_white,
)
from analysis.report.page.picture import picture
from tests.support.browser import INSTALL
from tests.support.synthetic import RATE, synthetic_tables, write_study

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert(1)</script>"


def bars(id):
    from analysis import verdict_counts

    table = verdict_counts(synthetic_tables(20).trials)
    return picture(id, lambda theme: verdict_bar(table, theme=theme), alt="")


@pytest.mark.slow
def test_every_figure_of_the_page_is_an_image_on_white(tmp_path):
    if shutil.which("chromium") is None and not os.environ.get("CI"):
        pytest.skip(INSTALL)
    space = {
        "learning_rate": {"kind": "range", "low": 1e-4, "high": 10.0, "log": True},
        "activation": {"kind": "choice", "choices": [HOSTILE, "tanh 🙂"]},
    }
    write_study(tmp_path, synthetic_tables(60, space=space))
    notices: list[str] = []
    write_report(
        "digits-mlp",
        home=tmp_path,
        out=tmp_path / "out",
        figures=["svg", "png"],
        on_notice=notices.append,
    )
    assert not notices
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    drawn = page.count('data-figure="')
    images = sorted((tmp_path / "out" / "figures").iterdir())
    assert len(images) == 2 * drawn >= 6
    for path in images:
        if path.suffix == ".png":
            width, height = struct.unpack(">II", path.read_bytes()[16:24])
            assert width == PNG_SCALE * WIDTH and height > 100
        else:
            root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
            assert root.tag == f"{SVG}svg" and root.get("width") == str(WIDTH)
            assert "rgb(255, 255, 255)" in path.read_text(encoding="utf-8")
            assert not root.findall(f".//{SVG}script")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert {f"figures/{path.name}" for path in images} <= set(summary["files"])
    assert summary["left_out"] == []
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    for path in images:
        if path.suffix == ".png" and f"figures/{path.name}" in text:
            break
    else:
        pytest.fail("report.md shows no figure")


@pytest.mark.slow
def test_a_figure_that_cannot_be_drawn_costs_no_other_one(tmp_path):
    if shutil.which("chromium") is None and not os.environ.get("CI"):
        pytest.skip(INSTALL)
    pictures = [bars("first"), bars("huge"), bars("last")]
    pictures[1].figure.update_layout(height=50_000)
    with ImageWriter(tmp_path, ["png"]) as writer:
        for one in pictures:
            writer.add(one)
        images = writer.finish()
    assert images.files == {"first": ("figures/first.png",), "last": ("figures/last.png",)}
    assert images.notice.startswith("no images of 1 figure: ")
    assert "1720 x 100048 pixels are more than a PNG can have" in images.notice


@pytest.mark.slow
def test_without_a_browser_the_report_is_written_and_says_what_helps(tmp_path, monkeypatch):
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "no-browser"))
    write_study(tmp_path, synthetic_tables(20, space=RATE))
    notices: list[str] = []
    page = write_report("digits-mlp", home=tmp_path, figures=["png"], on_notice=notices.append)
    assert len(notices) == 1 and "\n" not in notices[0]
    assert "no images of figures" in notices[0] and "install Chromium" in notices[0]
    assert "no images of figures" in page.read_text(encoding="utf-8")
    summary = json.loads((page.parent / "summary.json").read_text())
    assert summary["left_out"] == notices
    assert not any(name.startswith("figures/") for name in summary["files"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("exit 1", "it ended while it drew"),
        ('printf \'{"id": 1, "resu\' >&4', "it ended while it drew"),
        ("kill -STOP $$", "it did not answer within 1 s"),
        ("cat > /dev/null <&3", "it did not answer within 1 s"),
    ],
    ids=["ends", "ends in a message", "is suspended", "never answers"],
)
def test_whatever_a_browser_does_the_report_is_written_and_one_line_says_so(
    tmp_path, monkeypatch, capfd, fault, why
):
    # A run printed a traceback of the browser's library, and a suspended browser held it for ever.
    (tmp_path / "browser").write_text(f"#!/bin/sh\n{fault}\n")
    (tmp_path / "browser").chmod(0o755)
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "browser"))
    monkeypatch.setattr(devtools, "ANSWER_S", 1.0)
    write_study(tmp_path, synthetic_tables(20, space=RATE))
    notices: list[str] = []
    page = write_report("digits-mlp", home=tmp_path, figures=["png"], on_notice=notices.append)
    assert page.exists()
    assert len(notices) == 1 and "\n" not in notices[0]
    assert f"images of figures are missing: the browser failed ({why})" in notices[0]
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_images_that_were_drawn_before_the_browser_was_killed_are_kept(tmp_path, monkeypatch):
    if shutil.which("chromium") is None and not os.environ.get("CI"):
        pytest.skip(INSTALL)
    browsers = []
    start = FigureBrowser.__enter__
    monkeypatch.setattr(
        FigureBrowser, "__enter__", lambda self: browsers.append(self) or start(self)
    )
    with ImageWriter(tmp_path, ["svg"]) as writer:
        writer.add(bars("first"))
        until = time.monotonic() + 240
        while not (tmp_path / "figures/first.svg").exists() and time.monotonic() < until:
            time.sleep(0.05)
        os.kill(browsers[0].process_id, signal.SIGKILL)
        writer.add(bars("second"))
        images = writer.finish()
    assert images.files == {"first": ("figures/first.svg",)}
    assert "the browser failed (it ended while it drew)" in images.notice


@pytest.mark.slow
def test_a_report_that_has_no_images_any_more_removes_its_own_and_no_others(tmp_path):
    write_study(tmp_path, synthetic_tables(20, space=RATE))
    out = tmp_path / "out"
    (out / "figures").mkdir(parents=True)
    for name in ("figures/map-9.png", "figures/mine.png", "old.csv", "theirs.csv"):
        (out / name).write_text("x")
    (tmp_path / "outside.csv").write_text("x")
    files = ["figures/map-9.png", "old.csv", "../outside.csv", str(tmp_path / "outside.csv"), 7]
    (out / "summary.json").write_text(json.dumps({"files": files}))
    write_report("digits-mlp", home=tmp_path, out=out)
    assert not (out / "figures/map-9.png").exists() and not (out / "old.csv").exists()
    assert (out / "figures/mine.png").exists() and (out / "theirs.csv").exists()
    assert (tmp_path / "outside.csv").exists()


def test_an_unknown_format_is_refused_before_anything_is_written(tmp_path):
    write_study(tmp_path, synthetic_tables(20, space=RATE))
    with pytest.raises(AnalysisError, match="unknown image format 'gif'; known: png, svg"):
        write_report("digits-mlp", home=tmp_path, out=tmp_path / "out", figures=["gif"])
    assert not (tmp_path / "out").exists()
    assert check_formats(["svg", "png", "svg"]) == ("png", "svg")


def test_files_of_figures_have_plain_and_different_names():
    names = file_names([bars("map 1"), bars("map/1"), bars("../x"), bars("<é>"), bars("a" * 300)])
    assert list(names.values()) == ["map-1", "map-1-2", "x", "figure", "a" * 80]


def test_an_image_stands_on_white_and_the_page_s_figure_stays_as_it_was():
    one = bars("bars")
    before = one.figure.to_json()
    drawn = on_white(one.figure)
    assert drawn.layout.paper_bgcolor == drawn.layout.plot_bgcolor == "#ffffff"
    assert one.figure.to_json() == before
