"""Somebody at the page, as a program: draws on its surface and uploads pictures over HTTP, as the browser does.

For the checks of a running page (demo.load, demo.space, demo.outage and the tests). The one place outside the page
that knows in which form a drawing is sent and a reading comes back.
"""

import io
import os
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
from demo.examples import write

PATIENCE = 60  # seconds for a server to start
SERVER = "gradio_api/component_server"
DIGITS = "147"  # what is drawn, by turns
HEIGHT, CENTRE, PEN = 640, (640, 320), 27  # of the surface, in units, of which it is 1280 wide; of the pen


def picture(text: str, side: int = 400) -> Image.Image:
    """A number written black on white, `side` px square."""
    canvas = np.full((side, side), 255, np.uint8)
    for stroke in write(text, 0.7 * side, (side / 2, side / 2)):
        cv2.polylines(canvas, [stroke.round().astype(np.int32)], False, 0, max(1, side // 22), cv2.LINE_AA)
    return Image.fromarray(canvas)


def png(drawn: Image.Image) -> bytes:
    file = io.BytesIO()
    drawn.save(file, "png")
    return file.getvalue()


def part(config: dict, name: str = "pad") -> int:
    """The number of a part of the page, the drawing surface or "picture", in its /config."""
    return next(part["id"] for part in config["components"] if part["props"].get("elem_id") == name)


def drawn(text: str, surface: int, visitor: str = "visitor") -> dict:
    """The JSON that the page posts to SERVER when somebody has written a number on the surface."""
    points = [stroke.round().astype(int).ravel().tolist() for stroke in write(text, 400, CENTRE)]
    strokes = [{"pen": PEN, "erase": False, "points": stroke} for stroke in points]
    data = {"height": HEIGHT, "photo": None, "strokes": strokes}
    return {"data": data, "component_id": surface, "fn_name": "read", "session_hash": visitor}


def text(answer: object) -> str | None:
    """What the page says in its JSON, "" when it reads nothing; None when it is no reading."""
    if isinstance(answer, dict) and isinstance(answer.get("data"), list):  # that of an event
        answer = answer["data"][0]
    return answer.get("text") if isinstance(answer, dict) else None


def show(
    client: httpx.Client, picture_tab: int, content: bytes, name: str = "x.png", mime: str = "image/png"
) -> httpx.Response:
    """Have a picture read as the page does, on its second tab."""
    fields = {"component_id": str(picture_tab), "fn_name": "read", "session_hash": "visitor"}
    return client.post(SERVER, data=fields, files={"file": (name, content, mime)})


def upload(client: httpx.Client, content: bytes, name: str = "x.png", mime: str = "image/png") -> httpx.Response:
    """Upload a picture and have it read as programs do; -> the answer, or the refusal."""
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
            said = process.stderr.read().strip().splitlines() if process.stderr else []
            raise RuntimeError(f"it stopped with exit code {process.returncode}: {said[-1] if said else 'not a word'}")
        try:
            if httpx.get(url, trust_env=False, timeout=5).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError(f"{url} did not answer well within {PATIENCE} s")
