"""From a file to the light of a picture, or in plain words why there is none."""

from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from export.preprocess import grey

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
    if picture.format == "EPS":
        raise PictureError("it is a program for printers (EPS), which is not run here")
    try:
        picture.load()
        picture.getexif()
    except Exception as reason:  # as above
        raise PictureError(f"it is damaged ({reason})") from reason
    try:
        return grey(picture)
    except (ValueError, TypeError) as reason:
        raise PictureError(f"its colours are of a kind that is not known here ({reason})") from reason
