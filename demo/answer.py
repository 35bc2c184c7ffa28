"""A Reading as the JSON that the page's scripts show, and the part of the page that shows it."""

import base64
import binascii
from collections.abc import Callable
from pathlib import Path

import gradio as gr
import numpy as np

from demo.files import to_dict
from export.explain import explain
from export.preprocess import SIDE
from export.reader import Reader
from export.reading import Reading

HERE = Path(__file__).resolve().parent


def component(reader: Reader, name: str, props: dict | None = None, **server_functions: Callable) -> gr.HTML:
    """A part of the page, from its files `name`.html, .css and .js, with ask.js and the answer's beside them.

    Its script can read the `props` and call the `server_functions` by their names, and `why`, too.
    """

    def why(digit: object) -> dict:
        return heat_map(reader, digit)

    functions = {"why": why, **server_functions}
    for key, function in functions.items():
        function.__name__ = key
    part = {ending: (HERE / f"{name}.{ending}").read_text() for ending in ("html", "css", "js")}
    shared = {ending: (HERE / f"answer.{ending}").read_text() for ending in ("html", "css", "js")}
    return gr.HTML(
        html_template=part["html"].replace("<answer></answer>", shared["html"]),
        css_template=shared["css"] + part["css"],
        js_on_load=(HERE / "ask.js").read_text() + shared["js"] + part["js"],
        apply_default_css=False,
        server_functions=list(functions.values()),
        elem_id=name,
        **(props or {}),
    )


def to_answer(reading: Reading, size: tuple[int, int], milliseconds: float) -> dict:
    """A reading of a picture of size (width, height) in the types of JSON, with what the network saw of each digit."""
    answer = to_dict(reading)
    for entry, digit in zip(answer["digits"], reading.digits, strict=True):
        entry["image"] = base64.b64encode(digit.image.tobytes()).decode()
    return {
        **answer,
        "more": reading.more,
        "width": size[0],
        "height": size[1],
        "milliseconds": round(milliseconds, 1),
    }


def heat_map(reader: Reader, digit: object) -> dict:
    """{"image": base64 of 28 × 28 bytes, "label": 0…9} -> {"heat": 784 whole numbers in -100…100}.

    100: the ink that counts most, > 0 for the label and < 0 against it; {"error": …} when it is no such digit.
    """
    try:
        pixels = np.frombuffer(base64.b64decode(digit["image"], validate=True), np.uint8).reshape(SIDE, SIDE)
        heat = explain(reader.classifier, pixels, range(10)[digit["label"]])
    except (LookupError, TypeError, ValueError, binascii.Error):
        return {"error": "This is no picture of a digit."}
    most = max(float(np.abs(heat).max()), 1e-6)
    return {"heat": np.round(100 * heat / most).astype(int).ravel().tolist()}
