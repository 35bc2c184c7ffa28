"""Numbers made by program: digits beside each other, touching or apart, zeros in one stroke, commas; as ink."""

from typing import NamedTuple

import cv2
import numpy as np

from export.pen import pen_width, widened
from train.written import round_off

STRIP = 96  # px, height of the canvas
TALL = 46  # px, a digit; lower than the reader's lines, so that nothing is scaled again
TALLER = 0.12  # natural logarithm of how much more or less, either way
PENS = (2.5, 9.5)  # px, from the finest to the widest
SURE = 0.4  # of its lightest px, what is ink; with more, fine strokes fall apart
RIDGE = 0.7  # px that the distance to a stroke's edge grows by from px to px, at most, in the stroke's middle
ROOM = 6  # px beside a digit, for its pen to become wider
JITTER = 2.5  # px, standard deviation of how far a digit is above or below its line
SLANT = 0.2  # standard deviation, sideways per height
OVERLAP, APART = 10, 24  # px at most that digits share where they touch, or are apart
REACH = 2  # px; rows higher or lower that count as beside a digit
LINKS = (((-130, -20), 70, False), ((40, 150), 40, False), ((-70, -30), 20, True))  # at the top, as in e, as in a
LINKED, LINK, CROOKED = 0.1, 14, 4  # share of the digits with a stroke from the one before; px from where to where


class Number(NamedTuple):
    """ink: (STRIP, w) float32 in 0…1; digits: of each the label, its ink alone, and in which column that begins."""

    ink: np.ndarray
    digits: list[tuple[int, np.ndarray, int]]


def beside(number: Number, more: Number, touching: bool, rng: np.random.Generator) -> Number:
    """Two numbers as one, touching or apart, now and then with a stroke from the first to the second."""
    if not number.ink.size:
        return more
    nearest = place_beside(number.ink >= 0.5, more.ink >= 0.5, 0, REACH)
    apart = -round(OVERLAP * rng.random() ** 2) if touching else round(1 + APART * rng.random() ** 2)
    place = max(0, nearest + apart)
    ink = laid(number.ink, more.ink, place)
    if rng.random() < LINKED:
        link(ink, number.ink, more.ink, place, rng)
    return Number(ink, number.digits + [(label, alone, place + at) for label, alone, at in more.digits])


def link(canvas: np.ndarray, before: np.ndarray, after: np.ndarray, place: int, rng: np.random.Generator) -> None:
    """Draw a stroke from somewhere on the right of one ink to somewhere on the left of another, on both."""
    start = max(0, before.shape[1] - LINK)
    from_where, to_where = np.argwhere(before[:, start:] >= 0.5), np.argwhere(after[:, :LINK] >= 0.5)
    if not len(from_where) or not len(to_where):
        return
    begin, end = (np.add(rng.choice(places)[::-1], (at, 0)) for places, at in ((from_where, start), (to_where, place)))
    stroke = round_off(np.stack([begin, (begin + end) / 2 + rng.normal(0, CROOKED, 2), end]), 2)
    points = np.round(stroke * 16).astype(np.int32)
    cv2.polylines(canvas, [points], False, 1.0, int(rng.integers(2, 6)), cv2.LINE_AA, shift=4)


def comma(rng: np.random.Generator, pen: float) -> np.ndarray:
    """A dot, a comma or a dash, (STRIP, w) float32."""
    kind, foot = rng.integers(3), (STRIP + TALL) / 2
    begin = [8, STRIP / 2 + rng.integers(-8, 8) if kind == 2 else foot - 4]
    length = ([0, 1], [-rng.integers(2, 6), rng.integers(4, 14)], [rng.integers(8, 16), rng.integers(-4, 5)])[kind]
    canvas = np.zeros((STRIP, 40), np.float32)
    points = np.array([begin, np.add(begin, length)]).astype(np.int32)
    cv2.polylines(canvas, [points], False, 1.0, round(pen), cv2.LINE_AA)
    return bare(canvas)


def enlarge(picture: np.ndarray, slant: float, pen: float, rng: np.random.Generator) -> np.ndarray:
    """(28, 28) uint8 -> the digit about TALL px high, (STRIP, w) float32 in 0…1, without the empty columns.

    pen: px, how wide its strokes become on average.
    """
    rows = np.flatnonzero((picture > 127).any(axis=1))
    scale = TALL * np.exp(rng.uniform(-TALLER, TALLER)) / (rows[-1] - rows[0] + 1)
    matrix = np.array([[scale, -slant * scale, 0], [0, scale, 0]])
    middle = STRIP, STRIP / 2 + rng.normal(0, JITTER)
    matrix[:, 2] = middle - matrix[:, :2] @ [picture.shape[1] / 2, (rows[0] + rows[-1]) / 2]
    large = cv2.warpAffine(picture, matrix, (2 * STRIP, STRIP), flags=cv2.INTER_CUBIC)
    ink = bare(large > SURE * large.max())
    return bare(with_pen(np.pad(ink, ((0, 0), (ROOM, ROOM))), pen))


