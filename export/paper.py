"""What of a picture is paper, light, desk and shadow, not pen."""

import cv2
import numpy as np

PAPER_SIDE = 256  # px; the paper's light is looked at in a picture of this size
LIGHT_MOST = 0.6  # share of a picture; what is light and more than that is paper, not pen
LIGHT_MUCH = 0.25  # … and what is more than this is looked at
UNEVEN = 25  # grey levels between the light and the dark parts of a border in uneven light
NARROW = 5  # px of the small picture, wider than most pens
# Sides of the squares that a closing may fill, px of a picture of PAPER_SIDE; none less than SMALLEST px.
SQUARES, SMALLEST = (5, 7, 11, 17, 27, 43, 65, 85), 9
FILLED = 0.9  # share of the edges to be filled by the square that is chosen
SPARE = 2  # times as wide as it, so that crossings of strokes are filled, too
EDGE = 3  # times the median gradient, which is the paper's
DARKNESS = 32  # grey levels added to pen and paper, so that dark paper's noise is not enlarged too much
EVEN = 200  # level of the paper once the light is even, and room for what is lighter
TINY = 0.012  # of the picture's longer side; what is smaller is noise
ALONG = 0.5  # share of the picture's side along which a desk lies, or of its own length along which a shadow does
LONGER, THICKER = 2, 2.5  # than the largest and the thickest writing
COMPARABLE = 0.2  # share of its length that writing is long, or it is no measure


def histogram(grey: np.ndarray) -> np.ndarray:
    """(h, w) uint8 -> (256,) float64, how many px have each level."""
    return cv2.calcHist([grey], [0], None, [256], [0, 256]).ravel().astype(np.float64)


def otsu(counts: np.ndarray) -> int:
    """(n,) px of each level -> the first level above Otsu's threshold, 0 where there is only one level.

    N. Otsu, "A threshold selection method from gray-level histograms", 1979.
    """
    below, moment = counts.cumsum(), (counts * np.arange(len(counts))).cumsum()
    split = below * (below[-1] - below)
    between = (moment[-1] * below - moment * below[-1]) ** 2 / np.maximum(split, 1)
    return int(np.argmax(between)) + 1 if split.any() else 0


def border(grey: np.ndarray) -> np.ndarray:
    """(h, w) -> the outermost px."""
    return np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])


def shrunk(grey: np.ndarray, side: int) -> np.ndarray:
    """(h, w) uint8 -> the same, at most `side` px long."""
    scale = max(1.0, max(grey.shape) / side)
    if scale == 1:
        return grey
    return cv2.resize(grey, [max(1, round(side / scale)) for side in grey.shape[::-1]], interpolation=cv2.INTER_AREA)


def is_light_on_dark(grey: np.ndarray, counts: np.ndarray) -> bool:
    """Whether the pen is lighter than the paper; grey (h, w) uint8 and its histogram.

    The third moment: a few pixels of ink, far from the paper's grey, outweigh many of a shadow, near to it. The border
    is taken for paper, unless it is a desk around paper that fills most of the picture; where the light on it is
    uneven, fine dark strokes show that what is lighter is light.
    """
    low, middle, high = np.quantile(border(grey), (0.1, 0.5, 0.9))
    levels = np.arange(256)
    if counts @ (levels - middle) ** 3 <= 0:
        return False
    share = counts[otsu(counts) :].sum() / counts.sum()
    if min(grey.shape) < PAPER_SIDE or (high - low < UNEVEN and share < LIGHT_MUCH):
        return bool(share < LIGHT_MOST)
    small, pen = shrunk(grey, PAPER_SIDE), np.ones((NARROW, NARROW), np.uint8)
    light, dark = (cv2.morphologyEx(small, way, pen) for way in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT))
    return bool(share < LIGHT_MOST and 2 * (histogram(light) @ levels**3) > histogram(dark) @ levels**3)


def even_out(grey: np.ndarray) -> np.ndarray:
    """(h, w) uint8, dark on light -> the same with the paper at about EVEN everywhere.

    The paper is what a morphological closing leaves, which fills everything that is narrower than its square; light
    multiplies, so it is divided by. The smaller the square, the closer the closing follows shadows and the desk's
    edge: it is little wider than the pen.
    """
    small = shrunk(grey, PAPER_SIDE)
    side = square_for(small)
    # A shadow's dark side must not be compared with its light side: the darkest neighbour of the paper.
    paper = cv2.erode(closing(small, side), np.ones((3, 3), np.uint8))
    paper = cv2.resize(paper, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    level = cv2.divide(cv2.add(grey, DARKNESS, dtype=cv2.CV_32F), cv2.add(paper, DARKNESS, dtype=cv2.CV_32F))
    return cv2.convertScaleAbs(level, alpha=EVEN)


def closing(grey: np.ndarray, side: int) -> np.ndarray:
    """(h, w) uint8 -> the same, what is dark and narrower than a square of `side` px filled."""
    return cv2.morphologyEx(grey, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))


def square_for(grey: np.ndarray) -> int:
    """(h, w) uint8, dark on light -> px, the side of a square in which the pen's strokes have room.

    Granulometry: of all that the largest square fills, the smallest that fills most, what has sharp edges counting
    more than soft shadows.
    """
    edges = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).astype(np.float32)
    edges = (edges - EDGE * np.median(edges) - 2).clip(0) ** 2
    scale = max(grey.shape) / PAPER_SIDE
    sides = [max(SMALLEST, round(side * scale) | 1) for side in SQUARES]
    filled = [float(np.vdot(edges, (closing(grey, side) - grey).astype(np.float32))) for side in sides]
    enough = next(side for side, share in zip(sides, filled, strict=True) if share >= FILLED * filled[-1])
    return min(sides[-1], SPARE * enough | 1)


def without_surroundings(ink: np.ndarray) -> np.ndarray:
    """Ink (h, w) float32 -> the same without the desk and the shadows that reach in from the border.

    They lie along it, or are longer or thicker than what does not touch it, if there is such.
    """
    mask = ink >= 0.5
    if not border(mask).any():
        return ink
    n, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    length = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    along = np.max([np.bincount(side, minlength=n) for side in (labels[0], labels[-1])], axis=0) / ink.shape[1]
    along = np.maximum(
        along, np.max([np.bincount(side, minlength=n) for side in (labels[:, 0], labels[:, -1])], axis=0) / ink.shape[0]
    )
    touching = np.bincount(border(labels), minlength=n) > 0
    touching[0] = True
    writing = ~touching & (length >= TINY * max(ink.shape))
    if not writing.any():
        return ink
    longest, pen = length[writing].max(), thickness(writing[labels])
    gone = np.zeros(n, bool)
    for piece in np.flatnonzero(touching)[1:]:
        left, top, width, height = stats[piece, :4]
        if along[piece] >= ALONG and length[piece] > LONGER * longest:
            gone[piece] = True
        elif longest >= COMPARABLE * length[piece]:
            own = labels[top : top + height, left : left + width] == piece
            gone[piece] = thickness(own) > THICKER * pen
    if not gone.any():
        return ink
    # With their soft edges, where these are not those of what stays.
    lost = gone[labels]
    edge = cv2.dilate(lost.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return np.where(edge & (lost | ~mask), 0, ink)


def thickness(mask: np.ndarray) -> float:
    """(h, w) bool -> px, the diameter of the largest disc in it."""
    return 2 * float(cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 3).max())
