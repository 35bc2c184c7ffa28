"""Any picture → its ink; one digit's ink → the picture that MNIST would have made of it."""

import cv2
import numpy as np
from PIL import Image, ImageOps

from export.paper import PEN_SIDE, border, even_out, find_paper, histogram, otsu, polarities, without_surroundings
from export.pen import pen_width, widened
from export.ruling import without_lines

SIDE = 28  # px, a picture of MNIST
BOX = 20  # px, longer side of a digit's ink in MNIST
MIDDLE = 14.0  # where MNIST puts the centre of the ink's mass, px from the left and from the top
WORKING_SIDE = 1024  # px; larger pictures are shrunk to this before anything is looked for
UNIFORM = 8  # a clean picture's paper varies by less than this share of the contrast, 1 / UNIFORM
CLEAN_INK, CLEAN_BORDER = 0.3, 0.75  # … is at most so much ink, and its border at least so much paper
LARGE = 256 * 256  # px of a picture
DEEPER, ANOTHER = 0.33, 0.1  # … and in a large one at most a tenth of the ink is darker by a third of the contrast
CONTRAST = 6  # grey levels between paper and pen, at least, or there is nothing to read
FAINT = 25  # … on paper that is not clean, an eighth of its light: what is ruled on it is often fainter
NOISE = 5  # … and this many standard deviations of the paper's grey
BLURS = (1, 3, 7)  # px; noise is smoothed out as little as is necessary for the pen to stand out
HALO = 240  # level from which on it is not the paper, evened out, but what is beside a desk
AROUND = 7  # grey levels that are counted together to find the paper's, the commonest
FINEST = 2.0  # px of the pen, at least, where a digit's longer side is BOX; one in four of MNIST's is finer
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
    if picture.mode not in ("L", "RGB"):
        picture = picture.convert("RGB")
    return np.asarray(picture.convert("L"))


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


def find_inks(grey: np.ndarray) -> list[np.ndarray]:
    """(h, w) uint8, dark on light or light on dark -> what may be its ink, (h, w) float32, 0 paper … 1 pen.

    None on blank paper; several where it can't be told which of the two is the pen, or whether a light pen is chalk or
    a negative's ink: reading has to tell. A clean picture has two levels of grey; of any other the light is evened out.
    """
    inks = []
    for is_light in polarities(grey):
        seen = 255 - grey if is_light else grey
        levels = levels_if_clean(seen)
        if levels:
            inks.append(ink_at(seen, levels))
        else:
            paper = find_paper(seen)
            ways = (False, True) if is_light and max(grey.shape) > PEN_SIDE else (False,)
            inks += [find_ink_in_noise(even_out(seen, paper, is_chalk)) for is_chalk in ways]
    return [ink for ink in inks if ink is not None]


def find_ink_in_noise(grey: np.ndarray) -> np.ndarray | None:
    """(h, w) uint8, dark on evenly lit paper -> (h, w) float32, 0 paper … 1 pen; None when nothing stands out."""
    smoothed = (cv2.GaussianBlur(grey, (blur, blur), 0) for blur in BLURS)
    found = ((even, levels_in_noise(histogram(even))) for even in smoothed)
    return next((ink_at(even, levels) for even, levels in found if levels), None)


def ink_at(grey: np.ndarray, levels: tuple[float, float]) -> np.ndarray:
    """(h, w) uint8 and the levels of paper and pen -> (h, w) float32, 0 paper … 1 pen, without lines and desk."""
    paper, pen = levels
    ink = cv2.LUT(grey, ((paper - LEVELS) / (paper - pen)).clip(0, 1).astype(np.float32))
    return without_surroundings(without_lines(ink))


def levels_if_clean(grey: np.ndarray) -> tuple[float, float] | None:
    """(h, w) uint8, dark on light -> paper and pen if there are just these two, and the border is paper."""
    levels = clean_levels(histogram(grey))
    return levels if levels and np.mean(border(grey) > sum(levels) / 2) >= CLEAN_BORDER else None


def clean_levels(counts: np.ndarray) -> tuple[float, float] | None:
    """(256,) px of each level, dark on light -> paper and pen, or None when there are not just these two."""
    first = otsu(counts)
    if not 0 < counts[:first].sum() <= CLEAN_INK * counts.sum():
        return None
    pen, paper = median(LEVELS[:first], counts[:first]), median(LEVELS[first:], counts[first:])
    ink, contrast = counts[:first].sum(), paper - pen
    # There are as many px of a stroke's soft edge as of its inside, if it is fine.
    edge = counts[first:][np.abs(LEVELS[first:] - paper) * UNIFORM > contrast].sum()
    # Where some ink is much darker, that is the pen, and this a shadow; in a small picture strokes are all edge.
    darker = counts[pen - DEEPER * contrast > LEVELS].sum() if counts.sum() >= LARGE else 0
    return (paper, pen) if contrast >= CONTRAST and edge <= ink and darker <= ANOTHER * ink else None


