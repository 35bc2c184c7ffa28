"""The page in a real browser. Skipped where there is none, unless REQUIRE_BROWSER is set, as it is in CI."""

import gzip
import json
import os
import re
import shutil
import socket

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import NO_DIGITS, ROOT, STROKES, draw_number
from PIL import Image
from playwright.sync_api import expect, sync_playwright

from artifacts import FIGURE_NAMES
from demo.examples import EXAMPLES
from demo.screenshot import FLAGS, draw, on_screen, serving

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(
    not CHROMIUM and not os.environ.get("REQUIRE_BROWSER"), reason="chromium is not installed"
)
FAKE_CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
REPLAYED = ROOT.parent / "shared" / "data" / "strokes.jsonl.gz"
TABS = ["Draw", "Picture", "Report", "Programs"]


@pytest.fixture(scope="module")
def address():
    with serving() as url:
        yield url


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM or "chromium", args=[*FLAGS, *FAKE_CAMERA])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, address):
    """Opens the page as a given kind of visitor; in the end, no script failed and no other host was asked."""
    contexts, asked, failed = [], [], []

    def open_page(url=address, **kind):
        contexts.append(browser.new_context(**{"viewport": {"width": 1280, "height": 720}, **kind}))
        page = contexts[-1].new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: failed.append(error))
        page.goto(url)
        page.locator("#pad .surface canvas").wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not failed
    assert all(re.match(r"(http://127\.0\.0\.1:\d+/|data:|blob:)", url) for url in asked)


def on_surface(strokes, left=370, side=540):
    """Strokes in % of a square as (n, 2) arrays in units of the surface."""
    return [np.array(stroke) * side / 100 + (left, 50) for stroke in strokes]


def number(text):
    return [stroke for i, digit in enumerate(text) for stroke in on_surface(STROKES[int(digit)], 60 + 400 * i, 380)]


def sketch(page, strokes):
    """With the mouse; as many movements as a hand makes."""
    for stroke in strokes:
        draw(page, dense(stroke))


def dense(stroke, apart=40):
    """(n, 2) -> the same line with points that are at most `apart` units apart."""
    lengths = np.linalg.norm(np.diff(stroke, axis=0), axis=1)
    parts = [
        np.linspace(before, after, max(2, int(length / apart) + 2))[:-1]
        for before, after, length in zip(stroke[:-1], stroke[1:], lengths, strict=True)
    ]
    return np.concatenate([*parts, stroke[-1:]])


def touch(page, strokes):
    """With a finger."""
    device = page.context.new_cdp_session(page)
    for stroke in strokes:
        points = [{"x": float(x), "y": float(y)} for x, y in on_screen(page, dense(stroke))]
        device.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
        for point in points[1:]:
            device.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        device.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def expect_reading(page, text, part="pad"):
    expect(page.locator(f"#{part} .answer")).to_have_attribute("data-reading", text)


@pytest.mark.parametrize(
    ("way", "kind"),
    [(sketch, {}), (touch, {"has_touch": True, "is_mobile": True, "viewport": {"width": 375, "height": 700}})],
    ids=["mouse", "finger"],
)
def test_digits_and_a_number_are_read_as_they_are_drawn(visit, way, kind):
    page = visit(**kind)
    for digit in STROKES:
        way(page, on_surface(STROKES[digit]))
        expect_reading(page, str(digit))
        page.get_by_role("button", name="Clear").click()
        expect_reading(page, "")
    way(page, number("704"))
    expect_reading(page, "704")
    expect(page.locator("#pad .boxes g")).to_have_count(3)


def test_a_digit_is_read_before_the_pen_is_lifted(visit):
    page = visit()
    (stroke,) = on_screen(page, on_surface(STROKES[3]))
    page.mouse.move(*stroke[0])
    page.mouse.down()
    for point in stroke[1:]:
        page.mouse.move(*point, steps=5)
    expect_reading(page, "3")
    page.mouse.up()
    expect_reading(page, "3")