def with_pen(ink: np.ndarray, pen: float) -> np.ndarray:
    """(h, w) bool -> the same with strokes about `pen` px wide, (h, w) float32 in 0…1; the finest stay whole."""
    wider = pen - pen_width(ink)
    if wider > 0:
        return widened(ink.astype(np.float32), wider)
    inside = cv2.distanceTransform(ink.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    # In the middle of a stroke the distance to its edge no longer grows; neither does it in its outermost corners.
    middle = (inside > 1) & (cv2.dilate(inside, np.ones((3, 3), np.uint8)) - inside < RIDGE)
    return np.maximum((inside + wider / 2).clip(0, 1), middle.astype(np.float32))


def some_pen(rng: np.random.Generator) -> float:
    """How wide somebody's pen is, px, where digits are TALL."""
    return float(np.exp(rng.uniform(*np.log(PENS))))


def linked_zeros(rng: np.random.Generator, pen: float) -> Number:
    """Two to four zeros that a hand writes without lifting the pen; a digit is the ring without what links it."""
    wide, gap = rng.uniform(0.2, 0.7), rng.uniform(-0.2, 0.6)
    # Where on the ring the pen begins, in degrees, -90 being its top, and how far it goes beyond that in the end.
    (low, high), beyond, has_stem = LINKS[rng.integers(len(LINKS))]
    begin, beyond = rng.uniform(low, high), beyond * rng.random()
    x, before, rings, after = rng.choice([0, TALL * rng.uniform(0.1, 0.4)], p=[0.7, 0.3]), [], [], []
    if x:
        before = [[[0, TALL * rng.uniform(0.1, 0.9)]]]
    for _ in range(rng.integers(2, 5)):
        half, tall = TALL * wide * rng.uniform(0.8, 1.2), TALL / 2 * rng.uniform(0.85, 1.1)
        turn = np.radians(np.linspace(begin, begin - 360 - beyond, 16) + rng.normal(0, 8))
        ring = np.stack([x + half * (1 + np.cos(turn)), TALL / 2 + tall * np.sin(turn)], axis=1)
        if has_stem:
            stem = [[x + 1.9 * half, TALL * rng.uniform(0.6, 0.9)], [x + 2.2 * half, TALL]]
            ring = np.concatenate([ring, stem])
        rings.append(ring + rng.normal(0, 1.5, 2) + rng.normal(0, 1, ring.shape))
        x += 2 * half + max(gap * TALL * rng.uniform(0.5, 1.5), -half / 2)
    if rng.random() < 0.3:
        after = [[[x, TALL * rng.uniform(0, 0.6)]]]
    slanted, corner = np.array([[1, 0], [-rng.normal(0, SLANT), 1]]), [STRIP / 2, (STRIP - TALL) / 2]

    def draw(stroke: np.ndarray) -> np.ndarray:
        points = np.round((round_off(stroke @ slanted, 2) + corner) * 16).astype(np.int32)
        canvas = np.zeros((STRIP, round(x) + 2 * STRIP), np.uint8)
        cv2.polylines(canvas, [points], False, 255, round(pen), cv2.LINE_AA, shift=4)
        return canvas / np.float32(255)

    whole = draw(np.concatenate([*before, *rings, *after]))
    left = np.flatnonzero((whole >= 0.5).any(axis=0))[0]
    return Number(bare(whole), [(0, draw(ring)[:, left:], 0) for ring in rings])


def push_together(left: np.ndarray, right: np.ndarray, overlap: int) -> np.ndarray:
    """Two pictures (h, w) as one, the ink of the second `overlap` px into that of the first where they are nearest."""
    return laid(left, right, place_beside(left > 127, right > 127, overlap))


def place_beside(left: np.ndarray, right: np.ndarray, overlap: int, reach: int = 0) -> int:
    """The column of one ink where the other begins, if they are to share `overlap` px where nearest; (h, w) bool.

    reach: how many rows higher or lower two px count as beside each other.
    """
    width = left.shape[1]
    ends = np.where(left, np.arange(1, width + 1), 0).max(axis=1, keepdims=True).astype(np.float32)
    begins = np.where(right, np.arange(right.shape[1]), width + right.shape[1]).min(axis=1)
    ends = cv2.dilate(ends, np.ones((2 * reach + 1, 1), np.uint8))[:, 0]
    return max(0, int((ends - begins).max()) - overlap)


def laid(canvas: np.ndarray, ink: np.ndarray, place: int) -> np.ndarray:
    """A canvas (h, w), made wider where necessary, with the ink (h, w) on it from column `place` on."""
    wider = np.zeros((len(canvas), max(canvas.shape[1], place + ink.shape[1])), canvas.dtype)
    wider[:, : canvas.shape[1]] = canvas
    wider[:, place : place + ink.shape[1]] = np.maximum(wider[:, place : place + ink.shape[1]], ink)
    return wider


def bare(ink: np.ndarray, least: float = 0.5) -> np.ndarray:
    """(h, w) -> (h, w'), without the columns on both sides that have no px of `least`; (h, 0) where none has."""
    columns = np.flatnonzero((ink >= least).any(axis=0))
    return ink[:, columns[0] : columns[-1] + 1] if len(columns) else ink[:, :0]
