"""What the marks of a line say of one another: what is one letter, what is read among digits, what is a comma."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from export.reading import MOST_DOUBT, Digit
from export.segment import WIDEST

MOST_DOUBT_AMONG = 0.9  # for a mark among digits: of those that are doubted so much, a third are misread
LOWEST = 0.45  # of its line's height, a digit
GAP = 0.05  # of its line's height, between digits that do not touch
LETTER = 1.7  # of its height, the widest letter but m and w
PARTS = 3  # that an m or a w falls into
STROKES = (1, 7)  # what a letter's straight strokes look like
# Largest doubt of two digits that touch, as narrow as a letter; with a stroke among them; of wider ones, or more.
SURE, SURE_BESIDE, SURE_OF_MANY = 0.1, 0.02, 0.4
FEWEST = 3  # digits or marks of a line of which one is judged by the others
COMMA = 0.6  # of the digits' median height; only zeros are written so small


def is_one_mark(digits: list[Digit], height: float, pieces: int) -> bool:
    """Whether a line that was read as several digits is rather one letter; boxes in px, as the line's `height`.

    There is no gap in a letter, its strokes look like ones and sevens, and its other parts are no good digits: two of
    them, or three of an m and a w, which are wide and hang together throughout. pieces: of the line.
    """
    if len(digits) < 2 or max(after.box[0] - before.box[2] for before, after in pairwise(digits)) > GAP * height:
        return False
    is_wide = max(digit.box[2] for digit in digits) - digits[0].box[0] >= LETTER * height
    doubt, strokes = max(digit.doubt for digit in digits), sum(digit.label in STROKES for digit in digits)
    if strokes == len(digits):
        return pieces == 1 or not is_wide
    if len(digits) == 2 and not is_wide:
        return doubt > (SURE_BESIDE if strokes else SURE)
    return doubt > SURE_OF_MANY and (not is_wide or (pieces == 1 and len(digits) <= PARTS))


def are_read(digits: list[Digit]) -> bool:
    """Whether most of the marks of a line are read, so that it is one of digits."""
    return 2 * sum(digit.is_read for digit in digits) > len(digits)


def among_digits(digits: list[Digit], height: float) -> list[Digit]:
    """The same with what is too doubtful alone, of a digit's size and among digits that are read, read as one, too.

    Its doubt becomes MOST_DOUBT. `height`: of their line, in px as the boxes.
    """
    if len(digits) < FEWEST or not are_read(digits):
        return digits

    def is_likely(digit: Digit) -> bool:
        left, top, right, bottom = digit.box
        is_sized = bottom - top >= LOWEST * height and right - left <= WIDEST * height
        return is_sized and digit.doubt <= MOST_DOUBT_AMONG

    return [replace(digit, doubt=min(digit.doubt, MOST_DOUBT)) if is_likely(digit) else digit for digit in digits]


def without_commas(digits: list[Digit]) -> list[Digit]:
    """The same without what is small among digits that are read, unless it is a zero: commas, ends of strokes, dirt."""
    heights = [digit.box[3] - digit.box[1] for digit in digits if digit.is_read]
    if len(heights) < FEWEST:
        return digits
    least = COMMA * np.median(heights)
    return [digit for digit in digits if digit.label == 0 or digit.box[3] - digit.box[1] >= least]