def test_a_pen_that_leaves_the_surface_is_followed_and_lifted_there(visit):
    page = visit()
    down = np.array([(560, 60), (560, 900), (700, 900)])
    draw(page, dense(down))
    expect_reading(page, "1")
    page.mouse.move(*on_screen(page, np.array([[900, 300]]))[0])
    page.mouse.move(*on_screen(page, np.array([[300, 300]]))[0], steps=5)
    page.get_by_role("button", name="Undo", exact=True).click()
    expect_reading(page, "")
    expect(page.get_by_role("button", name="Undo", exact=True)).to_be_disabled()


def test_an_empty_surface_says_what_to_do_and_so_does_a_cleared_one(visit):
    page = visit()
    hint = page.get_by_text("Draw a digit or a number", exact=True)
    expect(hint).to_be_visible()
    expect(page.locator("#pad .nothing")).to_contain_text("appears here")
    sketch(page, on_surface(STROKES[7]))
    expect(hint).to_be_hidden()
    page.get_by_role("button", name="Clear").click()
    expect(hint).to_be_visible()
    expect_reading(page, "")


def test_buttons_and_keys_undo_redo_and_clear(visit):
    page = visit()
    undo, redo = (page.get_by_role("button", name=name, exact=True) for name in ("Undo", "Redo"))
    expect(undo).to_be_disabled()
    for stroke in number("17"):
        sketch(page, [stroke])
    expect_reading(page, "17")
    undo.click()
    expect_reading(page, "1")
    redo.click()
    expect_reading(page, "17")
    page.keyboard.press("Control+z")
    expect_reading(page, "1")
    page.keyboard.press("Control+Shift+Z")
    expect_reading(page, "17")
    page.keyboard.press("Escape")
    expect_reading(page, "")
    page.keyboard.press("Control+z")
    expect_reading(page, "17")
    expect(redo).to_be_enabled()


def test_the_eraser_takes_ink_away(visit):
    page = visit()
    sketch(page, number("17"))
    expect_reading(page, "17")
    page.get_by_role("button", name="Eraser").click()
    expect(page.get_by_role("button", name="Eraser")).to_have_attribute("aria-pressed", "true")
    for _ in range(3):
        for across in (-25, 0, 25):
            sketch(page, [stroke + np.array([across, 0]) for stroke in number("17")[1:]])
    expect_reading(page, "1")


def test_the_drawing_is_sharp_on_a_dense_screen_and_light_on_a_dark_one(visit):
    page = visit(device_scale_factor=2, color_scheme="dark")
    box = page.locator("#pad .surface canvas").bounding_box()
    assert page.evaluate("document.querySelector('#pad .surface canvas').width") == round(2 * box["width"])
    sketch(page, on_surface(STROKES[1]))
    expect_reading(page, "1")
    darkest_ink = """canvas => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return data.reduce((least, red, i) => (i % 4 || data[i + 3] < 255 ? least : Math.min(least, red)), 255);
    }"""
    assert 200 < page.locator("#pad .surface canvas").evaluate(darkest_ink) < 255


def test_what_is_no_digit_is_shown_as_a_question_mark_and_in_words(visit):
    page = visit()
    sketch(page, on_surface(NO_DIGITS["scribble"]))
    expect(page.locator("#pad .reading")).to_have_text("?")
    expect(page.locator("#pad .sure")).to_contain_text("not look like a digit")
    expect_reading(page, "")


