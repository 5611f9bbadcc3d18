from __future__ import annotations

import os
from pathlib import Path

import pytest

from analysis import write_report
from tests.analysis.synthetic import SPACE, synthetic_tables, write_study
from tests.browser import save_full_page, set_color_scheme, set_viewport, severe_messages

pytestmark = pytest.mark.slow

LONG = "an activation with a very long name " * 6


@pytest.fixture(scope="module")
def page(home, tmp_path_factory) -> Path:
    return write_report("digits-mlp", home=home, out=tmp_path_factory.mktemp("report"))


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
    assert browser.execute_script("return 'drawn' in document.documentElement.dataset")


def assert_sound(browser) -> None:
    assert severe_messages(browser) == []
    missing = browser.execute_script(
        "return [...document.querySelectorAll('.plot')]"
        ".filter(plot => !plot.matches('.js-plotly-plot') || !plot.querySelector('.main-svg'))"
        ".map(plot => plot.id)"
    )
    assert missing == []
    assert browser.execute_script("return document.querySelectorAll('.plot').length") > 0
    widths = browser.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1]


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (390, "light"), (1280, "dark"), (320, "dark")]
)
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
    light = browser.execute_script(read)
    set_color_scheme(browser, "dark")
    dark = browser.execute_script(read)
    assert light[0] == "rgb(255, 255, 255)" and dark[0] != light[0]
    assert dark[1] != light[1]


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


def test_in_a_sandboxed_frame_as_mlflow_shows_it(browser, page, tmp_path):
    frame = tmp_path / "frame.html"
    frame.write_text(
        f'<iframe sandbox="allow-scripts" src="{page.as_uri()}" width="900" height="800"></iframe>'
    )
    set_viewport(browser, width=1000)
    browser.get(frame.as_uri())
    browser.switch_to.frame(0)
    try:
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


def test_hostile_and_long_names_are_shown_as_text_and_do_not_widen_the_page(browser, tmp_path):
    hostile = "<script>document.title='taken'</script>"
    space = SPACE | {
        "activation": {"kind": "choice", "choices": [hostile, LONG, "<b>x</b>🙂"]},
        "x" * 200: {"kind": "choice", "choices": ["a", "b"]},
    }
    write_study(tmp_path, synthetic_tables(120, space=space, study=hostile), name="hostile")
    open_page(browser, write_report("hostile", home=tmp_path), width=390)
    assert_sound(browser)
    assert browser.title.startswith(hostile)
    assert browser.execute_script("return document.querySelector('h1').textContent") == hostile
    ticks = browser.execute_script(
        "return [...document.querySelectorAll('.ytick text')].map(text => text.textContent)"
    )
    assert any(tick.startswith("<script>") for tick in ticks)
    assert browser.execute_script("return document.querySelectorAll('.plot b, h1 *').length") == 0


@pytest.mark.parametrize("number", [1, 10])
def test_small_studies_are_drawn_too(browser, tmp_path, number):
    write_study(tmp_path, synthetic_tables(number, seed=2), parts=1)
    open_page(browser, write_report("digits-mlp", home=tmp_path), width=390)
    assert_sound(browser)
