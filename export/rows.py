"""The network that reads digits in a row without cutting them: what touches, and a second opinion of what is doubtful.

It looks at a row of ink from left to right, STEP px at a time, and says for each step which digit it is on, or none
(connectionist temporal classification: Graves et al. 2006). Runs of the same answer are the digits.
"""

from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from artifacts import PUBLISHED, ROWS_ONNX_MODEL
from export.preprocess import thickened, whiten
from export.session import open_session

INPUT, STEPS = "rows", "steps"
HEIGHT, INK = 32, 28  # px, a row and the ink in it
FINEST = 0.08  # of the ink's height, its pen at least
BESIDE = 4  # px of paper on either side
STEP = 4  # px
WIDEST = 8  # times its height; about as many digits
SLANTS = (-0.25, 0.25)  # sideways per height, in which a row is looked at, too
NONE = 10  # the last of the answers; the others are the digits


class Place(NamedTuple):
    """A digit of a row: the columns of the ink that are its own, which digit it is if it is one, and the doubt."""

    left: int
    right: int
    probabilities: np.ndarray
    doubt: float


class Opinion(NamedTuple):
    """What a row says. places: its digits, from left to right.

    one: (10,) the probability that it is this digit and no more; none: that there is no digit; the rest is that of
    several digits.
    """

    places: list[Place]
    one: np.ndarray
    none: float

    @property
    def several(self) -> float:
        return max(0.0, 1 - float(self.one.sum()) - self.none)


class Rows:
    """Reads rows of digits. Raises ModelError when the model can't be used."""

    def __init__(self, model: Path = PUBLISHED / ROWS_ONNX_MODEL):
        self.session = open_session(Path(model), {INPUT}, {STEPS})

    def __call__(self, inks: list[np.ndarray]) -> list[Opinion]:
        """Inks (h, w) float32, 0 paper … 1 pen, each cropped to its box -> what each of them says.

        Whether it is one digit, or none, is the average of how it looks upright and slanted to either side.
        """
        views = [view for ink in inks for view in (ink, *(slanted(ink, slant) for slant in SLANTS))]
        rows = [to_row(view) for view in views]
        (steps,) = self.session.run([STEPS], {INPUT: stack(rows)})
        opinions = [
            opinion(each[: row.shape[1] // STEP], view.shape[1], INK / view.shape[0])
            for each, row, view in zip(steps, rows, views, strict=True)
        ]
        return [mean(opinions[at : at + 1 + len(SLANTS)]) for at in range(0, len(opinions), 1 + len(SLANTS))]


def mean(opinions: list[Opinion]) -> Opinion:
    """What is said of the same row, in other views, on average; its places are those of the first."""
    one, none = (np.mean([getattr(each, name) for each in opinions], axis=0) for name in ("one", "none"))
    return Opinion(opinions[0].places, one, float(none))


def slanted(ink: np.ndarray, slant: float) -> np.ndarray:
    """Ink (h, w) float32 -> the same leaning to the right by `slant` px per px of height, cropped to its columns."""
    height, width = ink.shape
    matrix = np.array([[1, -slant, max(slant, 0) * height], [0, 1, 0]])
    wider = cv2.warpAffine(ink, matrix, (width + int(np.ceil(abs(slant) * height)), height))
    columns = np.flatnonzero((wider >= 0.5).any(axis=0))
    return wider[:, columns[0] : columns[-1] + 1] if len(columns) else ink


def is_row(ink: np.ndarray) -> bool:
    """Whether ink (h, w) may be a row of digits, and no long line, which would be enlarged beyond measure."""
    return ink.shape[1] <= WIDEST * ink.shape[0]


def to_row(ink: np.ndarray) -> np.ndarray:
    """Ink (h, w) float32, cropped to its box -> (HEIGHT, w') uint8, white on black, INK px high; a fine pen widened."""
    ink = thickened(ink, FINEST, ink.shape[0])
    scale = INK / ink.shape[0]
    size = (max(2, round(ink.shape[1] * scale)), INK)
    small = whiten(cv2.resize(ink, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC))
    above = (HEIGHT - INK) // 2
    return np.pad(np.round(small * 255).astype(np.uint8), ((above, above), (BESIDE, BESIDE + -size[0] % STEP)))


def stack(rows: list[np.ndarray]) -> np.ndarray:
    """Rows (h, w) uint8 -> (n, h, w) with paper to the right of the shorter ones."""
    width = max(row.shape[1] for row in rows)
    return np.stack([np.pad(row, ((0, 0), (0, width - row.shape[1]))) for row in rows])


def opinion(steps: np.ndarray, width: int, scale: float) -> Opinion:
    """Steps (t, 11) of sum 1 each, of ink that is `width` px wide and that the row shows `scale` times as large."""
    steps, answers = steps.astype(np.float64), steps.argmax(axis=1)
    begins = np.flatnonzero(np.diff(answers, prepend=-1))
    runs = [
        (begin, end) for begin, end in zip(begins, [*begins[1:], len(answers)], strict=True) if answers[begin] != NONE
    ]
    # A digit's columns go halfway to the next digit's.
    halfway = [(before[1] + after[0]) / 2 for before, after in pairwise(runs)]
    columns = [0, *(round((place * STEP - BESIDE) / scale) for place in halfway), width]
    places = []
    for (begin, end), (left, right) in zip(runs, pairwise(columns), strict=False):
        surest = steps[begin + steps[begin:end, answers[begin]].argmax()]
        places.append(
            Place(left, right, (surest[:NONE] / surest[:NONE].sum()).astype(np.float32), 1 - float(surest.max()))
        )
    return Opinion(places, chances_of_one(steps), float(steps[:, NONE].prod()))


def chances_of_one(steps: np.ndarray) -> np.ndarray:
    """Steps (t, 11) -> (10,) the probability that a row is this digit alone: of all ways to say so (Graves et al.)."""
    before, within, behind = 1.0, np.zeros(NONE), np.zeros(NONE)
    for step in steps:
        behind = (behind + within) * step[NONE]
        within = (within + before) * step[:NONE]
        before *= step[NONE]
    return within + behind
