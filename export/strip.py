"""How a photo becomes pictures of 28 × 28, step by step → figures/reading.png; the photo is made by program."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

import artifacts
from export.photos import take
from export.preprocess import find_inks, grey, shrink
from export.reader import Reader
from export.reading import Reading
from export.segment import Line, find_lines
from train.charts import ACCENT, INK, QUIET, WARNING, WIDTH, save

TEXT, KIND, SEED = "70429", "all at once", 7  # what the photo shows and how it was taken
SHRUNK = 4  # px of the photo for one of the figure's
COLOURS = ((47, 95, 208), (194, 65, 12), (21, 128, 61), (147, 51, 150), (161, 98, 7))  # of pieces, RGB, in turn
TITLE = {"fontsize": 12, "color": INK, "x": 0.005, "ha": "left"}
BOX = {"fill": False, "edgecolor": QUIET, "linewidth": 1}


def draw(folder: Path) -> str:
    """Write the figure for the model in `folder`; -> what was read."""
    picture = take(TEXT, KIND, SEED)
    reading = Reader(folder / artifacts.ONNX_MODEL).read(picture)
    save(strip(picture, reading), folder / artifacts.FIGURES / artifacts.STRIP)
    return reading.text


def strip(picture: Image.Image, reading: Reading) -> Figure:
    """The photo, its ink, its longest line with the pieces in colour, and the digits as the network sees them."""
    ink = find_inks(shrink(grey(picture))[0])[0]
    line = max(find_lines(ink), key=lambda line: line.count)
    figure = Figure(figsize=(WIDTH, 8.4), layout="constrained")
    whole, pieces, digits = figure.subfigures(3, 1, height_ratios=(3.5, 2.2, 2.2))
    left, right = whole.subplots(1, 2)
    show(left, np.asarray(picture.reduce(SHRUNK)), "1  The photo")
    seen = Image.fromarray(1 - ink).reduce(SHRUNK)
    show(right, np.asarray(seen), "2  Its ink: light and paper taken away", cmap="gray", vmin=0, vmax=1)
    show_pieces(pieces.subplots(), line)
    digits.suptitle("4  Each digit 20 px long, its mass in the middle of 28 × 28, and what it is read as", **TITLE)
    axes = digits.subplots(1, max(1, len(reading.digits)), squeeze=False)[0]
    for axis, digit in zip(axes, reading.digits, strict=False):
        said = f"{digit.label}  ({digit.confidence:.1%})" if digit.is_read else f"?  (doubt {digit.doubt:.0%})"
        show(axis, digit.image, "", cmap="gray", vmin=0, vmax=255)
        axis.set_xlabel(said, fontsize=12, color=INK if digit.is_read else WARNING)
        for middle in (axis.axhline, axis.axvline):
            middle(13.5, color=ACCENT, linewidth=0.8, linestyle=":")
    return figure


def show_pieces(axis: Axes, line: Line) -> None:
    colours = np.array([(0, 0, 0), *(COLOURS[piece % len(COLOURS)] for piece in range(line.count))]) / 255
    show(axis, 1 - line.ink[..., None] * (1 - colours[line.pieces]), "3  The line's pieces, and their boxes")
    for piece in range(1, line.count + 1):
        x, y, right, bottom = line.box(piece, piece)
        axis.add_patch(Rectangle((x - 0.5, y - 0.5), right - x, bottom - y, clip_on=False, **BOX))


def show(axis: Axes, picture: np.ndarray, title: str, **options: object) -> None:
    axis.imshow(picture, **options)
    axis.set_title(title, fontsize=12, color=INK, loc="left")
    axis.set_xticks([])
    axis.set_yticks([])
    axis.spines[:].set(visible=True, color="#d1d5db", linewidth=0.6)