def test_a_digit_that_is_pointed_at_shows_its_bars_and_why_it_was_read(visit):
    page = visit()
    sketch(page, number("704"))
    expect_reading(page, "704")
    most, seen = page.locator("#pad .bars .most b"), page.locator("#pad .seen")
    page.mouse.move(*on_screen(page, number("704")[0].mean(axis=0)))
    expect(most).to_have_text("7")
    page.get_by_role("group", name="Digits").get_by_role("button").nth(2).focus()
    expect(most).to_have_text("4")
    assert page.locator("#pad .bars li").count() == 10
    pixels = "canvas => [...canvas.getContext('2d').getImageData(0, 0, 28, 28).data]"
    grey = np.array(seen.evaluate(pixels)).reshape(-1, 4)[:, :3]
    assert grey.max() == 255
    assert np.ptp(grey, axis=1).max() == 0
    with page.expect_response("**/component_server/"):
        page.get_by_role("button", name="Why?").click()
    page.wait_for_timeout(200)
    coloured = np.array(seen.evaluate(pixels)).reshape(-1, 4)[:, :3]
    assert np.ptp(coloured, axis=1).max() > 50
    assert np.ptp(coloured[grey.max(axis=1) == 0], axis=1).max() == 0
    expect(page.get_by_text("ink spoke for the 4")).to_be_visible()


def test_a_screen_reader_hears_the_reading_and_nothing_else(visit):
    page = visit()
    sketch(page, number("17"))
    expect(page.locator("#pad [role=status]")).to_have_text("Read as 1 7")
    page.keyboard.press("Escape")
    expect(page.locator("#pad [role=status]")).to_contain_text("appears here")


@pytest.mark.parametrize("width", [375, 1280])
def test_every_example_is_read_as_it_should_be(visit, width):
    page = visit(viewport={"width": width, "height": 720})
    for example in EXAMPLES:
        page.get_by_role("button", name=example.name, exact=True).click()
        expect_reading(page, example.text)
        expect(page.locator("#pad .found")).to_be_visible()


def test_uploads_pastes_and_drops_are_read_with_their_boxes_drawn_in(visit, tmp_path):
    page = visit()
    page.get_by_role("tab", name="Picture").click()
    draw_number("205", gap=20).save(tmp_path / "number.png")
    draw_number("31", gap=20).save(tmp_path / "other.png")
    page.locator("input[type=file]").set_input_files(tmp_path / "number.png")
    expect_reading(page, "205", "picture")
    shown = page.get_by_role("img", name="The picture with a box")
    expect(shown).to_be_visible()
    assert shown.get_attribute("src").startswith("data:image/jpeg")
    give = """([bytes, type]) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(bytes)], 'number.png', { type: 'image/png' }));
      const event = type === 'paste' ? new ClipboardEvent('paste', { clipboardData: data, bubbles: true })
        : new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true });
      document.querySelector('#picture .surface').dispatchEvent(event);
    }"""
    for file, way, text in (("other.png", "paste", "31"), ("number.png", "drop", "205")):
        page.evaluate(give, [list((tmp_path / file).read_bytes()), way])
        expect_reading(page, text, "picture")


def test_pictures_that_cannot_be_read_are_refused_in_words(visit, tmp_path):
    page = visit()
    page.get_by_role("tab", name="Picture").click()
    (tmp_path / "broken.png").write_text("no picture")
    (tmp_path / "large.png").write_bytes(bytes(10_000_001))
    Image.new("1", (10_000, 5_001)).save(tmp_path / "vast.png")
    for name, words in (("broken", "not a picture"), ("large", "10 MB"), ("vast", "50 million pixels")):
        page.locator("input[type=file]").set_input_files(tmp_path / f"{name}.png")
        expect(page.locator("#picture .hint")).to_contain_text(words)
        expect_reading(page, "", "picture")


def test_the_camera_takes_a_picture(visit):
    page = visit(permissions=["camera"])
    page.get_by_role("tab", name="Picture").click()
    page.get_by_role("button", name="Use the camera").click()
    page.get_by_role("button", name="Take the picture").click()
    expect(page.get_by_role("img", name="The picture with a box")).to_be_visible()


def test_the_report_shows_all_its_figures(visit):
    page = visit()
    page.get_by_role("tab", name="Report").click()
    expect(page.get_by_text("test pictures read right")).to_be_visible()
    for sentence in FIGURE_NAMES.values():
        figure = page.get_by_role("img", name=sentence)
        figure.scroll_into_view_if_needed()
        expect(figure).to_have_js_property("complete", True)
        assert figure.evaluate("image => image.naturalWidth") > 500


