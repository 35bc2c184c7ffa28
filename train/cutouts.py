"""Parts of numbers: what the reader tries as one digit where several touch, and how much of a digit it is.

Digits of the training set are pushed together, or zeros are written without lifting the pen, and the reader's own
cutter cuts them. So the network learns which cut is a good one.
"""

from collections.abc import Iterator

import cv2
import numpy as np

from export.cuts import may_be_digits, with_cuts
from export.preprocess import to_mnist
from export.segment import HEIGHT, find_lines
from train.data import CLASSES, Split
from train.negatives import laid, place_beside
from train.written import round_off

STRIP = 3 * HEIGHT // 2  # px, height of the pictures of numbers
TALL = 46  # px, a digit; lower than the reader's lines, so that nothing is scaled again
TALLER = 0.12  # natural logarithm of how much more or less, either way
JITTER = 2.5  # px, standard deviation of how far a digit is above or below its line
SLANT = 0.2  # standard deviation, sideways per height
THINNER, THICKER = 3, 2  # px that the pen is changed by, at most
OVERLAP, REACH = 10, 2  # px at most, where two digits are nearest; rows higher or lower that are looked at for that
ZEROS = 0.25  # share of the numbers that are zeros in one stroke
LINKS = (((-130, -20), 70, False), ((40, 150), 40, False), ((-70, -30), 20, True))  # at the top, as in e, as in a
WHOLE, SPOILT = 0.9, 0.5  # what a part and its digit share, of all that they have: no doubt above, nothing but below
NEARLY = 0.25  # a part that is doubted more does not say which digit it is, …
BAD = 0.1  # … and so large a share of these is shown
THIN = 0.4  # of its height; a bad part that is thinner looks like a one

Number = tuple[np.ndarray, list[tuple[int, np.ndarray]]]  # its ink (h, w) float32; label and ink (h, w) of each digit


def cutouts(digits: Split, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """`n` parts of numbers, (n, 28, 28) uint8, and what they are, (n, 11) float32: which digit, and "no digit".

    The parts that are not nearly whole do not say which digit they are.
    """
    pictures, targets = [], []
    while len(pictures) < n:
        number = linked_zeros(rng) if rng.random() < ZEROS else pushed_together(digits, rng)
        for picture, target in parts(*number):
            if target[CLASSES] <= NEARLY or rng.random() < BAD:
                pictures.append(picture)
                targets.append(target)
    return np.stack(pictures[:n]), np.stack(targets[:n])


def parts(whole: np.ndarray, digits: list[tuple[int, np.ndarray]]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """A number -> the parts that the reader would try, (28, 28) uint8, and what they are, (11,) float32."""
    inks = np.stack([ink for _, ink in digits]) >= 0.5
    areas = inks.sum(axis=(1, 2))
    for line in find_lines(whole):
        if line.scale > 1:
            continue
        line = with_cuts(line, set(range(1, line.count + 1)))
        height, width = line.ink.shape
        alone = inks[:, line.top : line.top + height, line.left : line.left + width]
        for first, last in may_be_digits(line):
            part = (line.pieces >= first) & (line.pieces <= last) & (line.ink >= 0.5)
            common = (alone & part).sum(axis=(1, 2))
            shares = common / (areas + part.sum() - common)
            best = int(shares.argmax())
            doubt = np.clip((WHOLE - shares[best]) / (WHOLE - SPOILT), 0, 1)
            if (common > areas / 2).sum() > 1:  # the other may be much finer
                doubt = 1.0
            left, top, right, bottom = line.box(first, last)
            if doubt <= NEARLY or right - left >= THIN * (bottom - top):
                target = np.zeros(CLASSES + 1, np.float32)
                target[CLASSES] = doubt
                if doubt <= NEARLY:
                    target[digits[best][0]] = 1 - doubt
                yield to_mnist(line.crop(first, last)), target


def pushed_together(digits: Split, rng: np.random.Generator) -> Number:
    """Two or three digits of the training set by one hand, as far as pen and slant go, that touch or nearly."""
    chosen = rng.integers(0, len(digits.labels), rng.integers(2, 4))
    slant, pen = rng.normal(0, SLANT), int(rng.integers(-THINNER, THICKER + 1))
    inks = [enlarge(digits.pictures[each], slant, pen, rng) for each in chosen]
    whole, places = inks[0], [0]
    for ink in inks[1:]:
        places.append(place_beside(whole >= 0.5, ink >= 0.5, round(OVERLAP * rng.random() ** 2), REACH))
        whole = laid(whole, ink, places[-1])
    blank = np.zeros_like(whole)
    alone = [laid(blank, ink, place) for ink, place in zip(inks, places, strict=True)]
    return whole, list(zip(digits.labels[chosen].tolist(), alone, strict=True))


def enlarge(picture: np.ndarray, slant: float, pen: int, rng: np.random.Generator) -> np.ndarray:
    """(28, 28) uint8 -> the digit about TALL px high, (STRIP, w) float32 in 0…1, without the empty columns.

    pen: px by which its strokes become wider, or finer if it is negative.
    """
    rows = np.flatnonzero((picture > 127).any(axis=1))
    scale = TALL * np.exp(rng.uniform(-TALLER, TALLER)) / (rows[-1] - rows[0] + 1)
    matrix = np.array([[scale, -slant * scale, 0], [0, scale, 0]])
    middle = STRIP, STRIP / 2 + rng.normal(0, JITTER)
    matrix[:, 2] = middle - matrix[:, :2] @ [picture.shape[1] / 2, (rows[0] + rows[-1]) / 2]
    large = cv2.warpAffine(picture, matrix, (2 * STRIP, STRIP), flags=cv2.INTER_CUBIC)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (abs(pen) + 1,) * 2)
    changed = (cv2.dilate if pen > 0 else cv2.erode)(large, disc)
    if changed.max() > 200:  # a fine stroke may vanish
        large = changed
    # Enlarged, the soft edge of a stroke is several px wide.
    ink = np.clip((large.astype(np.float32) - 64) / 127, 0, 1)
    columns = np.flatnonzero((ink >= 0.5).any(axis=0))
    return ink[:, columns[0] : columns[-1] + 1]


def linked_zeros(rng: np.random.Generator) -> Number:
    """Two to four zeros that a hand writes without lifting the pen; a digit is the ring without what links it."""
    wide, gap, pen = rng.uniform(0.2, 0.7), rng.uniform(-0.2, 0.6), int(rng.integers(3, 9))
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
        cv2.polylines(canvas, [points], False, 255, pen, cv2.LINE_AA, shift=4)
        return canvas / np.float32(255)

    return draw(np.concatenate([*before, *rings, *after])), [(0, draw(ring)) for ring in rings]
