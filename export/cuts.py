"""Where digits may touch: a line's wide pieces are cut, and pieces put together, for the reader to choose from."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from export.segment import Line, tidy

# Lengths are shares of the height of the line.
WIDE = 0.5  # what is narrower, as a share of its own height, is not two digits
NEAREST = 0.07  # of two cuts to each other, and of a cut to the piece's end
WORST_CUT = 0.6  # ink that a cut may go through
WIDEST, LOWEST = 1.6, 0.45  # a digit
NARROWEST = 0.1  # what was cut from another
NUMBER = 1.0  # of its own height, the narrowest piece that is cut though it stands alone
MOST_PIECES = 6  # of a digit, those that were cut from one another counted as one
ASLANT = 0.02  # px of ink that a step aside costs a cut, so that it is straight where there is no ink to avoid


def is_wide(line: Line) -> bool:
    """Whether a line is more than one piece, or one that is wide enough to be two digits."""
    left, top, right, bottom = line.box(1, 1)
    return line.count > 1 or right - left >= NUMBER * (bottom - top)


def with_cuts(line: Line, doubtful: set[int]) -> Line:
    """The line with those of its doubtful pieces that are wide enough cut wherever two digits may touch."""
    pieces, count, cut = np.zeros_like(line.pieces), 0, set()
    for piece in range(1, line.count + 1):
        mask = line.pieces == piece
        left, top, right, bottom = line.box(piece, piece)
        count += 1
        pieces[mask] = count
        if piece in doubtful and right - left >= WIDE * (bottom - top):
            # Rows and columns beyond the box belong to the soft edge.
            for seam in find_cuts(line.crop(piece, piece), line.height):
                beyond = np.zeros_like(mask)
                beyond[top:bottom, left:] = np.arange(line.ink.shape[1] - left) >= seam[:, None]
                beyond[:top, left + seam[0] :] = beyond[bottom:, left + seam[-1] :] = True
                cut.add(count)
                count += 1
                pieces[mask & beyond] = count
    return tidy(replace(line, pieces=pieces, cut=frozenset(cut)))


def may_be_digits(line: Line) -> Iterator[tuple[int, int]]:
    """First and last piece of all that is of a size that it might be one digit."""
    for first in range(1, line.count + 1):
        for last in range(first, line.count + 1):
            left, top, right, bottom = line.box(first, last)
            if line.joined(first, last) > MOST_PIECES or (first < last and right - left > WIDEST * line.height):
                break
            is_cut = first - 1 in line.cut or last in line.cut
            is_small = right - left < NARROWEST * line.height or bottom - top < LOWEST * line.height
            if not (is_cut and is_small):
                yield first, last


def find_cuts(ink: np.ndarray, height: float) -> list[np.ndarray]:
    """Ink (h, w) of one piece -> ways from its top to its bottom through little ink, left to right.

    A way is (h,) ints, in each row the first column on its right; `height`: of the line, px.
    """
    h, w = ink.shape
    least = max(2, round(NEAREST * height))
    cost = ink + ASLANT
    (down, steps_down), (up, steps_up) = cheapest_ways(cost), cheapest_ways(cost[::-1])
    middle = h // 2
    through = down[middle] + up[h - 1 - middle] - cost[middle]
    taken, ways = np.zeros(w, bool), []
    for x in np.argsort(through, kind="stable"):
        if through[x] > WORST_CUT * height + ASLANT * h:
            break
        if least <= x <= w - least and not taken[max(0, x - least) : x + least + 1].any():
            taken[x] = True
            above, below = trace(steps_down, middle, x), trace(steps_up, h - 1 - middle, x)
            ways.append(np.concatenate([above[::-1], below[1:]]))
    return sorted(ways, key=lambda way: way[middle])


def cheapest_ways(cost: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(h, w) -> what the cheapest way from the top to each px costs, and the last step of that way, -1, 0 or 1."""
    total = np.full((len(cost), cost.shape[1] + 2), np.inf, cost.dtype)
    total[0, 1:-1] = cost[0]
    for before, row, here in zip(total, total[1:], cost[1:], strict=False):
        aside = np.minimum(before[:-2], before[2:]) + ASLANT
        row[1:-1] = np.minimum(before[1:-1], aside) + here
    straight, left, right = total[:-1, 1:-1], total[:-1, :-2], total[:-1, 2:]
    steps = np.zeros(cost.shape, np.int8)
    aside = np.minimum(left, right) + ASLANT
    steps[1:] = np.where(straight <= aside, 0, np.where(left <= right, -1, 1))
    return total[:, 1:-1], steps


def trace(steps: np.ndarray, y: int, x: int) -> np.ndarray:
    """The columns of the cheapest way to (y, x), from there back to the top."""
    way = [int(x)]
    for row in range(y, 0, -1):
        way.append(way[-1] + int(steps[row, way[-1]]))
    return np.array(way)