def test_the_programs_tab_gives_the_address_that_the_browser_knows(visit, address):
    page = visit()
    page.get_by_role("tab", name="Programs").click()
    expect(page.locator("pre").filter(has_text="gradio_client")).to_contain_text(f'Client("{address}")')


def test_drawing_and_answer_fit_the_screen_and_nothing_scrolls_sideways(visit):
    page = visit(viewport={"width": 1280, "height": 720})
    sketch(page, number("704"))
    expect_reading(page, "704")
    page.get_by_role("button", name="Why?").click()
    assert page.evaluate("document.documentElement.scrollHeight") <= 720
    for width in (1280, 375):
        page.set_viewport_size({"width": width, "height": 720})
        for tab in TABS:
            page.get_by_role("tab", name=tab).click()
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (tab, width)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_violation(visit, scheme):
    page = visit(color_scheme=scheme)
    for tab in TABS:
        page.get_by_role("tab", name=tab).click()
        if tab == "Draw":
            page.get_by_role("button", name="A number").click()
            expect_reading(page, "1984")
            page.get_by_role("button", name="Why?").click()
        violations = Axe().run(page).response["violations"]
        assert [(v["id"], v["help"]) for v in violations if v["impact"] in ("serious", "critical")] == [], tab


def test_all_controls_can_be_reached_with_the_keyboard(visit):
    page = visit()
    page.get_by_role("button", name="A number").click()
    expect_reading(page, "1984")
    page.locator("body").click(position={"x": 1, "y": 1})
    names = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        names.add(page.evaluate("document.activeElement.ariaLabel || document.activeElement.innerText.trim()"))
    assert {"Draw", "Fine pen", "Eraser", "Undo", "Clear", "A number", "Copy", "Why?"} <= names


def test_a_server_that_is_too_busy_is_asked_again_and_drawing_goes_on(visit):
    page, refused = visit(), []

    def refuse(route):
        refused.append(route)
        if len(refused) <= 3:
            route.fulfill(status=503, headers={"Retry-After": "1"}, body="busy")
        else:
            route.continue_()

    page.route("**/component_server/", refuse)
    first, *others = number("17")
    sketch(page, [first])
    expect(page.get_by_role("alert").filter(has_text="does not answer")).to_be_visible()
    sketch(page, others)
    expect_reading(page, "17")
    expect(page.locator("#pad .trouble")).to_be_empty()


def test_a_server_that_goes_and_comes_back_within_a_stroke_costs_nothing(visit):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with serving(port) as url:
        page = visit(url)
        (stroke,) = (on_screen(page, dense(stroke)) for stroke in on_surface(STROKES[3]))
        page.mouse.move(*stroke[0])
        page.mouse.down()
        for point in stroke[1:6]:
            page.mouse.move(*point)
    for point in stroke[6:]:
        page.mouse.move(*point)
        page.wait_for_timeout(60)
    expect(page.get_by_role("alert").filter(has_text="does not answer")).to_be_visible()
    page.mouse.up()
    with serving(port):
        expect(page.locator("#pad .answer")).to_have_attribute("data-reading", "3", timeout=15_000)
        expect(page.locator("#pad .trouble")).to_be_empty()


@pytest.mark.skipif(not REPLAYED.exists(), reason="no handwriting to replay here")
def test_real_handwriting_replayed_on_the_page_is_read(visit):
    page = visit()
    with gzip.open(REPLAYED) as file:
        digits = [json.loads(line) for line in file][::8]
    right = 0
    for digit in digits:
        page.keyboard.press("Escape")
        for stroke in digit["strokes"]:
            draw(page, np.array([*stroke[::3], stroke[-1]]) * 0.45 + (400, 80))
        try:
            expect(page.locator("#pad .answer")).to_have_attribute("data-reading", digit["label"], timeout=1500)
            right += 1
        except AssertionError:
            continue
    assert right >= 0.95 * len(digits), f"{right} of {len(digits)}"
