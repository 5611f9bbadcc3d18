"""The page of a diagnosis: what stands on it, and that a person's names stay names."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from selenium import webdriver
from selenium.webdriver.support.wait import WebDriverWait

from analysis.errors import AnalysisError
from analysis.report.diagnosis import write_diagnosis
from analysis.report.diagnosis.page import diagnosis_page
from tests.analysis.report.diagnosis.conftest import NAUGHTY, seeds, subject
from tests.support.accessibility import axe, violations
from tests.support.browser import set_color_scheme, set_viewport, severe_messages
from tests.support.driver import PATIENCE_S

__all__ = ["axe"]

CREATED = datetime(2026, 11, 30, tzinfo=UTC)


class Page(HTMLParser):
    """Tags and texts of a page, scripts and styles left out."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text, self._inside = "", ""
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside not in ("script", "style"):
            self.text += f" {data.strip()}"


def figures(page: Page) -> list[str]:
    return [of["id"] or "" for _, of in page.tags if "plot" in (of.get("class") or "").split()]


def test_it_says_what_and_why_and_draws_what_was_measured() -> None:
    page = Page(diagnosis_page(subject(), CREATED))
    heading = page.text.index("Stalled because the learning rate has decayed away")
    assert heading < page.text.index("activation=plain") < page.text.index("Gradients run")
    assert "The rate fell; plain never left chance." in page.text
    assert "2 of 2 seeds stable" in page.text and "0.1 → 0.9" in " ".join(page.text.split())
    assert figures(page) == [
        *("remedy-1-loss", "remedy-1-metric", "seeds-loss", "seeds-metric"),
        *("gradients", "scales", "steps-update_ratio", "steps-learning_rate"),
    ]


def test_names_of_a_persons_own_are_no_markup() -> None:
    page = Page(diagnosis_page(subject(NAUGHTY), CREATED))
    assert not [of for _, of in page.tags if "onerror" in of]
    assert not [tag for tag, _ in page.tags if tag == "img"]
    plain = Page(diagnosis_page(subject(), CREATED))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    assert NAUGHTY in page.text


def test_it_needs_no_network() -> None:
    page = Page(diagnosis_page(subject(), CREATED))
    addresses = [of[name] for _, of in page.tags for name in ("src", "href") if of.get(name)]
    assert all(re.match("#|data:", address or "") for address in addresses)


def test_what_was_not_measured_or_not_looked_for_is_left_out() -> None:
    bare = seeds("stalled", loss=1.9)
    bare = replace(bare, layers=bare.layers.iloc[:0])
    page = Page(diagnosis_page(subject(seeds=bare, remedies=None, tried=()), CREATED))
    assert "Gradients were not measured by layer." in page.text
    assert "What helps" not in page.text and "scales" not in figures(page)


def test_a_search_in_vain_shows_what_was_tried() -> None:
    page = Page(diagnosis_page(subject(remedies=()), CREATED))
    assert "Nothing that was tried makes it stable." in page.text
    assert "Everything that was tried (1)" in page.text


def test_losses_that_are_not_finite_or_negative_are_drawn() -> None:
    broken = seeds("exploding", loss=1.9)
    loss = broken.steps["loss"].where(broken.steps["step"] < 5, np.nan)
    for steps in (broken.steps.assign(loss=loss), broken.steps.assign(loss=-loss)):
        text = diagnosis_page(subject(seeds=replace(broken, steps=steps)), CREATED)
        assert "NaN" not in re.findall(r'data-figure="seeds-loss">(.*?)</script>', text)[0]


def test_it_replaces_an_older_page_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("older")
    write_diagnosis(subject(), path)
    assert path.read_text("utf-8").startswith("<!doctype html>")
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(AnalysisError, match="cannot write"):
        write_diagnosis(subject(), tmp_path / "none" / "page.html")


def open_page(browser: webdriver.Chrome, path: Path, *, width: int, scheme: str) -> None:
    write_diagnosis(subject(NAUGHTY), path)
    set_viewport(browser, width=width)
    set_color_scheme(browser, scheme)
    browser.get(path.as_uri())
    drawn = "return 'drawn' in document.documentElement.dataset"
    WebDriverWait(browser, PATIENCE_S).until(lambda page: page.execute_script(drawn))


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_browser_draws_it_and_asks_nobody(browser, tmp_path, width, scheme) -> None:
    open_page(browser, tmp_path / "page.html", width=width, scheme=scheme)
    assert severe_messages(browser) == []
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0
    missing = "return document.querySelectorAll('.plot:not(:has(.main-svg))').length"
    assert browser.execute_script(missing) == 0
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_accessibility_check_finds_nothing(browser, axe, tmp_path, scheme) -> None:
    open_page(browser, tmp_path / "page.html", width=1280, scheme=scheme)
    assert violations(browser, axe) == []
