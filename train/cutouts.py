"""Digits cut out of numbers: what is left of a digit, and of its neighbours, where the reader takes it out of a row."""

from collections.abc import Iterator

import numpy as np

from export.preprocess import to_mnist
from train.data import CLASSES, Split
from train.numbers import TALL, Number, bare
from train.rows import digits_in_a_row

MOST_DIGITS = 3  # of a number, about
CARELESS = 0.1  # of a digit's height, standard deviation of how far a cut is off
WHOLE, SPOILT = 0.9, 0.5  # what a part and its digit share, of all that they have: no doubt above, nothing but below
NEARLY = 0.25  # a part that is doubted more does not say which digit it is, …
BAD = 0.1  # … and so large a share of these is shown
THIN = 0.4  # of its height; a bad part that is thinner looks like a one
LOWEST = 8  # px; less is no part


def cutouts(pool: Split, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """`n` parts of numbers, (n, 28, 28) uint8, and what they are, (n, 11) float32: which digit, and "no digit".

    The parts that are not nearly whole do not say which digit they are.
    """
    pictures, targets = [], []
    while len(pictures) < n:
        for picture, target in parts(digits_in_a_row(pool, int(rng.integers(2, MOST_DIGITS + 1)), rng, touch=1), rng):
            if target[CLASSES] <= NEARLY or rng.random() < BAD:
                pictures.append(picture)
                targets.append(target)
    return np.stack(pictures[:n]), np.stack(targets[:n])


def parts(number: Number, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """A number -> of each digit what lies between two careless cuts, (28, 28) uint8, and what it is, (11,) float32."""
    height, width = number.ink.shape
    inks = np.zeros((len(number.digits), height, width), bool)
    for ink, (_, alone, place) in zip(inks, number.digits, strict=True):
        ink[:, place : place + alone.shape[1]] = alone[:, : width - place] >= 0.5
    areas = inks.sum(axis=(1, 2))
    for ink in inks:
        columns = np.flatnonzero(ink.any(axis=0))
        left, right = columns[[0, -1]] + (0, 1) + np.round(TALL * rng.normal(0, CARELESS, 2)).astype(int)
        part = bare(bare(number.ink[:, max(0, left) : right]).T).T
        if len(part) < LOWEST:
            continue
        common = inks[:, :, max(0, left) : right].sum(axis=(1, 2))
        shares = common / (areas + (part >= 0.5).sum() - common)
        best = int(shares.argmax())
        doubt = np.clip((WHOLE - shares[best]) / (WHOLE - SPOILT), 0, 1)
        if (common > areas / 2).sum() > 1:  # the other may be much finer
            doubt = 1.0
        if doubt <= NEARLY or part.shape[1] >= THIN * part.shape[0]:
            target = np.zeros(CLASSES + 1, np.float32)
            target[CLASSES] = doubt
            if doubt <= NEARLY:
                target[number.digits[best][0]] = 1 - doubt
            yield to_mnist(part), target
