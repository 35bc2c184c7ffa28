"""A picture's ink → its lines, and each line's pieces, the strokes that hang together, from left to right."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from export.paper import components
from export.preprocess import box_of

HEIGHT = 64  # px; a line is scaled down to it, digits being read at 20 px
SURE = 0.4  # what is surely ink, 0 paper … 1 pen
TINY = 0.012  # of the picture's longer side; what is smaller is noise
MOST_PIECES = 256  # the largest ones, of a picture that is full of them
SPECK = 0.02  # a piece of less than this share of the largest piece's area is dirt
# All further lengths are shares of the height of a line's tallest piece.
SMALL = 0.35  # height of a dot, a comma, a dash, or a part of a digit that is no digit itself
LARGE = 0.6  # height of a piece that shows where its line runs
NEAR, BESIDE = 0.35, 0.5  # what is so near above or below and no higher than that beside it belongs to the line
CLOSE = 0.25  # of the lower of the two: what is so close above something else hangs together with it
STANDS = 0.4  # share of a piece's own height that stands on its line
WIDEST, MOST_OF_DIGIT = 1.6, 6  # a digit of several pieces, and how many


@dataclass(frozen=True)
class Line:
    """A line of writing.

    ink: (h, w) float32, 0 paper … 1 pen; pieces: (h, w) int32, 0 for none, 1… from left to right; boxes: (n + 1, 4)
    int, left, top, right, bottom of each piece in px of `ink`, ends excluded, the first of them of no use; left, top,
    scale: the px (x, y) of `ink` is (left + x * scale, top + y * scale) of the picture's ink; height: of the tallest
    piece, in px of `ink`.
    """

    ink: np.ndarray
    pieces: np.ndarray
    boxes: np.ndarray
    left: int
    top: int
    scale: float
    height: float

    @property
    def count(self) -> int:
        return len(self.boxes) - 1

    def box(self, first: int, last: int) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of the pieces first…last, in px of the line, ends excluded."""
        boxes = self.boxes[first : last + 1]
        return (*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist())

    def may_be_digits(self) -> Iterator[tuple[int, int]]:
        """First and last piece of all that might be one digit: each piece, and those beside it up to some width."""
        for first in range(1, self.count + 1):
            for last in range(first, min(first + MOST_OF_DIGIT, self.count + 1)):
                left, _, right, _ = self.box(first, last)
                if first < last and right - left > WIDEST * self.height:
                    break
                yield first, last

    def crop(self, first: int, last: int) -> np.ndarray:
        """The ink of the pieces first…last alone, cropped to their box."""
        left, top, right, bottom = self.box(first, last)
        pieces = self.pieces[top:bottom, left:right]
        return np.where((pieces >= first) & (pieces <= last), self.ink[top:bottom, left:right], 0)


def find_lines(ink: np.ndarray) -> list[Line]:
    """Ink (h, w) float32 -> its lines from top to bottom, without dirt, dots, commas and dashes."""
    if not (ink >= 0.5).any():
        return []
    longest = max(ink.shape)
    left, top, right, bottom = box_of(ink)
    left, top = max(left - 1, 0), max(top - 1, 0)  # a px more on each side, for the soft edge of the ink
    ink = ink[top : bottom + 1, left : right + 1]
    _, labels, stats = components(ink >= 0.5)
    areas = stats[1:, cv2.CC_STAT_AREA]
    largest = np.argsort(-areas, kind="stable")[:MOST_PIECES]
    boxes = {int(place) + 1: stats[place + 1, :4] for place in largest if areas[place] >= SPECK * areas.max()}
    boxes = {piece: box for piece, box in boxes.items() if max(box[2:]) >= TINY * longest}
    if len(boxes) == 2 and are_halves(*boxes.values()):
        one, other = boxes
        labels[labels == other] = one
        boxes = {one: np.array(cv2.boundingRect((labels == one).astype(np.uint8)))}
    lines: list[list[int]] = []
    for piece in sorted(boxes, key=lambda piece: -boxes[piece][3]):
        line = line_of(piece, lines, boxes)
        if line is None:
            lines.append([piece])
        else:
            line.append(piece)
    lines.sort(key=lambda line: boxes[line[0]][1])
    found = [cut_out(ink, labels, boxes, line) for line in lines]
    # Scaled down, a line may lose all that is surely ink.
    return [replace(line, left=line.left + left, top=line.top + top) for line in found if line.count]


