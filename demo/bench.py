"""python -m demo.bench: how fast the page is in a browser, strokes being replayed on it → its rows in bench.json.

From a movement of the pen to the frame that shows the answer to it. Needs Playwright and Debian's chromium.
"""

import io
import json
import shutil
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from artifacts import BENCH, write_json
from demo.examples import GLYPHS, photos, write
from demo.screenshot import browser_on_page, on_screen
from export.bench import IN_BROWSER

if TYPE_CHECKING:
    from playwright.sync_api import Page

PACE = 1 / 60  # s between two movements
READINGS = 200  # at least, of each kind of drawing
UPLOADS = 10
# In the page: a request for an answer belongs to the oldest movement that no request before it knew of; the answer is
# painted when the frame after the change has been made.
PROBE = """
() => {
  const readings = (window.readings = []), painting = [], channel = new MessageChannel();
  let oldest = null, asked = null;
  document.querySelector("#pad canvas").addEventListener("pointerrawupdate", (event) => {
    if (event.buttons) oldest ??= event.timeStamp;
  }, true);
  const { fetch } = window;
  window.fetch = (address, ...rest) => {
    if (String(address).includes("component_server")) [asked, oldest] = [oldest, null];
    return fetch(address, ...rest);
  };
  channel.port1.onmessage = () => readings.push(performance.now() - painting.shift());
  new MutationObserver(() => {
    if (asked === null) return;
    painting.push(asked);
    asked = null;
    requestAnimationFrame(() => channel.port2.postMessage(null));
  }).observe(document.querySelector("#pad .time"), { childList: true });
}
"""


# From the choice of a file to its picture on the page, with the boxes drawn in.
UPLOAD_PROBE = """
() => {
  window.uploads = [];
  let chosen = null;
  document.querySelector("#picture input").addEventListener("change", () => (chosen = performance.now()), true);
  document.querySelector("#picture .frame img").addEventListener("load", () =>
    requestAnimationFrame(() => window.uploads.push(performance.now() - chosen)));
}
"""


def main() -> int:
    if not shutil.which("chromium"):
        print("bench: chromium is not installed, so the page was not measured", file=sys.stderr)
        return 2
    rows = {}
    with browser_on_page() as window:
        paint = window.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        rows[IN_BROWSER + "first paint"] = {"s": round(paint / 1e3, 2)}
        window.evaluate(PROBE)
        rows[IN_BROWSER + "pen to painted answer, 1 digit"] = replay(window, list(GLYPHS)[:10], 400)
        rows[IN_BROWSER + "pen to painted answer, 8 digits"] = replay(window, ["19840726"], 180)
        rows[IN_BROWSER + "12-megapixel photo to painted answer"] = upload(window)
    bench = json.loads(BENCH.read_text()) if BENCH.exists() else {"rows": {}}
    bench["rows"].update(rows)
    write_json(BENCH, bench)
    for name, row in rows.items():
        print(f"{name}  " + ", ".join(f"{value:g} {unit}" for unit, value in row.items()))
    return 0


def replay(window: "Page", texts: list[str], height: float) -> dict[str, float]:
    """Write the texts, one after the other, until there are READINGS readings -> percentiles of their delay, ms."""
    window.evaluate("() => { window.readings.length = 0; }")
    rounds = 0
    while window.evaluate("window.readings.length") < READINGS:
        text = texts[rounds % len(texts)]
        rounds += 1
        window.keyboard.press("Escape")
        for stroke in write(text, height, (640, 320), seed=rounds):
            draw(window, on_screen(window, stroke))
    delays = np.array(window.evaluate("window.readings"))
    p50, p95 = np.percentile(delays, [50, 95])
    return {"ms p50": round(float(p50), 1), "ms p95": round(float(p95), 1), "readings": len(delays)}


def upload(window: "Page") -> dict[str, float]:
    """A photo of 12 megapixels, UPLOADS times -> the median delay in ms."""
    window.get_by_role("tab", name="Picture").click()
    window.evaluate(UPLOAD_PROBE)
    file = io.BytesIO()
    Image.fromarray(photos()["paper"].grey).resize((4000, 3000), Image.Resampling.BICUBIC).save(file, "jpeg")
    for count in range(UPLOADS):
        window.locator("#picture input").set_input_files(
            {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}
        )
        window.wait_for_function("count => window.uploads.length > count", arg=count)
    return {"ms p50": round(float(np.median(window.evaluate("window.uploads"))), 1)}


def draw(window: "Page", points: np.ndarray) -> None:
    """A stroke of (n, 2) px with the mouse, a movement every PACE seconds."""
    window.mouse.move(*points[0])
    window.mouse.down()
    tick = time.perf_counter()
    for point in points[1:]:
        tick += PACE
        time.sleep(max(0.0, tick - time.perf_counter()))
        window.mouse.move(*point)
    window.mouse.up()


if __name__ == "__main__":
    sys.exit(main())
