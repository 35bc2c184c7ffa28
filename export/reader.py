"""From a picture to what it says. Needs ONNX Runtime, OpenCV, NumPy and Pillow, and nothing of TensorFlow."""

from dataclasses import replace
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from artifacts import ONNX_MODEL, PUBLISHED, ROWS_ONNX_MODEL
from export.classifier import Classifier
from export.marks import among_digits, is_one_mark, without_commas
from export.pictures import PictureError as PictureError  # what Reader.read raises
from export.pictures import decode
from export.preprocess import box_of, find_inks, shrink, to_mnist, turned
from export.reading import MOST_DOUBT, Digit, Reading
from export.rows import Opinion, Rows, is_row
from export.segment import Line, find_lines

MOST_DIGITS = 64  # that come back
BIT = 0.25  # of a digit that is not read
LOOK_AGAIN = 0.01  # what is doubted more is also looked at turned by TURNS, and as a row
TURNS = (-0.12, 0.12)  # radians
AS_ROW = 0.4  # weight of what the row says of a mark, beside 1 - AS_ROW of what the mark alone says
TINY = 1e-9  # keeps what is surely none, or surely one, from being divided by nothing
EACH = 0.02  # nats that each digit costs: of two ways about as good, that with fewer of them
REFUSED = 4.0  # nats that what is not read costs, for each of its pieces, or each time that it is as wide as high

Way = list[tuple[int, int, Digit]]  # first piece, last piece and what they are read as, from left to right


class Reader:
    """Reads pictures of handwritten digits. One path for every kind of picture."""

    def __init__(self, model: Path = PUBLISHED / ONNX_MODEL):
        """`model`: the network of digits; that of rows is used where it lies beside it.

        Raises ModelError when one can't be used. OpenCV is told to use one thread in this process.
        """
        # Pictures are small, and on a busy machine a call would wait until its second thread gets its turn.
        cv2.setNumThreads(1)
        self.classifier = Classifier(model)
        rows = Path(model).with_name(ROWS_ONNX_MODEL)
        self.rows = Rows(rows) if rows.exists() else None

    def read(self, picture: Image.Image) -> Reading:
        """A picture of any mode, polarity, size and EXIF orientation -> what it says, nothing when it is blank.

        Raises PictureError when it is damaged, or larger than MOST_PIXELS and LONGEST allow.
        """
        whole = decode(picture)
        small, scale = shrink(whole)
        height, width = whole.shape
        digits = max((self.read_ink(ink) for ink in find_inks(small)), key=surety, default=[])
        found = [replace(digit, box=enlarged(digit.box, 0, 0, scale, width, height)) for digit in digits[:MOST_DIGITS]]
        return Reading(found, more=len(digits) > MOST_DIGITS)

    def read_ink(self, ink: np.ndarray) -> list[Digit]:
        """Ink (h, w) float32 -> its digits, a line more than MOST_DIGITS at most; boxes in px of the ink."""
        digits = []
        for line in find_lines(ink):
            digits += self.read_line(line)
            if len(digits) > MOST_DIGITS:
                break
        return digits

    def read_line(self, line: Line) -> list[Digit]:
        """A line as the row of digits that is least doubtful, boxes in px of the picture's ink.

        Pieces are put together in all ways that make sense, and the way with the least doubt is taken. What is doubtful
        then is read again as a row, whose digits may touch.
        """
        digits = self.read_rows(line, self.best_way(line))
        if is_one_mark(digits, line.height, line.count):
            (digit,) = self.classify(line, [(1, line.count)])
            digits = self.read_rows(line, self.look_again([(1, line.count, digit)]), is_one=True)
        digits = without_commas(among_digits(digits, line.height))
        return [replace(digit, box=enlarged(digit.box, line.left, line.top, line.scale)) for digit in digits]

    def best_way(self, line: Line) -> Way:
        """The line as marks of one or several pieces each, with the least doubt; boxes in px of the line."""
        spans = list(line.may_be_digits())
        best: list[tuple[float, Way]] = [(0.0, [])] + [(np.inf, [])] * line.count
        for (first, last), digit in zip(spans, self.classify(line, spans), strict=True):
            before, way = best[first - 1]
            width = (digit.box[2] - digit.box[0]) / line.height
            cost = -np.log(digit.confidence) if digit.is_read else REFUSED * max(last - first + 1, width)
            if before + cost + EACH < best[last][0]:
                best[last] = (before + cost + EACH, [*way, (first, last, digit)])
        return self.look_again(best[-1][1])

    def classify(self, line: Line, spans: list[tuple[int, int]]) -> list[Digit]:
        """What the pieces first…last of each span are read as, if they are one digit."""
        images = np.stack([to_mnist(line.crop(*span)) for span in spans])
        return [
            Digit(line.box(*span), int(p.argmax()), p, float(doubt), image)
            for span, image, p, doubt in zip(spans, images, *self.classifier(images), strict=True)
        ]

    def look_again(self, way: Way) -> Way:
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

    def read_rows(self, line: Line, way: Way, is_one: bool = False) -> list[Digit]:
        """The marks of a way, the doubtful ones read as rows, too: what is not read side by side as one row.

        is_one: whether all of it is one digit or none.
        """
        groups = [list(group) for _, group in groupby(way, lambda mark: mark[0] if mark[2].is_read else None)]
        doubtful = [(group[0][0], group[-1][1]) for group in groups if group[0][2].doubt > LOOK_AGAIN]
        inks = {span: ink for span in doubtful if is_row(ink := line.crop(*span))}
        opinions = dict(zip(inks, self.rows(list(inks.values())), strict=True)) if self.rows and inks else {}
        digits = []
        for group in groups:
            span, marks = (group[0][0], group[-1][1]), [digit for *_, digit in group]
            if span in opinions:
                marks = weigh(marks, line.box(*span), inks[span], opinions[span], is_one)
            digits += marks
        return digits


