"""From a picture to what it says. Needs ONNX Runtime, OpenCV, NumPy and Pillow, and nothing of TensorFlow."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from artifacts import ONNX_MODEL, PUBLISHED
from export.classifier import Classifier
from export.cuts import with_cuts
from export.pictures import PictureError as PictureError  # what Reader.read raises
from export.pictures import decode
from export.preprocess import find_ink, shrink, to_mnist, turned
from export.segment import Line, find_lines

# Chosen on validation data and on sketches, envelopes and photos by others: of those, less than 1 % is doubted more.
MOST_DOUBT = 0.55
MOST_DOUBT_CUT = 0.75  # the same for what is cut from something else, whose cut may be careless, …
MOST_DOUBT_AMONG = 0.9  # … and for a mark among digits: of those that are doubted so much, a third are misread
MOST_DIGITS = 64  # that come back
LOOK_AGAIN = 0.01  # what is doubted more is also looked at turned by TURNS
TURNS = (-0.12, 0.12)  # radians
MOST_PIECES = 6  # of a digit, those that were cut from one another counted as one
# Of its line's height: the widest digit of several pieces, the narrowest and the lowest that was cut from another.
WIDEST, NARROWEST, LOWEST = 1.6, 0.1, 0.45
PER_CUT = 0.5  # nats that a cut costs, so that of two ways as likely that with fewer is taken
REFUSED = 4.0  # nats that what is not read costs, for each of its pieces, or each time that it is as wide as high
GAP = 0.05  # of its line's height, between digits that do not touch
NUMBER = 1.2  # of its height, the narrowest piece that is cut though it stands alone
LETTER = 1.7  # of its height, the widest letter
STROKES = (1, 7)  # what a letter's straight strokes look like
SURE, SURE_BESIDE = 0.1, 0.02  # doubt of each digit where several are as narrow as a letter; with a stroke among them


@dataclass(frozen=True)
class Digit:
    """One digit found in a picture.

    box: left, top, right, bottom in px of the picture, ends excluded; label: 0…9; probabilities: (10,) float32, if it
    is a digit; doubt: 0…1, the probability that it is not the label; image: (28, 28) uint8, white on black, what the
    network saw.
    """

    box: tuple[int, int, int, int]
    label: int
    probabilities: np.ndarray
    doubt: float
    image: np.ndarray

    @property
    def confidence(self) -> float:
        """The probability of the label, 0…1."""
        return 1 - self.doubt

    @property
    def is_read(self) -> bool:
        """Whether the doubt is small enough for the label to be given out."""
        return self.doubt <= MOST_DOUBT


@dataclass(frozen=True)
class Reading:
    """What a picture says: its digits in reading order, those that are too doubtful to be read among them.

    more: whether there were more than MOST_DIGITS, of which these are the first.
    """

    digits: list[Digit] = field(default_factory=list)
    more: bool = False

    @property
    def text(self) -> str:
        """The digits that are read, as text; "" when there is none."""
        return "".join(str(digit.label) for digit in self.digits if digit.is_read)

    @property
    def confidence(self) -> float:
        """The probability that all digits that are read are right, taken as independent; 0 when there is none."""
        return float(np.prod([digit.confidence for digit in self.digits if digit.is_read])) if self.text else 0.0


class Reader:
    """Reads pictures of a handwritten digit. One path for every kind of picture."""

    def __init__(self, model: Path = PUBLISHED / ONNX_MODEL):
        """Raises ModelError when the model can't be used. OpenCV is told to use one thread in this process."""
        # Pictures are small, and on a busy machine a call would wait until its second thread gets its turn.
        cv2.setNumThreads(1)
        self.classifier = Classifier(model)

    def read(self, picture: Image.Image) -> Reading:
        """A picture of any mode, polarity, size and EXIF orientation -> what it says, nothing when it is blank.

        Raises PictureError when it is damaged, or larger than MOST_PIXELS and LONGEST allow.
        """
        whole = decode(picture)
        small, scale = shrink(whole)
        ink = find_ink(small)
        if ink is None:
            return Reading()
        height, width = whole.shape
        digits = []
        for line in find_lines(ink):
            digits += self.read_line(line)
            if len(digits) > MOST_DIGITS:
                break
        found = [replace(digit, box=enlarged(digit.box, 0, 0, scale, width, height)) for digit in digits[:MOST_DIGITS]]
        return Reading(found, more=len(digits) > MOST_DIGITS)

    def read_line(self, line: Line) -> list[Digit]:
        """A line as the row of digits that is least doubtful, boxes in px of the picture's ink.

        Pieces are put together, and what is not read then is cut, in all ways that make sense (LeCun et al. 1998,
        sections V and VI: over-segmentation and the best path).
        """
        way = self.best_way(line)
        doubtful = {piece for first, last, digit in way if not digit.is_read for piece in range(first, last + 1)}
        cut = with_cuts(line, doubtful) if doubtful and is_wide(line) else line
        if cut.cut:
            cut_way = self.best_way(cut)
            if are_read([digit for *_, digit in cut_way]):
                line, way = cut, cut_way
        if is_one_mark([digit for *_, digit in way], line.height):
            way = self.look_again([(1, line.count, self.classify(line, [(1, line.count)])[0])])
        digits = among_digits([digit for *_, digit in way], line.height)
        return [replace(digit, box=enlarged(digit.box, line.left, line.top, line.scale)) for digit in digits]

    def classify(self, line: Line, spans: list[tuple[int, int]]) -> list[Digit]:
        """What the pieces first…last of each span are read as, if they are one digit."""
        images = np.stack([to_mnist(line.crop(*span)) for span in spans])
        return [
            Digit(line.box(*span), int(p.argmax()), p, float(doubt), image)
            for span, image, p, doubt in zip(spans, images, *self.classifier(images), strict=True)
        ]

    def best_way(self, line: Line) -> list[tuple[int, int, Digit]]:
        """-> first piece, last piece and what they are read as, from left to right; boxes in px of the line."""
        spans = sorted({*may_be_digits(line), *line.wholes()})
        best = [(0.0, [])] + [(np.inf, [])] * line.count
        for (first, last), digit in zip(spans, self.classify(line, spans), strict=True):
            before, way = best[first - 1]
            is_cut = first - 1 in line.cut or last in line.cut
            if is_cut and digit.doubt > MOST_DOUBT_CUT:
                continue  # a cut that leaves something unread was none
            width = (digit.box[2] - digit.box[0]) / line.height
            refused = REFUSED * max(line.joined(first, last), width)
            cost = -np.log(digit.confidence) if is_cut or digit.is_read else refused
            cost += before + PER_CUT * (last in line.cut)
            if cost < best[last][0]:
                best[last] = (cost, [*way, (first, last, digit)])
        return self.look_again(best[-1][1])

    def look_again(self, way: list[tuple[int, int, Digit]]) -> list[tuple[int, int, Digit]]:
        """The same with what is doubtful read as the average of views of it: a letter is doubted from any side."""
        doubtful = [place for place, (*_, digit) in enumerate(way) if digit.doubt > LOOK_AGAIN]
        if not doubtful:
            return way
        way = list(way)
        views = [turned(way[place][2].image, turn) for place in doubtful for turn in TURNS]
        others = (numbers.reshape(len(doubtful), len(TURNS), -1) for numbers in self.classifier(np.stack(views)))
        for place, other_p, other_doubt in zip(doubtful, *others, strict=True):
            first, last, digit = way[place]
            p = np.mean([digit.probabilities, *other_p], axis=0)
            doubt = float(np.mean([digit.doubt, *other_doubt[:, 0]]))
            way[place] = (first, last, replace(digit, label=int(p.argmax()), probabilities=p, doubt=doubt))
        return way


