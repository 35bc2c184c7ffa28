"""The page in a real browser. Skipped where there is none, unless REQUIRE_BROWSER is set, as it is in CI."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from conftest import NO_DIGITS, ROOT, STROKES, draw
from playwright.sync_api import expect, sync_playwright

from artifacts import FIGURE_NAMES
from demo.screenshot import sketch

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(
    not CHROMIUM and not os.environ.get("REQUIRE_BROWSER"), reason="chromium is not installed"
)


@pytest.fixture(scope="module")
def address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    server = subprocess.Popen([sys.executable, "-m", "demo", "--port", str(port)], cwd=ROOT)
    for _ in range(300):
        try:
            urllib.request.urlopen(url).read()
            break
        except urllib.error.URLError:
            time.sleep(0.1)
    yield url
    server.terminate()
    server.wait()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM or "chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, address):
    """A fresh page at the address, and afterwards the check that it asked no other host for anything."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.locator("#pad canvas").wait_for()
    yield page
    page.close()
    assert all(url.startswith((address, "data:", "blob:")) for url in asked)


@pytest.mark.parametrize("digit", [0, 2, 3, 4, 7])
def test_a_digit_drawn_with_the_mouse_is_read(visit, digit):
    sketch(visit, STROKES[digit])
    expect(visit.locator("#pad .answer")).to_have_attribute("data-reading", str(digit))


def test_an_empty_pad_says_what_to_do_and_clearing_empties_it(visit):
    answer = visit.locator("#pad .answer")
    expect(answer).to_contain_text("Draw a digit")
    sketch(visit, STROKES[7])
    expect(answer).to_have_attribute("data-reading", "7")
    visit.get_by_role("button", name="Clear").click()
    expect(answer).to_have_attribute("data-reading", "")
    expect(answer).to_contain_text("Draw a digit")


def test_a_dash_is_shown_as_a_question_mark(visit):
    sketch(visit, NO_DIGITS["dash"])
    answer = visit.locator("#pad .answer")
    expect(answer).to_contain_text("not look like a digit")
    expect(answer).to_have_attribute("data-reading", "")


def test_an_uploaded_picture_is_read_and_a_broken_one_refused_in_words(visit, tmp_path):
    visit.get_by_role("tab", name="Picture").click()
    answer = visit.locator("#upload-answer .answer")
    draw(5).save(tmp_path / "five.png")
    visit.locator("input[type=file]").set_input_files(tmp_path / "five.png")
    expect(answer).to_have_attribute("data-reading", "5")
    visit.get_by_role("button", name="Clear").last.click()
    (tmp_path / "broken.png").write_text("no picture")
    visit.locator("input[type=file]").set_input_files(tmp_path / "broken.png")
    expect(answer).to_contain_text("can't be read")


def test_the_report_shows_its_figures(visit):
    visit.get_by_role("tab", name="Report").click()
    expect(visit.get_by_text("test pictures read right")).to_be_visible()
    expect(visit.locator("img:visible")).to_have_count(len(FIGURE_NAMES))


@pytest.mark.parametrize("width", [375, 1280])
def test_nothing_scrolls_sideways(visit, width):
    visit.set_viewport_size({"width": width, "height": 800})
    sketch(visit, STROKES[3])
    assert visit.evaluate("document.documentElement.scrollWidth") <= width
