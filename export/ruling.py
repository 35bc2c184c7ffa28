"""Ink → the same without the lines of ruled and squared paper and of forms."""

import cv2
import numpy as np

CHUNK, MOST_CHUNKS = 24, 32  # px and number of the parts of a picture's width, in which a line is taken for level
STEEPEST = 0.09  # px that a line rises in one px
FULL = 0.75  # share of a part that a line covers …
COVERED = 0.8  # … and share of the parts, with gaps where the light is bad
ACROSS = 0.9  # … by a line down the picture, lest a 1 be taken for one
LATTICE = 0.7  # … if there are several lines across, on paper that ends within the picture
WIDE = 1.2  # width of a picture in its heights; in one that is narrower, a single line may be the roof of a 7
SEVERAL = 3  # lines are no digit
SMALLEST = 32  # px; in a smaller picture a line is as good as a stroke
THICKEST, SHARE = (4, 8), 1 / 16  # px, of which a line has not more, nor more than this share of the height
MOST_LINES = 64  # that are looked for


def without_lines(ink: np.ndarray) -> np.ndarray:
    """Ink (h, w) float32, 0 paper … 1 pen -> the same without lines across it, strokes that cross them left whole."""
    height, width = ink.shape
    mask = ink >= 0.5
    if min(height, width) < SMALLEST or (mask.any(axis=0).mean() < COVERED):
        return ink
    # A desk's edge is no line.
    side = 2 * thickest(height) + 1
    thick = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((side, side), np.uint8))
    thin = mask & (thick == 0)
    lines = find_rules(thin, COVERED)
    if not lines or (len(lines) < SEVERAL and width < WIDE * height):
        return ink
    rubbed = rub_out(ink, mask, thin, lines)
    return rub_out(rubbed.T, mask.T, thin.T, find_rules(thin.T, ACROSS if len(lines) < SEVERAL else LATTICE)).T


def thickest(height: int) -> int:
    """Px that a line may be thick in a picture so high."""
    return int(np.clip(round(SHARE * height), *THICKEST))


def find_rules(mask: np.ndarray, covered: float) -> list[tuple[int, float]]:
    """(h, w) bool -> of each line across it the row in the middle of the picture and how much it falls per px.

    A Radon transform of few angles: the share of each row that is ink is taken in parts of the width and summed along
    sloping ways through these.
    """
    height, width = mask.shape
    parts = int(np.clip(width // CHUNK, 4, MOST_CHUNKS))
    fat = cv2.dilate(mask.astype(np.uint8), np.ones((3, 1), np.uint8)).astype(np.float32)
    full = cv2.resize(fat, (parts, height), interpolation=cv2.INTER_AREA) >= FULL
    span = width / parts
    slopes = np.arange(-STEEPEST, STEEPEST, 1.5 / width)
    slopes = slopes[np.argsort(np.abs(slopes), kind="stable")]
    shares = np.zeros((len(slopes), height), np.float32)
    for slope, share in zip(slopes, shares, strict=True):
        falls = np.round((np.arange(parts) - (parts - 1) / 2) * span * slope).astype(int)
        for part, fall in enumerate(falls):
            first, last = max(0, -fall), min(height, height - fall)
            if first < last:
                share[first:last] += full[first + fall : last + fall, part] / parts
    lines, apart = [], thickest(height)
    while len(lines) < MOST_LINES:
        slope, row = np.unravel_index(np.argmax(shares), shares.shape)
        if shares[slope, row] < covered:
            break
        lines.append((int(row), float(slopes[slope])))
        shares[:, max(0, row - apart) : row + apart + 1] = 0
    return lines


def rub_out(ink: np.ndarray, mask: np.ndarray, thin: np.ndarray, lines: list[tuple[int, float]]) -> np.ndarray:
    """Ink (h, w) and where it is at least half pen -> the same with the lines, from `find_rules`, at 0."""
    height, width = ink.shape
    ink, most = ink.copy(), thickest(height)
    columns = np.arange(width)
    for row, slope in lines:
        rows = np.round(row + slope * (columns - width / 2)).astype(int)
        around = np.arange(-most - 2, most + 3)
        places = (rows + around[:, None]).clip(-1, height)
        strip, share = np.pad(mask, 1)[places + 1, columns + 1], np.pad(thin, 1)[places + 1, columns + 1].mean(axis=1)
        # The rows of the strip, on both sides of its middle, of which the line fills a half.
        filled, middle = share >= 0.5, len(around) // 2
        middle += int(np.argmax(share[middle - 1 : middle + 2])) - 1
        top = middle - int(np.argmin(filled[middle::-1])) + 1
        bottom = middle + int(np.argmin(filled[middle:])) - 1
        if not filled[middle] or bottom - top + 1 > most or top < 2 or bottom > len(around) - 3:
            continue
        # Where ink goes on above or below there is a stroke; a px more or less is the line's own edge.
        stroke = (strip[top - 1] & strip[top - 2]) | (strip[bottom + 1] & strip[bottom + 2])
        stroke = cv2.dilate(stroke.astype(np.uint8)[None], np.ones((1, 3), np.uint8))[0] > 0
        gone = places[top - 1 : bottom + 2][:, ~stroke]
        gone_columns = np.broadcast_to(columns[~stroke], gone.shape)
        inside = (gone >= 0) & (gone < height)
        ink[gone[inside], gone_columns[inside]] = 0
    return ink
