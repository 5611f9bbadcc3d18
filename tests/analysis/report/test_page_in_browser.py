from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from analysis import write_comparison, write_report
from tests.support.accessibility import axe, violations
from tests.support.browser import save_full_page, set_color_scheme, set_viewport, severe_messages
from tests.support.driver import PATIENCE_S
from tests.support.synthetic import SPACE, synthetic_tables, write_study

__all__ = ["axe"]

pytestmark = pytest.mark.slow

LONG = "an activation with a very long name " * 6


@pytest.fixture(scope="module")
def page(digits_report) -> Path:
    return digits_report / "index.html"


@pytest.fixture(scope="module")
def comparison(home, tmp_path_factory) -> Path:
    """The page that compares the study with one in which deep networks fail more often."""
    other = tmp_path_factory.mktemp("other")
    tables = synthetic_tables(300, seed=3, study="deeper")
    deep = (tables.trials["depth"] >= 16) & (tables.trials["verdict"] == "stable")
    tables.trials.loc[deep, "verdict"] = "exploding"
    folder = write_study(other, tables, parts=1)
    before = home / "studies" / "digits-mlp"
    return write_comparison(before, folder, out=tmp_path_factory.mktemp("comparison"))


@pytest.fixture(scope="module")
def screenshots(tmp_path_factory) -> Path:
    """Where to keep pictures for people; GRADSCAPE_SCREENSHOTS names a lasting place."""
    folder = os.environ.get("GRADSCAPE_SCREENSHOTS")
    place = Path(folder) if folder else tmp_path_factory.mktemp("screenshots")
    place.mkdir(parents=True, exist_ok=True)
    return place


def open_page(browser, page: Path, *, width: int, scheme: str = "light") -> None:
    set_viewport(browser, width=width)
    set_color_scheme(browser, scheme)
    browser.get(page.as_uri())
    wait_until_drawn(browser)


def wait_until_drawn(browser) -> None:
    """Chromium's driver may come back while a page still loads."""
    drawn = "return 'drawn' in document.documentElement.dataset"
    WebDriverWait(browser, PATIENCE_S).until(lambda page: page.execute_script(drawn))


def open_all(browser) -> None:
    """Opens everything that is behind a click."""
    browser.execute_script(
        "document.querySelectorAll('details:not(.figure-data)')"
        ".forEach(one => { one.open = true })"
    )
    drawn = "return !document.querySelector('.plot:not(.js-plotly-plot)')"
    WebDriverWait(browser, PATIENCE_S).until(lambda page: page.execute_script(drawn))


def assert_sound(browser) -> None:
    assert severe_messages(browser) == []
    missing = browser.execute_script(
        "return [...document.querySelectorAll('.plot')]"
        ".filter(plot => !plot.closest('details:not([open])'))"
        ".filter(plot => !plot.matches('.js-plotly-plot') || !plot.querySelector('.main-svg'))"
        ".map(plot => plot.id)"
    )
    assert missing == []
    assert browser.execute_script("return document.querySelectorAll('.plot').length") > 0
    widths = browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "light"), (320, "dark")])
def test_it_is_drawn_without_errors_or_overflow(browser, page, screenshots, width, scheme):
    open_page(browser, page, width=width, scheme=scheme)
    assert_sound(browser)
    shot = save_full_page(browser, screenshots / f"report-{width}-{scheme}.png")
    assert shot.stat().st_size > 10_000


def test_figures_fit_into_their_places(browser, page):
    open_page(browser, page, width=390)
    outside = browser.execute_script(
        "return [...document.querySelectorAll('.main-svg')].filter(svg =>"
        " svg.getBoundingClientRect().right > innerWidth + 1).length"
    )
    assert outside == 0


def test_colours_follow_the_reader_while_the_page_is_open(browser, page):
    read = (
        "return [getComputedStyle(document.body).backgroundColor,"
        " document.querySelector('#verdict-bar .ytick text').style.fill]"
    )
    open_page(browser, page, width=1280)
    background, letters = browser.execute_script(read)
    set_color_scheme(browser, "dark")
    assert background == "rgb(255, 255, 255)"
    assert browser.execute_script(read)[0] != background
    # Figures are drawn anew, a moment later.
    WebDriverWait(browser, PATIENCE_S).until(lambda page: page.execute_script(read)[1] != letters)


