"""`--open`: the page in the browser, once; where there is no display, one line and no browser."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import pytest

import analysis
from study.commands.opened_page import OpenedPage
from tests.study.commands.conftest import Gradscape
from tests.support.synthetic import synthetic_tables, write_study


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    addresses: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: addresses.append(address) or True)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    return addresses


def test_a_page_is_opened_once_it_is_there_and_then_no_more(
    tmp_path: Path, opened: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    page, shown = tmp_path / "index.html", OpenedPage(True)
    shown(page)
    assert opened == []
    page.touch()
    shown(page)
    shown(page)
    OpenedPage(False)(page)
    assert opened == [page.as_uri()]
    assert capsys.readouterr() == ("", "")


def test_reports_are_opened_only_where_there_is_a_display(
    tmp_path: Path,
    opened: list[str],
    gradscape: Gradscape,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_study(tmp_path / "gradscape", synthetic_tables(20), parts=1)
    page = tmp_path / "page.html"
    page.touch()
    monkeypatch.setattr(analysis, "write_report", lambda *given, **options: page)
    assert gradscape("report", "digits-mlp", "--open").code == 0
    assert opened == [page.as_uri()]
    monkeypatch.delenv("DISPLAY")
    said = gradscape("report", "digits-mlp", "--open")
    assert (said.code, said.out) == (0, f"report   {page}\n")
    assert said.err == (
        "gradscape: there is no display (DISPLAY and WAYLAND_DISPLAY are not set), so --open "
        "opens nothing\n"
    )
    assert opened == [page.as_uri()]
