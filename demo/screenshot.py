"""python -m demo.screenshot: draw a digit on the running page and keep the picture of it → artifacts/page.png.

Needs Playwright and Debian's chromium; the page runs in this process.
"""

import os
import shutil
import sys
from typing import TYPE_CHECKING

from artifacts import PAGE_PICTURE, replacing
from export.reader import Reader

if TYPE_CHECKING:
    from playwright.sync_api import Page

STROKES = [[(24, 16), (72, 15), (60, 42), (46, 86)], [(38, 50), (68, 47)]]  # a crossed seven, in % of the surface


def main() -> int:
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    chromium = shutil.which("chromium")
    if not chromium:
        print("screenshot: chromium is not installed", file=sys.stderr)
        return 2
    from playwright.sync_api import sync_playwright

    from demo.app import LOOK, page

    _, address, _ = page(Reader()).launch(prevent_thread_lock=True, quiet=True, **LOOK)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        window = browser.new_page(viewport={"width": 1280, "height": 640})
        window.goto(address)
        sketch(window, STROKES)
        window.locator("#pad .answer[data-reading]:not([data-reading=''])").wait_for()
        window.wait_for_timeout(500)
        with replacing(PAGE_PICTURE) as path:
            window.screenshot(path=path)
        browser.close()
    return 0


def sketch(window: "Page", strokes: list[list[tuple[float, float]]]) -> None:
    """Draw on the page's surface with the mouse; strokes of (x, y) in % of the surface's width and height."""
    surface = window.locator("#pad canvas")
    surface.wait_for()
    box = surface.bounding_box()
    for stroke in strokes:
        points = [(box["x"] + x * box["width"] / 100, box["y"] + y * box["height"] / 100) for x, y in stroke]
        window.mouse.move(*points[0])
        window.mouse.down()
        for point in points[1:]:
            window.mouse.move(*point, steps=8)
        window.mouse.up()


if __name__ == "__main__":
    sys.exit(main())
