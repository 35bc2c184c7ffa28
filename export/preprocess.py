"""Any picture → its ink; one digit's ink → the picture that MNIST would have made of it."""

import cv2
import numpy as np
from PIL import Image, ImageOps

SIDE = 28  # px, a picture of MNIST
BOX = 20  # px, longer side of a digit's ink in MNIST
MIDDLE = 14.0  # where MNIST puts the centre of the ink's mass, px from the left and from the top
WORKING_SIDE = 1024  # px; larger pictures are shrunk to this before anything is looked for
LIGHT_SIDE = 256  # px; … and in one of this, whether it is lighter than the pen
UNEVEN = 25  # grey levels between the light and the dark parts of a border in uneven light
NARROW = 5  # px of that picture, wider than most pens
PAPER_SIDE = 128  # px; the paper's light is looked at in a picture of this size
CONTRAST = 6  # grey levels between paper and pen, at least, or there is nothing to read
NOISE = 7  # … and this many standard deviations of the paper's grey
WHITE = 0.8  # quantile of a digit's px, of those with ink, that is to be white
LEVELS = np.arange(256.0)  # of grey


def grey(picture: Image.Image) -> np.ndarray:
    """A picture of any mode -> (h, w) uint8, upright by its EXIF tag, transparency laid on a contrasting paper."""
    picture = ImageOps.exif_transpose(picture)
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        return stretch(np.asarray(picture, dtype=np.float64))
    if "A" in picture.getbands() or "a" in picture.getbands() or "transparency" in picture.info:
        pixels = np.asarray(picture.convert("RGBA").convert("LA"), dtype=np.float32)
        light, opacity = pixels[..., 0], pixels[..., 1] / 255
        # Black strokes on nothing want white paper, white strokes on nothing want black.
        paper = 255.0 if np.average(light, weights=opacity + 1e-6) < 128 else 0.0
        return np.round(light * opacity + paper * (1 - opacity)).astype(np.uint8)
    return np.asarray(picture.convert("RGB").convert("L"))


def stretch(values: np.ndarray) -> np.ndarray:
    """(h, w) of any number type, 16-bit scans for one -> (h, w) uint8 with the whole range in use."""
    values = np.nan_to_num(values)
    low, high = values.min(), values.max()
    return np.round((values - low) * (255 / max(high - low, 1))).astype(np.uint8)


def shrink(grey: np.ndarray) -> tuple[np.ndarray, float]:
    """(h, w) uint8 -> the same at most WORKING_SIDE px long, and how many of its px one px of the result is."""
    scale = max(1.0, max(grey.shape) / WORKING_SIDE)
    if scale == 1:
        return grey, scale
    size = [max(1, round(side / scale)) for side in grey.shape[::-1]]
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA), scale


def find_ink(grey: np.ndarray) -> np.ndarray | None:
    """(h, w) uint8, dark on light or light on dark -> (h, w) float32, 0 paper … 1 pen; None when there is no ink.

    Otsu's threshold ("A threshold selection method from gray-level histograms", 1979) tells pen from paper after the
    light has been evened out.
    """
    dark = even_out(255 - grey if is_light_on_dark(grey) else grey)
    counts = histogram(dark)
    threshold, _ = cv2.threshold(dark, 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    levels = two_levels(counts, int(threshold) + 1)
    if levels is None:
        return None
    paper, pen = levels
    return cv2.LUT(dark, ((paper - LEVELS) / (paper - pen)).clip(0, 1).astype(np.float32))


def two_levels(counts: np.ndarray, first: int) -> tuple[float, float] | None:
    """-> paper and pen, where the levels below `first` are pen and the others paper, if they are far enough apart."""
    if not counts[:first].any() or not counts[first:].any():
        return None
    pen, paper = median(LEVELS[:first], counts[:first]), median(LEVELS[first:], counts[first:])
    noise = 1.48 * median(np.abs(LEVELS[first:] - paper), counts[first:])  # standard deviation, were it normal
    return (paper, pen) if paper - pen >= max(CONTRAST, NOISE * noise) else None


def is_light_on_dark(grey: np.ndarray) -> bool:
    """Whether the pen is lighter than the paper; grey (h, w) uint8.

    The third moment: a few pixels of ink, far from the paper's grey, outweigh many of a shadow, near to it. The border
    is taken for paper; where the light on it is uneven, fine dark strokes show that what is lighter is light.
    """
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    low, middle, high = np.quantile(border, (0.1, 0.5, 0.9))
    is_light = bool(histogram(grey) @ (LEVELS - middle) ** 3 > 0)
    if not is_light or high - low < UNEVEN or min(grey.shape) < LIGHT_SIDE:
        return is_light
    scale = max(1.0, max(grey.shape) / LIGHT_SIDE)
    size = [max(1, round(side / scale)) for side in grey.shape[::-1]]
    small, pen = cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.ones((NARROW, NARROW), np.uint8)
    light, dark = (cv2.morphologyEx(small, way, pen) for way in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT))
    return bool(2 * (histogram(light) @ LEVELS**3) > histogram(dark) @ LEVELS**3)


