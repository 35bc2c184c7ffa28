"""A Reading as the HTML that the page shows: what was read, how sure, what the network saw, and how long it took."""

import base64
import io

import numpy as np
from PIL import Image

from export.reader import Digit, Reading

SURE = 0.8  # below this the page says that it is not sure


def render(reading: Reading | None, milliseconds: float = 0.0, nothing: str = "Draw a digit") -> str:
    """HTML for a reading; `nothing` stands in its place when there is none or no ink was found.

    The outermost element carries the text as `data-reading`, empty for what is too doubtful, which is shown as "?".
    """
    if reading is None or not reading.digits:
        return f'<div class="answer" data-reading=""><p class="hint">{nothing}</p></div>'
    digit = reading.digits[0]
    if digit.is_read:
        sure = f"{digit.confidence:.1%} sure" if digit.confidence >= SURE else f"not sure: {digit.confidence:.0%}"
    else:
        sure = f"This does not look like a digit; of all digits, most like a {digit.label}."
    return (
        f'<div class="answer" data-reading="{reading.text}">'
        f'<div class="top"><output class="reading">{reading.text or "?"}</output>'
        f'<figure><img src="{picture_url(digit.image)}" alt="The 28 by 28 picture that the network saw">'
        f"<figcaption>what the network saw</figcaption></figure></div>"
        f'<p class="sure">{sure}</p>{bars(digit)}<p class="time">read in {milliseconds:.1f} ms</p></div>'
    )


def bars(digit: Digit) -> str:
    """Ten rows: digit, bar, percentage."""
    rows = "".join(
        f'<li class="{"read" if label == digit.label else ""}"><b>{label}</b>'
        f'<span class="bar"><span style="width:{p * 100:.1f}%"></span></span><span class="number">{p:.1%}</span></li>'
        for label, p in enumerate(digit.probabilities)
    )
    return f'<ul class="bars" aria-label="Probability of each digit">{rows}</ul>'


def picture_url(picture: np.ndarray) -> str:
    """(h, w) uint8 -> a data: URL with it as PNG."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "png")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
