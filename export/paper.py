"""What of a picture is paper, light, desk and shadow, not pen."""

import cv2
import numpy as np

PAPER_SIDE = 256  # px; the paper's light is looked at in a picture of this size
MUCH = 0.15  # share of a picture that is more than a pen writes
UNEVEN = 25  # grey levels between the light and the dark parts of a border in uneven light
# Sides of the squares that are tried, px of a picture of PAPER_SIDE; the paper's is not less than SMALLEST px.
SQUARES, SMALLEST = (5, 7, 11, 17, 27, 43, 65, 85), 9
FILLED = 0.9  # share of the edges to be filled by the square that is chosen
SPARE = 2  # times as wide as it, so that crossings of strokes are filled, too
EDGE, SHARP = 3, 0.5  # times the median gradient, which is the paper's, and times the greatest is a sharp edge
FILLINGS = (cv2.MORPH_BLACKHAT, cv2.MORPH_TOPHAT)
SOME, CLEARLY = 0.2, 2  # share of the edges that a square fills, and how many times as much of dark as of light
DARKNESS = 32  # grey levels added to pen and paper, so that dark paper's noise is not enlarged too much
EVEN = 200  # level of the paper once the light is even, and room for what is lighter
TINY = 0.012  # of the picture's longer side; what is smaller is noise
ALONG = 0.5  # share of the picture's side along which a desk lies, or of its own length along which a shadow does
LONGER, THICKER = 2, 2.5  # than the largest and the thickest writing
SLIVER = 0.2  # of its length; something narrower along the border is the paper's edge
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

    The border is taken for paper, and the third moment tells on which side of it the pen is: a few pixels of ink, far
    from the paper's grey, outweigh many of a shadow, near to it. Where the border is uneven, or the pen would be more
    than a pen writes, pen is what fine squares fill, from the finest on that make a difference.
    """
    low, middle, high = np.quantile(border(grey), (0.1, 0.5, 0.9))
    is_light = bool(counts @ (np.arange(256) - middle) ** 3 > 0)
    lighter = counts[otsu(counts) :].sum() / counts.sum()
    if high - low < UNEVEN and (lighter if is_light else 1 - lighter) < MUCH:
        return is_light
    small = shrunk(grey, PAPER_SIDE)
    edges, sides = sharp_edges(small), squares(small)
    most = max(filled(small, edges, sides[-1], way) for way in FILLINGS)
    for side in sides:
        dark, light = (filled(small, edges, side, way) for way in FILLINGS)
        if max(dark, light) > SOME * most and max(dark, light) > CLEARLY * min(dark, light):
            return light > dark
    return is_light


def sharp_edges(grey: np.ndarray) -> np.ndarray:
    """(h, w) uint8 -> (h, w) float32, the gradient where it is more than noise and a shadow's edge, squared."""
    gradient = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).astype(np.float32)
    place = gradient.size - 1 - max(8, gradient.size // 500)
    sharpest = np.partition(gradient.ravel(), max(place, 0))[max(place, 0)]
    least = max(EDGE * float(np.median(gradient)) + 2, SHARP * float(sharpest))
    return (gradient - least).clip(0) ** 2


def squares(grey: np.ndarray) -> list[int]:
    """The sides of the squares that are tried in a picture, px."""
    return [max(3, round(side * max(grey.shape) / PAPER_SIDE) | 1) for side in SQUARES]


def filled(grey: np.ndarray, edges: np.ndarray, side: int, way: int) -> float:
    """How much a square fills at the edges, what is dark (a black hat) or what is light (a top hat)."""
    return float(np.vdot(edges, cv2.morphologyEx(grey, way, np.ones((side, side), np.uint8)).astype(np.float32)))


def even_out(grey: np.ndarray) -> np.ndarray:
    """(h, w) uint8, dark on light -> the same with the paper at about EVEN everywhere.

    The paper is what a morphological closing leaves, which fills everything that is narrower than its square; light
    multiplies, so it is divided by. The smaller the square, the closer the closing follows shadows and the desk's
    edge: it is little wider than the pen.
    """
    small = shrunk(grey, PAPER_SIDE)
    side = square_for(small)
    # A shadow's dark side must not be compared with its light side: the darkest neighbour of the paper.
    paper = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    paper = cv2.erode(paper, np.ones((3, 3), np.uint8))
    paper = cv2.resize(paper, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)
    level = cv2.divide(cv2.add(grey, DARKNESS, dtype=cv2.CV_32F), cv2.add(paper, DARKNESS, dtype=cv2.CV_32F))
    return cv2.convertScaleAbs(level, alpha=EVEN)


def square_for(grey: np.ndarray) -> int:
    """(h, w) uint8, dark on light -> px, the side of a square in which the pen's strokes have room.

    Granulometry: of all that the largest square fills, the smallest that fills most.
    """
    edges, sides = sharp_edges(grey), [max(SMALLEST, side) for side in squares(grey)]
    most = filled(grey, edges, sides[-1], cv2.MORPH_BLACKHAT)
    enough = next(side for side in sides if filled(grey, edges, side, cv2.MORPH_BLACKHAT) >= FILLED * most)
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
    sides = [labels[0], labels[-1], labels[:, 0], labels[:, -1]]
    contacts = np.stack([np.bincount(side, minlength=n) for side in sides])
    touching = contacts.any(axis=0)
    touching[0] = True
    writing = ~touching & (length >= TINY * max(ink.shape))
    if not writing.any():
        return ink
    longest, pen = length[writing].max(), thickness(writing[labels])
    gone = np.zeros(n, bool)
    for piece in np.flatnonzero(touching)[1:]:
        left, top, width, height = stats[piece, :4]
        if any(contacts[:, piece] >= ALONG * np.array([len(side) for side in sides])):
            gone[piece] = length[piece] > LONGER * longest
        elif longest >= COMPARABLE * length[piece] and contacts[:, piece].max() >= ALONG * length[piece]:
            own = labels[top : top + height, left : left + width] == piece
            gone[piece] = thickness(own) > THICKER * pen or min(width, height) < SLIVER * length[piece]
    if not gone.any():
        return ink
    # With their soft edges, where these are not those of what stays.
    lost = gone[labels]
    edge = cv2.dilate(lost.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return np.where(edge & (lost | ~mask), 0, ink)


def thickness(mask: np.ndarray) -> float:
    """(h, w) bool -> px, the diameter of the largest disc in it."""
    return 2 * float(cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 3).max())