def histogram(grey: np.ndarray) -> np.ndarray:
    """(h, w) uint8 -> (256,) float64, how many px have each level."""
    return cv2.calcHist([grey], [0], None, [256], [0, 256]).ravel().astype(np.float64)


def median(values: np.ndarray, counts: np.ndarray) -> float:
    """The median of `values`, each of which occurs `counts` times; (n,) and (n,)."""
    order = np.argsort(values, kind="stable")
    return float(values[order][np.searchsorted(counts[order].cumsum(), counts.sum() / 2)])


def even_out(grey: np.ndarray) -> np.ndarray:
    """(h, w) uint8, dark on light -> the same with the paper at 255 everywhere.

    The paper is what a morphological closing leaves, which fills everything that is narrower than its kernel; light
    multiplies, so it is divided by.
    """
    scale = max(1.0, max(grey.shape) / PAPER_SIDE)
    size = [max(1, round(side / scale)) for side in grey.shape[::-1]]
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    side = max(size) // 3 | 1
    paper = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    paper = cv2.resize(cv2.blur(paper, (side, side)), grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return cv2.divide(grey, paper, scale=255)


def box_of(ink: np.ndarray) -> tuple[int, int, int, int]:
    """(h, w) float32 with some ink -> left, top, right, bottom of what is at least half pen, in px, ends excluded."""
    rows, columns = (ink >= 0.5).any(axis=1).nonzero()[0], (ink >= 0.5).any(axis=0).nonzero()[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def to_mnist(ink: np.ndarray) -> np.ndarray:
    """One digit's ink, (h, w) float32 in 0…1, cropped to its box -> (28, 28) uint8, white on black, as in MNIST.

    The longer side becomes 20 px and the centre of mass goes to the middle (LeCun et al. 1998, section III A).
    """
    scale = BOX / max(ink.shape)
    width, height = (max(1, round(side * scale)) for side in ink.shape[::-1])
    small = cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    # A fine pen comes out grey, less than a px wide; MNIST's pens are white.
    small = (small / min(1, np.quantile(small[small > 0.05], WHITE))).clip(0, 1)
    mass = small.sum()
    # No ink may fall off the edge, however far its mass is from the middle of its box.
    left = round(float(np.clip(MIDDLE - small.sum(axis=0) @ np.arange(width) / mass, 0, SIDE - width)))
    top = round(float(np.clip(MIDDLE - small.sum(axis=1) @ np.arange(height) / mass, 0, SIDE - height)))
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    canvas[top : top + height, left : left + width] = np.round(small * 255)
    return canvas


def turned(picture: np.ndarray, angle: float) -> np.ndarray:
    """(28, 28) uint8 -> the same turned about its middle by `angle` radians, to the left if it is positive."""
    matrix = cv2.getRotationMatrix2D((SIDE / 2 - 0.5, SIDE / 2 - 0.5), np.degrees(angle), 1)
    return cv2.warpAffine(picture, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
