"""Somebody at the page, as a program: draws on its surface and uploads pictures over HTTP, as the browser does.

For the checks of a running page (demo.load, demo.space, demo.outage and the tests). The one place outside the page
that knows in which form a drawing is sent and a reading comes back.
"""

import base64
import io
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import httpx
import numpy as np
from PIL import Image

from artifacts import ROOT

PATIENCE = 60  # seconds for a server to start
# Digits as pen strokes, in % of a square surface, y down.
DIGITS = {
    "1": [[(52, 10), (50, 90)]],
    "4": [[(38, 10), (26, 54), (74, 54)], [(62, 30), (60, 92)]],
    "7": [[(24, 14), (76, 14), (44, 90)]],
}
SERVER = "gradio_api/component_server"


def picture(digit: str, side: int = 400) -> Image.Image:
    """One of DIGITS, drawn black on white."""
    canvas = np.full((side, side), 255, np.uint8)
    for stroke in DIGITS[digit]:
        cv2.polylines(canvas, [np.array(stroke) * side // 100], False, 0, side // 22, cv2.LINE_AA)
    return Image.fromarray(canvas)


def png(drawn: Image.Image) -> bytes:
    file = io.BytesIO()
    drawn.save(file, "png")
    return file.getvalue()


def surface(config: dict) -> int:
    """The number of the drawing surface in the page's /config."""
    return next(part["id"] for part in config["components"] if part["props"].get("elem_id") == "pad")


def drawn(digit: str, surface: int, visitor: str = "visitor") -> dict:
    """The JSON that the page posts to SERVER when somebody has drawn one of DIGITS."""
    data = "data:image/png;base64," + base64.b64encode(png(picture(digit))).decode()
    return {"data": data, "component_id": surface, "fn_name": "read", "session_hash": visitor}


def text(answer: object) -> str | None:
    """What the page says to a drawing, "" when it reads nothing; None when it is no reading."""
    found = re.search(r'data-reading="(\d*)"', str(answer))
    return found and found[1]


def upload(client: httpx.Client, content: bytes, name: str = "picture.png", mime: str = "image/png") -> httpx.Response:
    """Upload a file and have it read, as the page does; -> the answer, or the refusal."""
    uploaded = client.post("gradio_api/upload", files={"files": (name, content, mime)})
    if not uploaded.is_success:
        return uploaded
    file = {"path": uploaded.json()[0], "meta": {"_type": "gradio.FileData"}}
    return client.post("gradio_api/run/read", json={"data": [file]})


@contextmanager
def running(*command: str, folder: Path = ROOT.parent, **environment: str) -> Iterator[tuple[str, subprocess.Popen]]:
    """Start a program that serves the page, `python -m demo` by default; -> its address and its process.

    `{port}` in the command stands for a free port. Raises RuntimeError when it stops or is not healthy in time.
    """
    port = str(free_port())
    command = command or (sys.executable, "-m", "demo", "--port", "{port}")
    process = subprocess.Popen(
        [part.replace("{port}", port) for part in command],
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/healthz", process)
        yield address, process
    finally:
        process.terminate()
        process.communicate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url: str, process: subprocess.Popen | None = None) -> None:
    """Wait until an address answers well. Raises RuntimeError when the process stops before, or after PATIENCE."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process and process.poll() is not None:
            raise RuntimeError(f"the server stopped with exit code {process.returncode}: {process.stderr.read()}")
        try:
            if httpx.get(url, trust_env=False, timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"{url} did not answer well within {PATIENCE} s")
