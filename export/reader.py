"""From a picture to what it says. Needs ONNX Runtime, OpenCV, NumPy and Pillow, and nothing of TensorFlow."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from artifacts import ONNX_MODEL, PUBLISHED
from export.classifier import Classifier
from export.preprocess import box_of, find_ink, grey, shrink, to_mnist

# Chosen on validation data and on sketches, envelopes and photos by others: of those, less than 1 % is doubted more.
MOST_DOUBT = 0.6
MOST_PIXELS = 50_000_000  # a picture of more is refused before it is decoded


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
    except (OSError, SyntaxError, ValueError) as reason:
        raise PictureError(f"it can't be opened ({getattr(reason, 'strerror', None) or reason})") from reason


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
    """What a picture says: its digits in reading order, those that are too doubtful to be read among them."""

    digits: list[Digit] = field(default_factory=list)

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

        Raises PictureError when it is damaged or has more than MOST_PIXELS.
        """
        if picture.width * picture.height > MOST_PIXELS:
            raise PictureError(f"it has more than {MOST_PIXELS // 1_000_000} million pixels")
        try:
            whole = grey(picture)
        except (OSError, SyntaxError, ValueError, EOFError) as reason:
            raise PictureError(f"it is damaged ({reason})") from reason
        small, scale = shrink(whole)
        ink = find_ink(small)
        if ink is None:
            return Reading()
        left, top, right, bottom = box_of(ink)
        image = to_mnist(ink[top:bottom, left:right])
        (probabilities,), (doubt,) = self.classifier(image[None])
        height, width = whole.shape
        box = (
            round(left * scale),
            round(top * scale),
            min(width, round(right * scale)),
            min(height, round(bottom * scale)),
        )
        return Reading([Digit(box, int(probabilities.argmax()), probabilities, float(doubt), image)])