def test_the_keyboard_reaches_contents_details_and_tables(browser, page):
    open_page(browser, page, width=1280)
    reachable = browser.execute_script(
        "return [...document.querySelectorAll('a[href], summary, [tabindex=\"0\"]')]"
        ".filter(one => one.tabIndex >= 0).length"
    )
    assert reachable >= 15
    unnamed = browser.execute_script(
        "return [...document.querySelectorAll('[role=img], [role=region]')]"
        ".filter(one => !one.getAttribute('aria-label')).length"
    )
    assert unnamed == 0


def test_every_figure_can_be_read_with_the_keyboard_alone(browser, page):
    """Tab to the summary below a figure, Enter: what pointing at it would show, as a list."""
    open_page(browser, page, width=1280)
    open_all(browser)
    summary = browser.find_element(By.CSS_SELECTOR, "#map-0 ~ .figure-data summary")
    browser.execute_script(
        "[...document.querySelectorAll('a[href]')].filter(one =>"
        " one.compareDocumentPosition(arguments[0]) & Node.DOCUMENT_POSITION_FOLLOWING)"
        ".at(-1).focus()",
        summary,
    )
    for _ in range(12):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        if browser.switch_to.active_element == summary:
            break
    assert browser.switch_to.active_element == summary
    ActionChains(browser).send_keys(Keys.ENTER).perform()
    # The list is made when the browser says, some time after, that it is open.
    read = (
        "return [...arguments[0].parentElement.querySelectorAll('li')].map(li => li.textContent)"
    )
    lines = WebDriverWait(browser, PATIENCE_S).until(
        lambda page: page.execute_script(read, summary)
    )
    assert len(lines) >= 10 and all(re.search(r"\d+ trials", one) for one in lines)
    empty = browser.execute_script(
        "document.querySelectorAll('.figure-data').forEach(one => { one.open = true });"
        "return new Promise(done => setTimeout(() => done("
        " [...document.querySelectorAll('.figure-data')].filter(one =>"
        "  !one.querySelector('li')?.textContent).length), 500))"
    )
    assert empty == 0
    assert severe_messages(browser) == []


def test_what_is_behind_a_click_is_drawn_in_full_width_when_opened(browser, page):
    open_page(browser, page, width=1280)
    widths = browser.execute_script(
        "const details = document.querySelector('#explanations > details');"
        "details.open = true;"
        "return new Promise(done => setTimeout(() => done("
        " [...details.querySelectorAll('.plot')].map(plot =>"
        "  plot.querySelector('.main-svg').clientWidth / plot.clientWidth)), 500))"
    )
    assert len(widths) >= 10 and all(abs(one - 1) < 0.02 for one in widths)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_accessibility_check_finds_nothing(browser, axe, page, comparison, width, scheme):
    for one in (page, comparison):
        open_page(browser, one, width=width, scheme=scheme)
        open_all(browser)
        assert violations(browser, axe) == []


def test_the_page_of_a_comparison(browser, comparison, screenshots):
    for width, scheme in ((1280, "light"), (390, "dark")):
        open_page(browser, comparison, width=width, scheme=scheme)
        assert_sound(browser)
        save_full_page(browser, screenshots / f"compare-{width}-{scheme}.png")


def test_in_a_sandboxed_frame_as_mlflow_shows_it(browser, page, tmp_path):
    frame = tmp_path / "frame.html"
    frame.write_text(
        f'<iframe sandbox="allow-scripts" src="{page.as_uri()}" width="900" height="800"></iframe>'
    )
    set_viewport(browser, width=1000)
    browser.get(frame.as_uri())
    browser.switch_to.frame(0)
    try:
        wait_until_drawn(browser)
        assert_sound(browser)
        assert browser.execute_script("return document.querySelectorAll('a.file').length") == 0
        assert "regions.csv" in browser.page_source
    finally:
        browser.switch_to.default_content()