def line_of(piece: int, lines: list[list[int]], boxes: dict[int, np.ndarray]) -> list[int] | None:
    """The line on which a piece stands, if there is one; `lines` begin with their tallest piece each.

    It is compared with the nearest large piece of a line, for a line may rise or fall.
    """
    left, top, width, height = boxes[piece]
    nearest, least = None, np.inf
    for line in lines:
        tall = [boxes[other] for other in line if boxes[other][3] >= LARGE * boxes[line[0]][3]]
        _, line_top, _, line_height = min(tall, key=lambda box: abs(2 * (box[0] - left) + box[2] - width))
        apart = max(top, line_top) - min(top + height, line_top + line_height)
        if -apart >= STANDS * height:
            return line
        if height < BESIDE * line_height and apart < min(least, NEAR * line_height):
            nearest, least = line, apart
    return nearest


def are_halves(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two boxes that are all there is are one digit's halves, an 8 of two rings: one close above the other."""
    upper, lower = sorted((one, other), key=lambda box: box[1])
    (left, top, width, height), (under_left, under_top, under_width, under_height) = upper, lower
    shared = min(left + width, under_left + under_width) - max(left, under_left)
    return under_top - top - height < CLOSE * min(height, under_height) and shared > max(width, under_width) / 2


def cut_out(ink: np.ndarray, labels: np.ndarray, boxes: dict[int, np.ndarray], line: list[int]) -> Line:
    """The line of some pieces, at most HEIGHT px high where it is highest, its pieces in reading order."""
    tallest = boxes[line[0]][3]
    kept = [piece for piece in line if not is_punctuation(piece, line, boxes)]
    kept.sort(key=lambda piece: boxes[piece][0] + boxes[piece][2] / 2)
    chosen = np.array([boxes[piece] for piece in kept])
    left, top = np.maximum(chosen[:, :2].min(axis=0) - 1, 0).tolist()
    right, bottom = ((chosen[:, :2] + chosen[:, 2:]).max(axis=0) + 1).tolist()
    places = np.zeros(labels.max() + 1, np.uint16)
    places[kept] = np.arange(1, len(kept) + 1)
    pieces, part = places[labels[top:bottom, left:right]], ink[top:bottom, left:right]
    scale = max(1.0, tallest / HEIGHT)
    if scale > 1:
        size = [max(1, round(side / scale)) for side in part.shape[::-1]]
        # Thin strokes would fall between the px that are kept.
        pen = np.ones((int(scale) + 1,) * 2, np.uint8)
        pieces = cv2.resize(cv2.dilate(pieces, pen), size, interpolation=cv2.INTER_NEAREST)
        part = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    pieces = np.where(pieces == 0, cv2.dilate(pieces, np.ones((3, 3), np.uint8)), pieces).astype(np.int32)
    return tidy(Line(part, pieces, np.zeros((len(kept) + 1, 4), int), left, top, scale, tallest / scale))


def is_punctuation(piece: int, line: list[int], boxes: dict[int, np.ndarray]) -> bool:
    """Whether a piece is a dot, a comma or a dash: small, beside others, and not above or below a larger one."""
    left, _, width, height = boxes[piece]
    if len(line) == 1 or height >= SMALL * boxes[line[0]][3]:
        return False
    larger = (boxes[other] for other in line if boxes[other][3] > height)
    return all(min(left + width, box[0] + box[2]) - max(left, box[0]) < width / 2 for box in larger)


def tidy(line: Line) -> Line:
    """The line with its boxes, its pieces numbered without gaps, without those that have no px that is surely ink."""
    rows, columns = np.nonzero(line.ink >= SURE)
    labels = line.pieces[rows, columns]
    present = np.bincount(labels, minlength=line.pieces.max() + 1) > 0
    present[0] = False
    places = np.where(present, np.cumsum(present), 0)
    labels, n = places[labels], int(present.sum()) + 1
    boxes = np.stack([np.full(n, line.ink.shape[1]), np.full(n, line.ink.shape[0]), np.zeros(n, int), np.zeros(n, int)])
    for side, (way, values) in enumerate(
        ((np.minimum, columns), (np.minimum, rows), (np.maximum, columns + 1), (np.maximum, rows + 1))
    ):
        way.at(boxes[side], labels, values)
    return replace(line, pieces=places[line.pieces].astype(np.int32), boxes=boxes.T)