def may_be_digits(line: Line) -> Iterator[tuple[int, int]]:
    """First and last piece of all that is of a size that it might be one digit."""
    for first in range(1, line.count + 1):
        for last in range(first, line.count + 1):
            left, top, right, bottom = line.box(first, last)
            if line.joined(first, last) > MOST_PIECES or (first < last and right - left > WIDEST * line.height):
                break
            is_cut = first - 1 in line.cut or last in line.cut
            is_small = right - left < NARROWEST * line.height or bottom - top < LOWEST * line.height
            if not (is_cut and is_small):
                yield first, last


def is_wide(line: Line) -> bool:
    """Whether a line is more than one piece, or one that is wide enough to be two digits."""
    left, top, right, bottom = line.box(1, 1)
    return line.count > 1 or right - left >= NUMBER * (bottom - top)


def is_one_mark(digits: list[Digit], height: float) -> bool:
    """Whether a line that was read as several digits is rather one letter; boxes in px, as the line's `height`.

    There is no gap in a letter, its strokes look like ones and sevens, and its other parts are no good digits.
    """
    if len(digits) < 2 or max(after.box[0] - before.box[2] for before, after in pairwise(digits)) > GAP * height:
        return False
    if max(digit.box[2] for digit in digits) - digits[0].box[0] >= LETTER * height:
        return False
    strokes = sum(digit.label in STROKES for digit in digits)
    sure = SURE_BESIDE if strokes else SURE
    return strokes == len(digits) or any(digit.doubt > sure for digit in digits)


def are_read(digits: list[Digit]) -> bool:
    """Whether most of the marks of a line are read, so that it is one of digits."""
    return 2 * sum(digit.is_read for digit in digits) > len(digits)


def among_digits(digits: list[Digit], height: float) -> list[Digit]:
    """The same with what is too doubtful alone, of a digit's size and among digits that are read, read as one, too.

    Its doubt becomes MOST_DOUBT. `height`: of their line, in px as the boxes.
    """
    if len(digits) < 3 or not are_read(digits):
        return digits

    def is_likely(digit: Digit) -> bool:
        left, top, right, bottom = digit.box
        is_sized = bottom - top >= LOWEST * height and right - left <= WIDEST * height
        return is_sized and digit.doubt <= MOST_DOUBT_AMONG

    return [replace(digit, doubt=min(digit.doubt, MOST_DOUBT)) if is_likely(digit) else digit for digit in digits]


def enlarged(
    box: tuple[int, int, int, int], left: int, top: int, scale: float, width: float = np.inf, height: float = np.inf
) -> tuple[int, int, int, int]:
    """A box in a picture that is larger by `scale` and begins at (left, top), cut to its width and height."""
    x, y, right, bottom = (round(side * scale) for side in box)
    return (left + x, top + y, int(min(width, left + right)), int(min(height, top + bottom)))