def test_printing_shows_all_and_leaves_the_page_as_it_was(browser, page):
    open_page(browser, page, width=1280, scheme="dark")
    before = browser.execute_script("return document.querySelectorAll('details[open]').length")
    pdf = browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert len(pdf["data"]) > 50_000
    after = browser.execute_script("return document.querySelectorAll('details[open]').length")
    assert after == before
    assert_sound(browser)


SCRIPT = "<script>document.title='taken'</script>"
IMAGE = "<img src=x onerror=\"document.title='taken'\">"


def hostile_study(home: Path, name: str) -> None:
    """Names of choices, hyperparameters, study, task, network, layers and runs that bite."""
    space = SPACE | {
        "activation": {"kind": "choice", "choices": [SCRIPT, LONG, "<b>x</b>🙂 'a' \"b\" `c`"]},
        IMAGE: {"kind": "choice", "choices": ["a", "</script><!--", "[x](javascript:alert(1))"]},
        "x" * 200: {"kind": "choice", "choices": ["a", "b"]},
    }
    tables = synthetic_tables(120, space=space, study=SCRIPT)
    tables.metadata.update(task=IMAGE, network="</script>" + SCRIPT, tracking_uri="http://h")
    tables.trials["explanation"] = IMAGE + SCRIPT
    tables.trials["flags"] = SCRIPT
    tables.trials["alarms"] = f"sagemaker.{IMAGE}"
    tables.layers["name"] = IMAGE
    write_study(home, tables, parts=1, name=name)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Path:
    """The page of one."""
    home = tmp_path_factory.mktemp("hostile")
    hostile_study(home, "hostile")
    return write_report("hostile", home=home, failed={SCRIPT: 2})


def assert_harmless(browser) -> None:
    """Nothing that was written as a name became an element, or ran."""
    assert_sound(browser)
    assert "taken" not in browser.title.replace(SCRIPT, "")
    made = browser.execute_script(
        "return [document.querySelectorAll('img, h1 *:not(.quiet), .plot b, iframe').length,"
        " [...document.querySelectorAll('a')].filter(a => /^javascript/i.test(a.href)).length]"
    )
    assert made == [0, 0]


def test_hostile_and_long_names_are_shown_as_text_and_do_not_widen_the_page(browser, hostile):
    for width in (1280, 390):
        open_page(browser, hostile, width=width)
        open_all(browser)
        assert_harmless(browser)
    assert browser.title.startswith(SCRIPT)
    assert browser.execute_script("return document.querySelector('h1').textContent") == SCRIPT
    ticks = browser.execute_script(
        "return [...document.querySelectorAll('.ytick text')].map(text => text.textContent)"
    )
    assert any(tick.startswith("<script>") for tick in ticks)
    text = browser.execute_script("return document.body.textContent")
    assert text.count(IMAGE) >= 5 and text.count(SCRIPT) >= 5 and LONG in text


def test_hostile_names_in_hover_texts_and_in_figures_in_words(browser, hostile):
    open_page(browser, hostile, width=1280)
    open_all(browser)
    words = browser.execute_script(
        "document.querySelectorAll('.figure-data').forEach(one => { one.open = true });"
        "return new Promise(done => setTimeout(() => done("
        " [...document.querySelectorAll('.figure-data')].map(one => one.textContent).join()),"
        " 800))"
    )
    assert "<img src=x onerror" in words and "document.title=" in words
    # Every point of a figure is pointed at, so that plotly makes its hover texts.
    browser.execute_script(
        "for (const plot of document.querySelectorAll('.plot')) {"
        "  try { Plotly.Fx.hover(plot, [{curveNumber: 0, pointNumber: [0, 0]}]); } catch {} }"
    )
    assert_harmless(browser)


def test_hostile_names_on_the_page_of_a_comparison(browser, tmp_path):
    hostile_study(tmp_path, "one")
    hostile_study(tmp_path, "other")
    open_page(browser, write_comparison("one", "other", home=tmp_path), width=390)
    assert_harmless(browser)


@pytest.mark.parametrize("number", [1, 10])
def test_small_studies_are_drawn_too(browser, tmp_path, number):
    write_study(tmp_path, synthetic_tables(number, seed=2), parts=1)
    open_page(browser, write_report("digits-mlp", home=tmp_path), width=390)
    assert_sound(browser)
