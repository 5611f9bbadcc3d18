"""The walkable map in a browser: it says what the model says; hands and keys reach all of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from threadpoolctl import threadpool_limits

from analysis import load_trials, write_report
from analysis.report.walk.axes import walk_axes
from analysis.stability_model import stability_model
from tests.analysis.report.test_page_in_browser import open_page
from tests.support.browser import severe_messages
from tests.support.synthetic import synthetic_tables, write_study

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """The home of a study in which momentum applies to one of two optimizers alone."""
    home = tmp_path_factory.mktemp("walk")
    space = {
        "learning_rate": {"kind": "range", "low": 1e-4, "high": 10.0, "log": True},
        "depth": {"kind": "choice", "choices": [2, 4, 8, 16, 32]},
        "activation": {"kind": "choice", "choices": ["sigmoid", "tanh", "relu"]},
        "clip_norm": {"kind": "choice", "choices": ["none", 0.1, 1.0]},
        "optimizer": {"kind": "choice", "choices": ["sgd", "adam"]},
        "momentum": {"kind": "range", "low": 0.0, "high": 0.9, "log": False},
    }
    tables = synthetic_tables(300, space=space)
    tables.trials.loc[tables.trials["optimizer"] == "adam", "momentum"] = np.nan
    write_study(home, tables, parts=2)
    return home


@pytest.fixture(scope="module")
def page(study) -> Path:
    return write_report("digits-mlp", home=study, tables="trials")


def random_settings(trials: pd.DataFrame, number: int) -> tuple[list[list[float]], pd.DataFrame]:
    """Settings as the page has them, and the same as a table."""
    rng = np.random.default_rng(5)
    axes = [axis for axis, _ in walk_axes(trials)]
    inside, rows = [], []
    for _ in range(number):
        setting, row = [], {}
        for axis in axes:
            values = axis.samples(1000)
            index = int(rng.integers(len(values)))
            setting.append(index if axis.listed else values[index])
            row[axis.name] = values[index]
        inside.append(setting)
        rows.append(row)
    frame = pd.DataFrame(rows)
    frame.loc[frame["optimizer"] == "adam", "momentum"] = np.nan
    return inside, frame


def test_the_page_says_what_the_model_says(browser, study, page):
    open_page(browser, page, width=1280)
    trials = load_trials("digits-mlp", home=study)
    settings, frame = random_settings(trials, 200)
    said = browser.execute_script(
        "const { predictor, data } = window.gradscape;"
        "return arguments[0].map((setting) => predictor.at(setting));",
        settings,
    )
    verdicts = browser.execute_script("return gradscape.data.verdicts.map(({ name }) => name)")
    # As the report does: more threads round otherwise, and the fit ends elsewhere.
    with threadpool_limits(1):
        model = stability_model(trials)
    expected = model.predict(frame)
    for verdict in model.verdicts:
        place = verdicts.index(verdict)
        for key, column in (("p", ""), ("low", "_lower"), ("high", "_upper")):
            shown = np.array([each[key][place] for each in said])
            np.testing.assert_allclose(shown, expected[f"{verdict}{column}"], atol=1e-3)


def test_a_slice_is_what_the_model_says_of_its_places(browser, study, page):
    open_page(browser, page, width=1280)
    away = browser.execute_script(
        "const { predictor, data, state } = window.gradscape;"
        "const { fields, nx, ny } = predictor.grid(0, 1, state.setting, null);"
        "let [mean, bound] = [0, 0];"
        "for (let j = 0; j < ny; j += 1) for (let i = 0; i < nx; i += 5) {"
        "  const setting = state.setting.slice();"
        "  setting[0] = 1e-4 * 1e5 ** ((i + 0.5) / nx); setting[1] = j;"
        "  const { p, low } = predictor.at(setting);"
        "  mean = Math.max(mean, Math.abs(p[0] - fields.p[0][j * nx + i]));"
        "  bound = Math.max(bound, Math.abs(low[0] - fields.low[0][j * nx + i]));"
        "}"
        "return [mean, bound]"
    )
    assert max(away) < 1e-3


def test_every_control_can_be_reached_and_named(browser, page):
    open_page(browser, page, width=390)
    lost = browser.execute_script(
        "return [...document.querySelectorAll("
        "'#walk input, #walk select, #walk button, canvas[data-map]')]"
        ".filter((one) => one.offsetParent && (one.tabIndex < 0 ||"
        "  !(one.labels?.length || one.getAttribute('aria-label') || one.textContent.trim())))"
        ".map((one) => one.outerHTML.slice(0, 80))"
    )
    assert lost == []


def test_arrows_move_the_place_and_enter_shows_the_nearest_trial(browser, page):
    open_page(browser, page, width=1280)
    canvas = browser.find_element(By.CSS_SELECTOR, "canvas[data-map=verdict]")
    place = "return document.getElementById('walk-where').textContent"
    before = browser.execute_script(place)
    canvas.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_UP)
    assert browser.execute_script(place) != before
    assert "stable" in canvas.get_attribute("aria-label")
    canvas.send_keys(Keys.ENTER)
    title = browser.switch_to.active_element.text
    assert title.startswith("Trial ")
    charts = browser.execute_script("return document.querySelectorAll('#walk-trial svg').length")
    assert charts == 2 and severe_messages(browser) == []


def test_filters_choose_the_trials_of_table_and_map(browser, study, page):
    open_page(browser, page, width=1280)
    trials = load_trials("digits-mlp", home=study)
    browser.execute_script(
        "const write = (label, text) => { const input ="
        " document.querySelector(`[aria-label='Filter by ${label}']`);"
        " input.value = text; input.dispatchEvent(new Event('input')); };"
        "write('learning rate', '0.001..0.1'); write('depth', '>= 8');"
        "write('activation', 'tanh, relu');"
        "document.querySelector('#walk-verdicts .verdict-stable input').click();"
    )
    kept = trials[
        trials["learning_rate"].between(0.001, 0.1)
        & (trials["depth"] >= 8)
        & trials["activation"].isin(["tanh", "relu"])
        & (trials["verdict"] != "stable")
    ]
    shown = browser.find_element(By.ID, "walk-count").text
    assert shown == f"{len(kept)} of 300 trials" and len(kept) > 3
    numbers = browser.execute_script(
        "document.querySelectorAll('#walk-table th button')[0].click();"
        "return [...document.querySelectorAll('#walk-table tbody tr')].map("
        " (row) => Number(row.cells[0].textContent))"
    )
    assert numbers == sorted(kept["trial"], reverse=True)[: len(numbers)]


def test_without_scripts_the_sentences_and_a_picture_of_the_map_remain(page):
    text = page.read_text(encoding="utf-8")
    assert "The largest learning rate that trains" in text and "data:image/png;base64," in text
    assert '<p class="answer"><b>' in text
