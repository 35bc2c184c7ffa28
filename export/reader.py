"""From a picture to what it says. Needs ONNX Runtime, OpenCV, NumPy and Pillow, and nothing of TensorFlow."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from artifacts import ONNX_MODEL, PUBLISHED
from export.classifier import Classifier
from export.preprocess import find_ink, grey, shrink, to_mnist
from export.segment import Line, find_lines, with_cuts

# Chosen on validation data and on sketches, envelopes and photos by others: of those, less than 1 % is doubted more.
MOST_DOUBT = 0.55
MOST_DIGITS = 64  # that come back
CUT_DOUBT = 0.1  # what is doubted more might be several digits that touch
MOST_PIECES = 4  # of a digit
WIDEST = 1.5  # of its line's height, a digit of several pieces
PER_CUT = 1.0  # nats that a cut costs, so that of two ways as likely that with fewer is taken
REFUSED = 4.0  # nats that a mark costs which is not read
MOST_PIXELS = 50_000_000  # a picture of more is refused before it is decoded
LONGEST = 65_535  # px, as in JPEG; a longer one is refused, too, for strips of millions by one px take very long


class PictureError(Exception):
    """A picture that can't be read at all; the message says why, in words for people."""


def open_picture(source: Path | BinaryIO) -> Image.Image:
    """A file or stream -> the picture, not decoded yet. Raises PictureError when it is none that Pillow knows."""
    try:
        return Image.open(source)
    except FileNotFoundError as reason:
        raise PictureError("there is no such file") from reason
    except UnidentifiedImageError as reason:
        raise PictureError("it is not a picture, or of a kind that is not known here") from reason
    except Image.DecompressionBombError as reason:
        raise PictureError(f"it has more than {MOST_PIXELS // 1_000_000} million pixels") from reason
    except Exception as reason:  # on damaged files Pillow's formats raise all there is, without a common base class
        raise PictureError(f"it can't be opened ({getattr(reason, 'strerror', None) or reason})") from reason


def decode(picture: Image.Image) -> np.ndarray:
    """A picture, opened only -> its light, (h, w) uint8. Raises PictureError when it is too large or damaged."""
    if picture.width * picture.height > MOST_PIXELS:
        raise PictureError(f"it has more than {MOST_PIXELS // 1_000_000} million pixels")
    if not 0 < min(picture.size) <= max(picture.size) <= LONGEST:
        raise PictureError(f"it is {picture.width} × {picture.height} pixels, and each side has to be 1 to {LONGEST:,}")
    try:
        picture.load()
        picture.getexif()
    except Exception as reason:  # as above
        raise PictureError(f"it is damaged ({reason})") from reason
    try:
        return grey(picture)
    except (ValueError, TypeError) as reason:
        raise PictureError(f"its colours are of a kind that is not known here ({reason})") from reason


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
        """Raises ModelError when the model can't be used."""
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

        Pieces are put together, and those that stay doubtful cut, in all ways that make sense (LeCun et al. 1998,
        sections V and VI: over-segmentation and the best path).
        """
        way = self.best_way(line)
        doubtful = {piece for first, last, digit in way if digit.doubt > CUT_DOUBT for piece in range(first, last + 1)}
        if doubtful:
            cut = with_cuts(line, doubtful)
            if cut.count > line.count:
                line, way = cut, self.best_way(cut)
        return [replace(digit, box=enlarged(digit.box, line.left, line.top, line.scale)) for _, _, digit in way]

    def best_way(self, line: Line) -> list[tuple[int, int, Digit]]:
        """-> first piece, last piece and what they are read as, from left to right; boxes in px of the line."""
        spans = [
            (first, last)
            for first in range(1, line.count + 1)
            for last in range(first, min(first + MOST_PIECES, line.count + 1))
            if first == last or is_narrow(line.box(first, last), line.height)
        ]
        spans += [whole for whole in line.wholes() if whole not in spans]
        spans.sort()
        images = np.stack([to_mnist(line.crop(*span)) for span in spans])
        best = [(0.0, [])] + [(np.inf, [])] * line.count
        for (first, last), image, p, doubt in zip(spans, images, *self.classifier(images), strict=True):
            before, way = best[first - 1]
            if doubt > MOST_DOUBT and (first - 1 in line.cut or last in line.cut):
                continue  # a cut that leaves something unread was none
            cost = before + (-np.log1p(-doubt) if doubt <= MOST_DOUBT else REFUSED) + PER_CUT * (last in line.cut)
            if cost < best[last][0]:
                digit = Digit(line.box(first, last), int(p.argmax()), p, float(doubt), image)
                best[last] = (cost, [*way, (first, last, digit)])
        return best[-1][1]


def is_narrow(box: tuple[int, int, int, int], height: float) -> bool:
    """Whether several pieces in a box might be one digit, on a line so high."""
    return box[2] - box[0] <= WIDEST * height


def enlarged(
    box: tuple[int, int, int, int], left: int, top: int, scale: float, width: float = np.inf, height: float = np.inf
) -> tuple[int, int, int, int]:
    """A box in a picture that is larger by `scale` and begins at (left, top), cut to its width and height."""
    x, y, right, bottom = (round(side * scale) for side in box)
    return (left + x, top + y, int(min(width, left + right)), int(min(height, top + bottom)))
