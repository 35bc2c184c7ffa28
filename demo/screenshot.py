"""python -m demo.screenshot: draw a number on the running page and keep the picture of it → artifacts/page.png.

Needs Playwright and Debian's chromium; the page runs in a process of its own.
"""

import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from artifacts import PAGE_PICTURE, ROOT, replacing
from demo.examples import write
from demo.pad import WIDTH

if TYPE_CHECKING:
    from playwright.sync_api import Page

NUMBER, HEIGHT = "2047", 330  # what is drawn, and how high, in units of the surface
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def main() -> int:
    if not shutil.which("chromium"):
        print("screenshot: chromium is not installed", file=sys.stderr)
        return 2
    with browser_on_page() as window:
        for stroke in write(NUMBER, HEIGHT, (640, 320), seed=7):
            draw(window, stroke)
        window.locator(f"#pad .answer[data-reading='{NUMBER}']").wait_for()
        window.locator("#pad .why").click()
        window.wait_for_timeout(500)
        with replacing(PAGE_PICTURE) as path:
            window.screenshot(path=path)
    return 0


@contextmanager
def browser_on_page() -> Iterator["Page"]:
    """A browser's window, 1280 × 640, with the page in it, which a process of its own serves meanwhile."""
    from playwright.sync_api import sync_playwright

    with serving() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        window = browser.new_page(viewport={"width": 1280, "height": 640})
        window.goto(address)
        window.locator("#pad .surface canvas").wait_for()
        yield window
        browser.close()


@contextmanager
def serving(port: int | None = None, *options: str) -> Iterator[str]:
    """`python -m demo` at a port, a free one if none is given -> its address, once it answers."""
    if port is None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}/"
    command = [sys.executable, "-m", "demo", "--port", str(port), *options]
    server = subprocess.Popen(command, cwd=ROOT.parent, stdout=subprocess.DEVNULL)
    try:
        while server.poll() is None:
            try:
                urllib.request.urlopen(address, timeout=5).read()
            except urllib.error.URLError:
                time.sleep(0.05)
            else:
                yield address
                return
        raise RuntimeError(f"the page's server stopped with exit code {server.returncode}")
    finally:
        server.terminate()
        server.wait()


def on_screen(window: "Page", stroke: np.ndarray) -> np.ndarray:
    """(n, 2) in units of the surface -> px of the window."""
    box = window.locator("#pad .surface canvas").bounding_box()
    return np.asarray(stroke) * box["width"] / WIDTH + (box["x"], box["y"])


def draw(window: "Page", stroke: np.ndarray) -> None:
    """A stroke with the mouse; (n, 2) in units of the surface."""
    points = on_screen(window, stroke)
    window.mouse.move(*points[0])
    window.mouse.down()
    for point in points[1:]:
        window.mouse.move(*point)
    window.mouse.up()


if __name__ == "__main__":
    sys.exit(main())
