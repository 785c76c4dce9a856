"""The page in a real browser: Debian's Chromium without a window, driven by Selenium against file://."""

import json
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from tests.report.outputs import SCRIPT

gate = pytest.mark.gate  # all but the first: a browser takes seconds to start

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed (extra `dev`)")
pytest.importorskip("axe_core_python", reason="axe-core-python is not installed (extra `dev`)")

from selenium.common.exceptions import WebDriverException  # noqa: E402 - there by now

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = [360, 1280]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("chromium and chromedriver are not installed (Debian: chromium, chromium-driver)")
    driver = _started(tmp_path_factory)
    yield driver
    driver.quit()


def _started(folders: pytest.TempPathFactory, tries: int = 3) -> Any:
    """A browser. On a busy machine it may take longer to start than its driver waits, which is a minute."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={folders.mktemp('browser')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    try:
        return webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    except WebDriverException:
        if tries == 1:
            raise
        return _started(folders, tries - 1)


@pytest.fixture(params=WIDTHS, ids=["phone", "wide"])
def page(request: pytest.FixtureRequest, browser: Any, hostile_output: Path) -> Any:
    """The report, opened at the width of a phone and of a desk."""
    metrics = {"width": request.param, "height": 900, "deviceScaleFactor": 1, "mobile": request.param < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get((hostile_output / "report.html").as_uri())
    return browser


def test_opens_without_an_error_and_asks_for_nothing(page: Any) -> None:
    """No message on the console; nothing is fetched; no dialog of a script that got through."""
    assert page.get_log("browser") == []
    assert page.execute_script("return performance.getEntriesByType('resource').length") == 0
    assert page.execute_script("return document.scripts.length") == 0
    assert SCRIPT in page.execute_script("return document.body.textContent")


@gate
def test_nothing_is_wider_than_the_screen(page: Any) -> None:
    """The page itself does not scroll sideways, with every rule and cluster open."""
    page.execute_script("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")


@gate
def test_every_link_leads_to_a_heading_that_is_seen(page: Any) -> None:
    """It is scrolled to below the list of links that stays."""
    page.execute_script("document.documentElement.style.scrollBehavior = 'auto'")
    for link in page.find_elements("css selector", "nav a"):
        page.execute_script("arguments[0].click()", link)
        target = link.get_attribute("href").partition("#")[2]
        top = page.execute_script("return document.getElementById(arguments[0]).getBoundingClientRect().top", target)
        assert page.execute_script("return location.hash") == f"#{target}"
        assert 40 <= top <= 900


@gate
def test_rules_open_and_close_by_keyboard(page: Any) -> None:
    """Every summary is reached with the tab key and worked with the enter key."""
    summaries = page.find_elements("css selector", "summary")
    assert summaries
    for summary in summaries:
        was_open = page.execute_script("return arguments[0].parentElement.open", summary)
        page.execute_script("arguments[0].focus()", summary)
        assert page.execute_script("return document.activeElement === arguments[0]", summary)
        page.switch_to.active_element.send_keys(webdriver.Keys.ENTER)
        assert page.execute_script("return arguments[0].parentElement.open", summary) != was_open


@gate
def test_the_filter_shows_rules_of_one_kind(page: Any) -> None:
    """Each choice hides the rules of other kinds and the stages that have none left; the first brings all back."""
    shown = (
        "return [...document.querySelectorAll('#changes details')].filter(one => one.checkVisibility()).map(one => one.className)"
    )
    every = page.execute_script(shown)
    radios = page.find_elements("css selector", ".filter input")
    assert len(radios) == 1 + len(set(every)) > 2
    for radio in [*radios[1:], radios[0]]:
        page.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", radio)
        radio.click()
        kind = radio.get_attribute("id").removeprefix("only-")
        assert page.execute_script(shown) == [one for one in every if kind in ("all", one)]
        headings = "return [...document.querySelectorAll('#changes .step')].filter(one => one.checkVisibility()).every("
        assert page.execute_script(headings + "one => [...one.querySelectorAll('details')].some(rule => rule.checkVisibility()))")


@gate
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page: Any, scheme: str) -> None:
    """Names, roles, order of headings, focus, and contrast in both colour schemes."""
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    page.execute_cdp_cmd("Page.setBypassCSP", {"enabled": True})
    page.refresh()
    page.execute_script("document.querySelectorAll('details').forEach(one => one.open = true)")
    script = files("axe_core_python").joinpath("axe.min.js")
    page.execute_script(script.read_text(encoding="utf-8"))
    found = page.execute_async_script("axe.run(document, {resultTypes: ['violations']}).then(arguments[arguments.length - 1])")
    page.execute_cdp_cmd("Page.setBypassCSP", {"enabled": False})
    broken = {violation["id"]: [node["html"][:120] for node in violation["nodes"]][:3] for violation in found["violations"]}
    assert broken == {}, json.dumps(broken, indent=2)
