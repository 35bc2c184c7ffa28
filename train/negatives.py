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

from train.data import BOX, CLASSES, SIDE, Split

NO_DIGIT = CLASSES  # the label of these pictures
# One way of writing a letter per entry: strokes of points, each point two figures, x of 0…6 and y of 0…8 (down).
WRITTEN = (
    *("083068 1555", "613003063867", "60000868 0454", "613011133414062867", "600008 0454", "0008 0060 0444"),  # A C E F
    *("0008 6068 0464", "2060 50563806", "0008 600468", "10181543351558", "000868", "4130222608174867"),  # H J K k L L
    *("0800346068", "08006860", "0008 0040624404", "0008 0040624404 2468", "0060 3038", "18123061"),  # M N P R T r
    *("000628486660", "000528555056", "003860", "0018335860", "000628363236586660", "031835385653"),  # U U V W W W
    *("0068 6008", "0021342708 6041344768", "0034 603438", "0034 6008", "00133340452807"),  # X X Y y y
    *("0003245360 60664807", "001333404528072563", "613003063865 6068", "513003062855515668"),  # y y a a
    *("643305073866 6068", "4413062846504768", "44130628466150434768", "0464513002063867"),  # d d d e
    *("61403238 1454", "054240302428181654", "0008 05336468", "10081534453857", "083220130834454867"),  # f f h h h
    *("0008 530658", "0108 03213338 33516368", "0108 04316368", "0110181330424768", "11081340523414"),  # k m n n p
    *("0108 04224162", "30364867 0262", "000628486660 6068", "00052855505668"),  # r t u u
)
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
CANVAS, MARGIN = 80, 10  # px, what strokes and letters are drawn on
WHITE = 0.8  # quantile of the inked px that is to be white
SHAKE = 0.4  # standard deviation of a written letter's points, in units of WRITTEN
SLANT = 0.2  # … and of its slant, sideways per height


def negatives(digits: Split, n: int, rng: np.random.Generator) -> Split:
    """`n` pictures that are no digits, labelled NO_DIGIT; `digits` are those that are spoilt for it."""
    makers = [write_letter, print_letter, lambda rng: turn(digits, rng), lambda rng: pair(digits, rng), scribble]
    chosen = rng.choice(len(makers), n, p=[0.55, 0.1, 0.1, 0.15, 0.1])
    return Split(np.stack([fit_box(makers[kind](rng)) for kind in chosen]), np.full(n, NO_DIGIT, np.uint8))


def write_letter(rng: np.random.Generator) -> np.ndarray:
    """A letter as somebody might write it, (h, w) uint8 white on black."""
    strokes = [
        np.array([[int(x), int(y)] for x, y in zip(stroke[::2], stroke[1::2], strict=True)], float)
        for stroke in rng.choice(WRITTEN).split()
    ]
    if rng.random() < 0.2:
        strokes = [np.concatenate(strokes)]  # the pen was not lifted
    if rng.random() < 0.3:
        strokes[-1] = np.vstack(
            [strokes[-1], strokes[-1][-1] + rng.uniform((0, -2), (2, 0.5))]
        )  # on to the next letter
    slanted = np.array([[rng.uniform(0.5, 1.2), 0], [rng.normal(0, SLANT), 1]])
    return draw([(stroke + rng.normal(0, SHAKE, stroke.shape)) @ slanted for stroke in strokes], rng)


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
    """Two digits side by side, touching or nearly, or what a wrong cut leaves of them, (28, w) uint8."""
    left, right = (pick(digits, range(CLASSES), rng) for _ in range(2))
    left, right = (picture[:, picture.any(axis=0)] for picture in (left, right))
    if left.shape[1] > THIN and rng.random() < 0.5:
        left = left[:, round(left.shape[1] * rng.uniform(0.3, 0.6)) :]
    if right.shape[1] > THIN and rng.random() < 0.5:
        right = right[:, : round(right.shape[1] * rng.uniform(0.4, 0.7))]
    overlap = int(rng.integers(0, 3))
    return np.hstack([left[:, : left.shape[1] - overlap], right])


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


def draw(strokes: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Strokes of (points, 2) in units of WRITTEN, rounded more or less, with a random pen -> (80, 80) uint8."""
    canvas = np.zeros((CANVAS, CANVAS), np.uint8)
    pen, rounds = int(rng.integers(5, 14)), int(rng.integers(1, 4))
    low = np.min([stroke.min(axis=0) for stroke in strokes], axis=0)
    high = np.max([stroke.max(axis=0) for stroke in strokes], axis=0)
    scale = (CANVAS - 2 * MARGIN) / (high - low).max()
    for stroke in strokes:
        points = np.round((MARGIN + (round_off(stroke, rounds) - low) * scale) * 16).astype(np.int32)
        cv2.polylines(canvas, [points], False, 255, pen, cv2.LINE_AA, shift=4)
    return canvas


def round_off(stroke: np.ndarray, rounds: int) -> np.ndarray:
    """Chaikin's corner cutting (1974, "An algorithm for high-speed curve generation"); both ends stay."""
    for _ in range(rounds):
        before, after = stroke[:-1], stroke[1:]
        cut = np.stack([0.75 * before + 0.25 * after, 0.25 * before + 0.75 * after], axis=1).reshape(-1, 2)
        stroke = np.vstack([stroke[:1], cut, stroke[-1:]])
    return stroke


def fit_box(picture: np.ndarray) -> np.ndarray:
    """(h, w) uint8 with some ink -> (28, 28) uint8, longer side 20 px, the box in the middle."""
    rows, columns = np.nonzero(picture > 40)
    ink = np.ascontiguousarray(picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1])
    scale = BOX / max(ink.shape)
    width, height = (max(1, round(side * scale)) for side in ink.shape[::-1])
    small = cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA)
    # The reader makes a fine pen white, too.
    small = np.minimum(small * (255 / np.quantile(small[small > 13], WHITE)), 255).astype(np.uint8)
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    canvas[top : top + height, left : left + width] = small
    return canvas
