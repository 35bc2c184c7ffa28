"""What of a picture is paper, light, desk and shadow, not pen."""

from itertools import pairwise

import cv2
import numpy as np

PEN_SIDE, PAPER_SIDE = 256, 512  # px; the pen and the paper's light are looked at in pictures of this size
MUCH = 0.15  # share of a picture that is more than a pen writes
UNEVEN = 25  # grey levels between the light and the dark parts of a border in uneven light
# Sides of the squares that are tried, px of a picture of PEN_SIDE; in smaller ones not less than FINEST px, and that of
# the square that the paper is found with not less than SMALLEST.
SQUARES, FINEST, SMALLEST = (3, 5, 7, 9, 11, 15, 21, 27, 35, 43, 65, 85), 5, 9
WRITTEN = 35  # px of a picture of PEN_SIDE; wider ones fill shadows, too
DIFFERENCES = (0.05, 0.25)  # share of the most that squares fill which makes a difference, from … to
CLEARLY = 1.4  # times as much of dark as of light, or the other way round
FAINT = 0.1  # share of the paper's light; what is darker by less is no stroke
MORE = 1.3  # times as much, and a larger square fills something else than the pen's strokes
SPARE = 2  # times as wide as it, so that crossings of strokes are filled, too
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


def polarities(grey: np.ndarray) -> list[bool]:
    """(h, w) uint8 -> whether the pen is lighter than the paper, or both answers, if both may be.

    The border is taken for paper, and the third moment tells on which side of it the pen is: a few pixels of ink, far
    from the paper's grey, outweigh many of a shadow, near to it. Where the border is uneven, or the pen would be more
    than a pen writes, pen is what fine squares fill, from the finest on that make a difference. How much makes one is
    not always clear: fine strokes on a sheet on a desk are less than the holes in thick ones, but a drawing's paper has
    no grain.
    """
    counts = histogram(grey)
    low, middle, high = np.quantile(border(grey), (0.1, 0.5, 0.9))
    is_light = bool(counts @ (np.arange(256) - middle) ** 3 > 0)
    lighter = counts[otsu(counts) :].sum() / counts.sum()
    if high - low < UNEVEN and (lighter if is_light else 1 - lighter) < MUCH:
        return [is_light]
    small = shrunk(grey, PEN_SIDE)
    gradient = cv2.morphologyEx(small, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    both = [tuple(filled(seen, gradient, side) for seen in (small, 255 - small)) for side in squares(small, WRITTEN)]
    clear = [(dark, light) for dark, light in both if max(dark, light) > CLEARLY * min(dark, light)]
    most = max(map(max, both))
    answers = [
        next((light > dark for dark, light in clear if max(dark, light) > share * most), is_light)
        for share in DIFFERENCES[0 if np.median(gradient) else 1 :]
    ]
    return list(dict.fromkeys(answers))


def squares(grey: np.ndarray, widest: int = PEN_SIDE) -> list[int]:
    """The sides of the squares that are tried in a picture, px; widest: of them in a picture of PEN_SIDE."""
    finest = min(SQUARES) if max(grey.shape) == PEN_SIDE else FINEST
    return sorted({max(finest, round(side * max(grey.shape) / PEN_SIDE) | 1) for side in SQUARES if side <= widest})


def filled(grey: np.ndarray, gradient: np.ndarray, side: int) -> float:
    """How much of what is dark a square fills, where it is at its edges."""
    return float(np.vdot(gradient.astype(np.float32), (closed(grey, side) - grey).astype(np.float32)))


def closed(grey: np.ndarray, side: int) -> np.ndarray:
    """(h, w) uint8 -> its morphological closing by a square: everything dark that is narrower is filled.

    The picture goes on beyond its border as it is there, so that the desk, however little of it is seen, is not.
    """
    padded = cv2.copyMakeBorder(grey, side, side, side, side, cv2.BORDER_REPLICATE)
    return cv2.morphologyEx(padded, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))[side:-side, side:-side]


def find_paper(grey: np.ndarray) -> np.ndarray:
    """(h, w) uint8, dark on light -> the same as if nothing were written.

    It is what a closing leaves by a square in which the pen's strokes have room; the smaller the square, the closer it
    follows shadows and the desk's edge.
    """
    small, paper = shrunk(grey, PEN_SIDE), shrunk(grey, PAPER_SIDE)
    paper = closed(paper, round(square_for(small) * max(paper.shape) / max(small.shape)) | 1)
    # A shadow's dark side must not be compared with its light side: the darkest neighbour of the paper.
    paper = cv2.erode(paper, np.ones((3, 3), np.uint8))
    return cv2.resize(paper, grey.shape[::-1], interpolation=cv2.INTER_LINEAR)


def even_out(grey: np.ndarray, paper: np.ndarray, is_chalk: bool = False) -> np.ndarray:
    """(h, w) uint8, dark on light, and its paper -> the same with the paper at about EVEN everywhere.

    is_chalk: whether it is the negative of light on dark, so that the light makes brighter what is dark here.
    """
    level = in_light(255 - paper, 255 - grey) if is_chalk else in_light(grey, paper)
    return cv2.convertScaleAbs(level, alpha=EVEN)


def in_light(grey: np.ndarray, paper: np.ndarray) -> np.ndarray:
    """Grey and paper (h, w) uint8 -> (h, w) float32, how much of the paper's light each px has: light multiplies."""
    return cv2.divide(cv2.add(grey, DARKNESS, dtype=cv2.CV_32F), cv2.add(paper, DARKNESS, dtype=cv2.CV_32F))


def square_for(grey: np.ndarray) -> int:
    """(h, w) uint8, dark on light -> px, the side of a square in which the pen's strokes have room.

    Granulometry: once the strokes are filled, larger squares fill hardly more, until shadows have room in them, too.
    """
    sides = squares(grey)
    tried = ((side, darker(grey, side)) for side in sides)
    enough = next((side for (side, before), (_, now) in pairwise(tried) if now <= MORE * before), sides[-1])
    return max(SMALLEST, min(sides[-1], round(SPARE * enough) | 1))


def darker(grey: np.ndarray, side: int) -> float:
    """By how much what a square fills is darker than the paper, in px of a black pen; (h, w) uint8."""
    level = in_light(grey, closed(grey, side))
    return float((1 - level[level < 1 - FAINT]).sum())


def without_surroundings(ink: np.ndarray) -> np.ndarray:
    """Ink (h, w) float32 -> the same without the desk and the shadows that reach in from the border.

    They lie along it, or are longer or thicker than what does not touch it, if there is such.
    """
    mask = ink >= 0.5
    if not border(mask).any():
        return ink
    n, labels, stats = components(mask)
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


def components(mask: np.ndarray) -> tuple[int, np.ndarray, np.ndarray]:
    """(h, w) bool -> how many pieces hang together, 0 for what is none counted in, their labels and OpenCV's stats.

    Of OpenCV's algorithms this one (Grana et al. 2010) takes a third of the default's time.
    """
    n, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
        mask.astype(np.uint8), 8, cv2.CV_32S, cv2.CCL_GRANA
    )
    return n, labels, stats


def thickness(mask: np.ndarray) -> float:
    """(h, w) bool -> px, the diameter of the largest disc in it."""
    return 2 * float(cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 3).max())