def surety(digits: list[Digit]) -> float:
    """How sure a reading is, 0…1: the confidence of its digits on average, none in what is not read.

    As if there were a bit more that is not read, so that of two that are equally sure the longer one is surer.
    """
    return sum(digit.confidence * digit.is_read for digit in digits) / (len(digits) + BIT)


def weigh(
    marks: list[Digit], box: tuple[int, int, int, int], ink: np.ndarray, opinion: Opinion, is_one: bool
) -> list[Digit]:
    """A mark, or several that are not read, and what the row of their ink says -> what they are read as together.

    box, ink: of all of them; is_one: whether they are one digit or none.
    """
    alone = marks[0].chances if len(marks) == 1 else np.zeros_like(opinion.one)
    weight = AS_ROW if len(marks) == 1 else 1.0
    one = (1 - weight) * alone + weight * opinion.one
    # A mark alone can't be told from several digits, but as a row it can.
    several = (1 - one.sum()) * opinion.several / max(opinion.several + opinion.none, TINY)
    if len(opinion.places) > 1 and several > one.max() and not is_one:
        return digits_of(opinion, ink, *box[:2])
    # That it might have been several is no doubt that it is the one.
    one = one + weight * opinion.several * alone + TINY
    if len(marks) > 1 and one.max() < 1 - MOST_DOUBT:
        return marks
    probabilities = (one / one.sum()).astype(np.float32)
    return [Digit(box, int(one.argmax()), probabilities, float(1 - one.max()), to_mnist(ink))]


def digits_of(opinion: Opinion, ink: np.ndarray, left: int, top: int) -> list[Digit]:
    """The digits of a row, with their boxes; ink (h, w) float32, whose corner is at (left, top) px of the line."""
    digits = []
    for place in opinion.places:
        part = ink[:, place.left : place.right]
        if (part >= 0.5).any():
            x, y, right, bottom = box_of(part)
            box = (left + place.left + x, top + y, left + place.left + right, top + bottom)
            image = to_mnist(part[y:bottom, x:right])
            digits.append(Digit(box, int(place.probabilities.argmax()), place.probabilities, place.doubt, image))
    return digits


def enlarged(
    box: tuple[int, int, int, int], left: int, top: int, scale: float, width: float = np.inf, height: float = np.inf
) -> tuple[int, int, int, int]:
    """A box in a picture that is larger by `scale` and begins at (left, top), cut to its width and height."""
    x, y, right, bottom = (round(side * scale) for side in box)
    return (left + x, top + y, int(min(width, left + right)), int(min(height, top + bottom)))
