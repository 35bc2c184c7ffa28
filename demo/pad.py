"""The drawing surface: a gr.HTML with its own template, style and script, answered by one stateless function."""

import base64
import binascii
import io
import time
from pathlib import Path

import gradio as gr

from demo.answer import render
from export.reader import PictureError, Reader, open_picture

HERE = Path(__file__).resolve().parent
PREFIX = "data:image/png;base64,"
MOST_BYTES = 1_000_000  # of a drawing, encoded


def drawing_pad(reader: Reader) -> gr.HTML:
    """A surface to draw on with the answer beside it."""

    def read(drawing: str) -> str:
        return answer(reader, drawing)

    return gr.HTML(
        render(None),
        html_template=(HERE / "pad.html").read_text(),
        css_template=(HERE / "pad.css").read_text(),
        js_on_load=(HERE / "pad.js").read_text(),
        server_functions=[read],
        elem_id="pad",
    )


def answer(reader: Reader, drawing: object) -> str:
    """A drawing as a PNG data: URL -> the answer's HTML; what is no drawing gets a sentence."""
    if not isinstance(drawing, str) or not drawing.startswith(PREFIX) or len(drawing) > MOST_BYTES:
        return render(None, nothing="This drawing can't be read")
    start = time.perf_counter()
    try:
        file = io.BytesIO(base64.b64decode(drawing.removeprefix(PREFIX), validate=True))
        with open_picture(file) as picture:
            reading = reader.read(picture)
    except (binascii.Error, PictureError):
        return render(None, nothing="This drawing can't be read")
    return render(reading, (time.perf_counter() - start) * 1e3)
