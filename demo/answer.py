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
    shown = "".join(str(digit.label) if digit.is_read else "?" for digit in reading.digits)
    single = len(reading.digits) == 1
    return (
        f'<div class="answer" data-reading="{reading.text}">'
        f'<output class="reading">{shown}</output>'
        f'<p class="sure">{certainty(reading)}</p><div class="seen">{"".join(map(figure, reading.digits))}</div>'
        f'{bars(reading.digits[0]) if single else ""}<p class="time">read in {milliseconds:.1f} ms</p></div>'
    )


def certainty(reading: Reading) -> str:
    """How sure the reading is, in words, and what is not read."""
    if not reading.text:
        likest = f"; of all digits, most like a {reading.digits[0].label}" if len(reading.digits) == 1 else ""
        return f"This does not look like a digit{likest}."
    sure = f"{reading.confidence:.1%} sure" if reading.confidence >= SURE else f"not sure: {reading.confidence:.0%}"
    unread = sum(not digit.is_read for digit in reading.digits)
    if unread:
        sure += f"; {unread} mark{'s' if unread > 1 else ''} that do{'' if unread > 1 else 'es'} not look like a digit"
    return sure + ("; there is more than is shown" if reading.more else "")


def figure(digit: Digit) -> str:
    """What the network saw of a digit, and how sure it is."""
    said = f"{digit.label}, {digit.confidence:.0%}" if digit.is_read else "?"
    return (
        f'<figure><img src="{picture_url(digit.image)}" alt="The 28 by 28 picture that the network saw">'
        f"<figcaption>{said}</figcaption></figure>"
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