def levels_in_noise(counts: np.ndarray) -> tuple[float, float] | None:
    """(256,) px of each level, dark on evenly lit paper -> paper and pen, or None when nothing stands out.

    Noise makes px darker as often as lighter; how many are lighter tells how many of the darker ones are no ink.
    """
    counts = np.where(LEVELS < HALO, counts, 0)
    if not counts.any():
        return None
    first = otsu(counts)
    paper = first + int(np.argmax(np.convolve(counts, np.ones(AROUND), "same")[first:]))
    light, dark = counts[paper:], counts[paper::-1]
    noise = 1.25 * np.average(np.arange(len(light)), weights=light)
    ink = dark.copy()
    ink[: len(light)] -= light[: len(ink)]
    ink[: int(2 * noise) + 1] = 0
    ink = ink.clip(0)
    first = otsu(ink)
    if not ink[first:].any():
        return None
    contrast = median(np.arange(first, len(ink)), ink[first:])
    return (paper, paper - contrast) if contrast >= max(FAINT, NOISE * noise) else None


def median(values: np.ndarray, counts: np.ndarray) -> float:
    """The median of `values`, each of which occurs `counts` times; (n,) and (n,)."""
    order = np.argsort(values, kind="stable")
    return float(values[order][np.searchsorted(counts[order].cumsum(), counts.sum() / 2)])


def box_of(ink: np.ndarray) -> tuple[int, int, int, int]:
    """(h, w) float32 with some ink -> left, top, right, bottom of what is at least half pen, in px, ends excluded."""
    rows, columns = (ink >= 0.5).any(axis=1).nonzero()[0], (ink >= 0.5).any(axis=0).nonzero()[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def to_mnist(ink: np.ndarray) -> np.ndarray:
    """One digit's ink, (h, w) float32 in 0…1, cropped to its box -> (28, 28) uint8, white on black, as in MNIST.

    The longer side becomes 20 px and the centre of mass goes to the middle (LeCun et al. 1998, section III A). A pen
    that is finer than most of MNIST's is widened before.
    """
    ink = thickened(ink, FINEST / BOX, max(ink.shape))
    scale = BOX / max(ink.shape)
    width, height = (max(1, round(side * scale)) for side in ink.shape[::-1])
    small = cv2.resize(ink, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    small = whiten(small)
    mass = small.sum()
    # No ink may fall off the edge, however far its mass is from the middle of its box.
    left = round(float(np.clip(MIDDLE - small.sum(axis=0) @ np.arange(width) / mass, 0, SIDE - width)))
    top = round(float(np.clip(MIDDLE - small.sum(axis=1) @ np.arange(height) / mass, 0, SIDE - height)))
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    canvas[top : top + height, left : left + width] = np.round(small * 255)
    return canvas


def thickened(ink: np.ndarray, share: float, side: int) -> np.ndarray:
    """Ink (h, w) float32 in 0…1, cropped to its box -> the same with a pen of at least this share of a side of it, px.

    The box grows with the pen, and is as long as that has its share of it in the end.
    """
    by = (share * side - pen_width(ink)) / (1 - share)
    if by <= 0 or not (ink >= 0.5).any():  # what is faint throughout has no edge to grow from
        return ink
    ink = widened(np.pad(ink, int(np.ceil(by / 2))), by)
    left, top, right, bottom = box_of(ink)
    return ink[top:bottom, left:right]


def whiten(small: np.ndarray) -> np.ndarray:
    """Ink (h, w) float32 that was scaled down -> the same as if its pen were white, 0…1.

    A fine pen comes out grey, less than a px wide; MNIST's pens are white.
    """
    inked = np.sort(small[small > 0.05])  # ten times as fast as np.quantile
    return (small / min(1, inked[round(WHITE * (len(inked) - 1))])).clip(0, 1)


def turned(picture: np.ndarray, angle: float) -> np.ndarray:
    """(28, 28) uint8 -> the same turned about its middle by `angle` radians, to the left if it is positive."""
    matrix = cv2.getRotationMatrix2D((SIDE / 2 - 0.5, SIDE / 2 - 0.5), np.degrees(angle), 1)
    return cv2.warpAffine(picture, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
