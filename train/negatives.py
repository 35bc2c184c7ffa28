"""Pictures that are no digits, made by program: what the network learns to refuse.

Letters written by a shaky hand and printed from the fonts that matplotlib carries, digits of the training set mirrored,
turned or squeezed together in pairs so that they are none any more, scribbles, dashes and dots; all boxed and centred
as MNIST's digits are. No letter is among them that people write like a digit (b, g, o, q, z …).
"""

from pathlib import Path

import cv2
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from train.data import CLASSES, Split
from train.numbers import bare, push_together
from train.written import CANVAS, LETTERS, draw, fit_box, points, write

NO_DIGIT = CLASSES  # the label of these pictures
PRINTED = "ACEFHJKLMNPRTUVWXYacdefhkmnprtuvwxy@#$%&?+*=<>"
FONTS = (
    *(f"DejaVuSans{style}.ttf" for style in ("", "-Bold", "-Oblique")),
    *(f"DejaVuSansMono{style}.ttf" for style in ("", "-Oblique")),
    *(f"DejaVuSerif{style}.ttf" for style in ("", "-Italic")),
    *(f"STIXGeneral{style}.ttf" for style in ("", "Italic", "Bol")),
    *("cmr10.ttf", "cmmi10.ttf", "cmss10.ttf", "cmtt10.ttf"),
)
MIRRORED = (3, 4, 6, 7, 9)  # no digits when left and right are changed
TURNED = (2, 3, 4, 5, 7)  # no digits when turned by a quarter, to the left
THIN = 10  # px; half of what is thinner looks like a one
SHAKE, SLANT = 0.4, 0.2  # standard deviations of a letter's points and of its slant, as in `write`


def negatives(digits: Split, n: int, rng: np.random.Generator) -> Split:
    """`n` pictures that are no digits, labelled NO_DIGIT; `digits` are those that are spoilt for it."""
    makers = [write_letter, print_letter, lambda rng: turn(digits, rng), lambda rng: pair(digits, rng), scribble]
    chosen = rng.choice(len(makers), n, p=[0.42, 0.08, 0.08, 0.34, 0.08])
    return Split(np.stack([fit_box(makers[kind](rng)) for kind in chosen]), np.full(n, NO_DIGIT, np.uint8))


def write_letter(rng: np.random.Generator) -> np.ndarray:
    """A letter as somebody might write it, (h, w) uint8 white on black."""
    strokes = points(rng.choice(LETTERS))
    if rng.random() < 0.2:
        strokes = [np.concatenate(strokes)]  # the pen was not lifted
    if rng.random() < 0.3:
        strokes[-1] = np.vstack(
            [strokes[-1], strokes[-1][-1] + rng.uniform((0, -2), (2, 0.5))]
        )  # on to the next letter
    return write(strokes, rng, SHAKE, SLANT)


def print_letter(rng: np.random.Generator) -> np.ndarray:
    """A printed letter or sign, thinner or thicker, (h, w) uint8 white on black."""
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    font = ImageFont.truetype(fonts / str(rng.choice(FONTS)), CANVAS // 2)
    canvas = Image.new("L", (CANVAS, CANVAS))
    ImageDraw.Draw(canvas).text((CANVAS // 2, CANVAS // 2), str(rng.choice(list(PRINTED))), 255, font, anchor="mm")
    pen = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (int(rng.integers(1, 5)),) * 2)
    return cv2.dilate(np.asarray(canvas), pen)


def turn(digits: Split, rng: np.random.Generator) -> np.ndarray:
    """A digit mirrored or lying on its side, (28, 28) uint8."""
    mirror = rng.random() < 0.5
    picture = pick(digits, MIRRORED if mirror else TURNED, rng)
    return picture[:, ::-1] if mirror else np.rot90(picture)


def pair(digits: Split, rng: np.random.Generator) -> np.ndarray:
    """Two digits that touch, or one and a good part of the other, as a cut in a wrong place has it, (h, w) uint8."""
    left, right = (np.pad(bare(pick(digits, range(CLASSES), rng), 1), ((4, 4), (0, 0))) for _ in range(2))
    right = np.roll(right, rng.integers(-3, 4), axis=0)
    both = push_together(left, right, int(rng.integers(-1, 3)))
    narrower = min(left.shape[1], right.shape[1])
    if narrower > THIN and rng.random() < 0.5:
        lost = round(narrower * rng.uniform(0.3, 0.6))
        both = both[:, lost:] if rng.random() < 0.5 else both[:, :-lost]
    return both


def pick(digits: Split, labels, rng: np.random.Generator) -> np.ndarray:
    return digits.pictures[rng.choice(np.flatnonzero(np.isin(digits.labels, labels)))]


def scribble(rng: np.random.Generator) -> np.ndarray:
    """A dash, a dot or a few strokes to and fro, (h, w) uint8 white on black."""
    kind = rng.random()
    if kind < 0.3:
        rise = rng.uniform(-0.3, 0.3)
        return draw([np.array([[0, 4 - 3 * rise], [6, 4 + 3 * rise]])], rng)
    if kind < 0.45:
        canvas = np.zeros((CANVAS, CANVAS), np.uint8)
        axes = rng.integers(16, 24, 2).tolist()  # narrower ones might be a one
        return cv2.ellipse(canvas, (CANVAS // 2,) * 2, axes, rng.uniform(0, 180), 0, 360, 255, -1, cv2.LINE_AA)
    return draw([rng.uniform(0, (6, 8), (rng.integers(5, 10), 2))], rng)
