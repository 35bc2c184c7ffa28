"""Rows of digits made by program: what the network of rows learns to read.

Digits of the training set, written differently but as if by one hand, lie beside each other so that they touch or
nearly; among them zeros in one stroke, strokes from one digit to the next, commas. Letters say nothing.
"""

from collections.abc import Iterator
from itertools import groupby

import cv2
import numpy as np
import tensorflow as tf

from export.rows import HEIGHT, STEP, stack, to_row
from train.augment import augment
from train.data import CLASSES, Split
from train.negatives import scribble, write_letter
from train.numbers import SLANT, STRIP, Number, bare, beside, comma, enlarge, linked_zeros, some_pen
from train.written import fit_box, written

BLANK = CLASSES  # fills the labels of a row up to MOST
MOST = 12  # digits
WRITTEN = 0.2  # share of the digits that are written by program
CHUNK = 1000  # digits that are varied at a time
LOWEST = 8  # px, a digit
TOUCH = 0.7  # share of the rows where digits touch
ONE_PEN = 0.12  # logarithm of how wide the pen is for one of a row's digits, standard deviation
DIGITS = (0.25, 0.26, 0.21, 0.14, 0.08, 0.06)  # share of the rows of one digit, of two …
LETTERS = (0.45, 0.18, 0.1, 0, 0, 0)  # share of these rows that are letters
SCRIBBLES = 0.25  # share of what is no digit, and alone
ZEROS = 0.08  # chance that zeros in one stroke come next
COMMAS = 0.1  # chance of a dot, a comma or a dash behind a digit, where they do not touch
STRETCH, RISE = 0.25, 0.05  # of the whole row: logarithm of its width, either way, and how steeply it rises or falls
COARSE, COARSEST = 0.15, 0.5  # share of the rows that come from a coarse scan, and of the px that this has at least
WIDEST = 8 * HEIGHT  # px
GROUP = 8  # batches whose rows are sorted by width, so that little paper has to be added to them


def batches(digits: Split, batch_size: int, seed: int, numbers: range) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows (n, HEIGHT, w) uint8, white on black, and their labels (n, MOST) int32, filled up with BLANK.

    Each batch depends on `seed` and its number alone, and has rows of about the same width.
    """
    pool = vary(digits, seed)
    for group, members in groupby(numbers, lambda number: number // GROUP):
        rng = np.random.default_rng([seed, group])
        rows = sorted((row_of(pool, rng) for _ in range(GROUP * batch_size)), key=lambda row: row[0].shape[1])
        places = rng.permutation(GROUP)
        for number in members:
            pictures, texts = zip(*rows[places[number % GROUP] * batch_size :][:batch_size], strict=True)
            labels = np.full((batch_size, MOST), BLANK, np.int32)
            for row, text in zip(labels, texts, strict=True):
                row[: len(text)] = text
            yield stack(pictures), labels


def row_of(pool: Split, rng: np.random.Generator) -> tuple[np.ndarray, list[int]]:
    """A row (HEIGHT, w) uint8 of digits or letters, and its labels."""
    while True:
        n = int(rng.choice(len(DIGITS), p=DIGITS))
        made = letters(n + 1, rng) if rng.random() < LETTERS[n] else digits_in_a_row(pool, n + 1, rng)
        row = scan(made.ink, rng)
        if 2 * STEP * len(made.digits) <= row.shape[1] <= WIDEST:
            return row, [label for label, *_ in made.digits]


def vary(digits: Split, seed: int) -> Split:
    """The digits twice, written differently, and digits written by program."""
    more = written(round(2 * WRITTEN / (1 - WRITTEN) * len(digits.labels)), np.random.default_rng(seed))
    pictures = np.concatenate([digits.pictures, digits.pictures, more.pictures])
    labels = np.concatenate([digits.labels, digits.labels, more.labels])
    chunks = [slice(at, at + CHUNK) for at in range(0, len(labels), CHUNK)]
    varied = np.concatenate(
        [augment(pictures[chunk], labels[chunk], tf.constant([seed, chunk.start])) for chunk in chunks]
    )
    # With the finest pens little may be left.
    visible = (varied > 127).any(axis=2).sum(axis=1) >= LOWEST
    return Split(varied[visible], labels[visible])


def digits_in_a_row(pool: Split, n: int, rng: np.random.Generator, touch: float = TOUCH) -> Number:
    """`n` digits, a few more where zeros in one stroke end it, by one hand as far as pen and slant go."""
    slant, pen = rng.normal(0, SLANT), some_pen(rng)
    touching = rng.random() < touch
    number = Number(np.zeros((STRIP, 0), np.float32), [])
    while len(number.digits) < n:
        if n > 1 and rng.random() < ZEROS:
            more = linked_zeros(rng, pen)
        else:
            place = rng.integers(len(pool.labels))
            ink = enlarge(pool.pictures[place], slant, pen * np.exp(rng.normal(0, ONE_PEN)), rng)
            more = Number(ink, [(int(pool.labels[place]), ink, 0)])
        number = beside(number, more, touching, rng)
        if not touching and rng.random() < COMMAS:
            number = beside(number, Number(comma(rng, pen), []), touching, rng)
    return number


def letters(n: int, rng: np.random.Generator) -> Number:
    """`n` letters by a shaky hand, joined or not; instead of one now and then a scribble, a dash or a dot."""
    if n == 1 and rng.random() < SCRIBBLES:
        return Number(enlarge(fit_box(scribble(rng)), 0, some_pen(rng), rng), [])
    slant, pen, touching = rng.normal(0, SLANT / 2), some_pen(rng), rng.random() < TOUCH
    number = Number(np.zeros((STRIP, 0), np.float32), [])
    for _ in range(n):
        letter = enlarge(fit_box(write_letter(rng)), slant, pen, rng)
        number = beside(number, Number(letter, []), touching, rng)
    return number


def scan(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Ink (STRIP, w) -> a row as the reader makes it, of writing that is wider or narrower, rises or falls."""
    stretch, rise = np.exp(rng.uniform(-STRETCH, STRETCH)), rng.normal(0, RISE)
    width = ink.shape[1] * stretch
    matrix = np.array([[stretch, 0, 0], [rise * stretch, 1, -rise * width / 2]])
    row = to_row(bare(cv2.warpAffine(ink, matrix, (int(np.ceil(width)), STRIP)).T).T)
    if rng.random() < COARSE:
        share = rng.uniform(COARSEST, 1)
        small = cv2.resize(row, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
        hard = np.clip(2.0 * small - 128, 0, 255).astype(np.uint8)
        row = cv2.resize(hard, row.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return row
