"""The page of a study that still runs: it says so, and keeps up with it until somebody uses it."""

from __future__ import annotations

import json

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from analysis import write_report
from tests.support.driver import PATIENCE_S
from tests.support.synthetic import synthetic_tables, write_study

BY_HAND = """
const interval = setInterval, clear = clearInterval;
setInterval = (call, ms) => (ms < 10000 ? interval(call, ms) : ((window.again = call), "again"));
clearInterval = (timer) => (timer === "again" ? (window.again = null) : clear(timer));
"""
"""The timer of half a minute is a function of the page that the test calls when it wants."""


@pytest.mark.slow
def test_it_says_how_far_the_study_is(tmp_path):
    write_study(tmp_path, synthetic_tables(30, seed=2), parts=1)
    page = write_report("digits-mlp", home=tmp_path, planned=1000)
    assert "The study still runs: 30 of 1,000 trials so far" in page.read_text("utf-8")
    assert "The study still runs: 1,000 trials are planned" in page.with_name(
        "report.md"
    ).read_text("utf-8")
    assert json.loads(page.with_name("summary.json").read_text("utf-8"))["planned"] == 1000


@pytest.mark.slow
def test_it_loads_itself_again_until_it_is_used(browser, tmp_path):
    write_study(tmp_path, synthetic_tables(30, seed=2), parts=1)
    page = write_report("digits-mlp", home=tmp_path, planned=1000)
    script = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": BY_HAND})
    try:
        browser.get(page.as_uri())
        write_report("digits-mlp", home=tmp_path, planned=2000)
        browser.execute_script("window.again()")
        wait_for(browser, "[data-planned='2000']")
        browser.find_element(By.TAG_NAME, "h1").click()
        assert browser.execute_script("return window.again") is None
        (button,) = browser.find_elements(By.CSS_SELECTOR, "[data-planned] button")
        assert button.text == "Load again"
        write_report("digits-mlp", home=tmp_path)
        button.click()
        wait_for(browser, "header:not(:has([data-planned]))")
    finally:
        browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)


def wait_for(browser, selector: str) -> None:
    WebDriverWait(browser, PATIENCE_S).until(
        lambda page: page.find_elements(By.CSS_SELECTOR, selector)
    )
