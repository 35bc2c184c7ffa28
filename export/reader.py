"""From a picture to what it says. Needs ONNX Runtime, OpenCV, NumPy and Pillow, and nothing of TensorFlow."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from artifacts import ONNX_MODEL, PUBLISHED
from export.classifier import Classifier
from export.cuts import is_wide, may_be_digits, with_cuts
from export.marks import among_digits, are_read, is_one_mark, without_commas
from export.pictures import PictureError as PictureError  # what Reader.read raises
from export.pictures import decode
from export.preprocess import find_ink, shrink, to_mnist, turned
from export.reading import Digit, Reading
from export.segment import Line, find_lines

MOST_DIGITS = 64  # that come back
MOST_DOUBT_CUT = 0.75  # of what is cut from something else, whose cut may be careless
LOOK_AGAIN = 0.01  # what is doubted more is also looked at turned by TURNS
TURNS = (-0.12, 0.12)  # radians
PER_CUT = 0.5  # nats that a cut costs, so that of two ways as likely that with fewer is taken
REFUSED = 4.0  # nats that what is not read costs, for each of its pieces, or each time that it is as wide as high


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
        if is_one_mark([digit for *_, digit in way], line.height, len(line.wholes())):
            way = self.look_again([(1, line.count, self.classify(line, [(1, line.count)])[0])])
        digits = without_commas(among_digits([digit for *_, digit in way], line.height))
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


def enlarged(
    box: tuple[int, int, int, int], left: int, top: int, scale: float, width: float = np.inf, height: float = np.inf
) -> tuple[int, int, int, int]:
    """A box in a picture that is larger by `scale` and begins at (left, top), cut to its width and height."""
    x, y, right, bottom = (round(side * scale) for side in box)
    return (left + x, top + y, int(min(width, left + right)), int(min(height, top + bottom)))
