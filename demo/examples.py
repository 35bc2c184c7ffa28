"""Drawings and photos to try the page with, all of them made here: strokes by hand, photos by program."""

import base64
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from export.photos import smooth

WIDTH, HEIGHT = 320, 240  # px of a photo; where the surface is lower, its top and bottom are left out
PEN = 20  # width of a drawing's pen, in units, of which the surface is 1280 wide and at least 640 high

# How we write, each digit in a box 100 high, as points that a smooth line goes by.
GLYPHS = {
    "0": [[(46, 2), (20, 8), (4, 36), (6, 74), (26, 98), (52, 92), (66, 58), (60, 18), (44, 2), (36, 6)]],
    "1": [[(12, 30), (30, 12), (40, 2), (40, 40), (38, 98)]],
    "2": [[(6, 26), (14, 6), (36, 0), (56, 12), (54, 36), (30, 66), (4, 96), (6, 98), (34, 94), (66, 97)]],
    "3": [[(6, 8), (34, 0), (56, 10), (52, 34), (26, 46), (28, 48), (58, 56), (62, 82), (38, 99), (4, 92)]],
    "4": [[(38, 0), (24, 30), (4, 62), (6, 64), (68, 60)], [(48, 36), (46, 70), (42, 100)]],
    "5": [[(58, 2), (20, 4), (18, 5), (12, 42), (34, 38), (60, 52), (60, 82), (34, 99), (4, 90)]],
    "6": [[(52, 0), (24, 26), (6, 62), (14, 94), (40, 98), (58, 78), (48, 56), (24, 58), (10, 76)]],
    "7": [[(4, 6), (30, 8), (64, 3), (65, 4), (48, 40), (30, 99)], [(20, 52), (60, 47)]],
    "8": [
        [(56, 14), (36, 0), (14, 12), (20, 36), (50, 60), (58, 84), (32, 100), (8, 86), (18, 60), (50, 34), (58, 14)]
    ],
    "9": [[(58, 18), (34, 0), (8, 18), (12, 44), (38, 50), (58, 22), (60, 24), (56, 60), (46, 99)]],
    "k": [[(14, 0), (10, 50), (6, 98)], [(56, 34), (12, 66), (13, 67), (34, 76), (60, 98)]],
}


@dataclass(frozen=True)
class Example:
    """What one button of "Try one" loads: strokes of points in units, [x, y, x, y, …], or the name of a photo.

    text: what a reader should say.
    """

    name: str
    text: str
    strokes: tuple[tuple[int, ...], ...] = ()
    photo: str | None = None


@dataclass(frozen=True)
class Photo:
    """grey: (HEIGHT, WIDTH) uint8; pen: the grey level of what is drawn on it."""

    grey: np.ndarray
    pen: int

    @property
    def url(self) -> str:
        """A data: URL with it as JPEG."""
        return "data:image/jpeg;base64," + base64.b64encode(cv2.imencode(".jpg", self.grey)[1].tobytes()).decode()


def write(text: str, height: float, centre: tuple[float, float], seed: int = 0) -> list[np.ndarray]:
    """Text as strokes, each (n, 2), in a line `height` high around `centre`, no two glyphs quite alike."""
    rng, strokes, left = np.random.default_rng(seed), [], 0.0
    for glyph in text:
        parts = [smooth(np.array(part, float), 3) for part in GLYPHS[glyph]]
        lean, size, drop = rng.normal(0, 0.07), rng.uniform(0.92, 1.06), rng.normal(0, 3)
        parts = [np.stack([size * (x + lean * (50 - y)), size * y + drop], axis=1) for x, y in (p.T for p in parts)]
        least, most = min(p[:, 0].min() for p in parts), max(p[:, 0].max() for p in parts)
        strokes += [p + np.array([left - least, 0]) for p in parts]
        left += most - least + rng.uniform(22, 32)
    every = np.concatenate(strokes)
    middle = (every.min(axis=0) + every.max(axis=0)) / 2
    return [(stroke - middle) * height / 100 + centre for stroke in strokes]


def drawing(name: str, text: str, height: float, centre: tuple[float, float], says: str | None = None) -> Example:
    strokes = write(text, height, centre, seed=len(name))
    whole = tuple(tuple(np.round(stroke).astype(int).ravel().tolist()) for stroke in strokes)
    return Example(name, text if says is None else says, whole)


EXAMPLES = [
    drawing("A crossed seven", "7", 400, (640, 320)),
    drawing("A number", "1984", 330, (640, 320)),
    drawing("Small, in a corner", "5", 120, (1120, 150)),
    drawing("No digit", "k", 370, (640, 320), says=""),
    Example("Pencil by lamplight", "2706", photo="paper"),
    Example("Chalk on a board", "35", photo="board"),
]


def paper() -> Photo:
    """A number in pencil on a sheet that is lit from one side, a little aslant."""
    grey, rng = light(235, 150, tilt=0.35), np.random.default_rng(2)
    grey += cv2.GaussianBlur(rng.normal(0, 9, grey.shape), (0, 0), 1.2)
    return Photo(finish(grey, mask("2706", 74, 3, turn=-3), 70, rng), 50)


def board() -> Photo:
    """Two digits in chalk on a dark board that has been wiped before."""
    grey, rng = light(70, 48, tilt=-0.6), np.random.default_rng(3)
    grey += 4 * cv2.GaussianBlur(rng.normal(0, 9, grey.shape), (0, 0), 6, sigmaY=2)
    chalk = mask("35", 100, 6, turn=2) * (0.75 + 0.25 * (rng.random(grey.shape) > 0.3))
    return Photo(finish(grey, chalk, 215, rng), 215)


def light(near: float, far: float, tilt: float) -> np.ndarray:
    """(HEIGHT, WIDTH) float64, grey levels of a surface that falls off from one upper corner to the other end."""
    y, x = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j]
    away = (abs(tilt) * y + (1 - x if tilt < 0 else x)) / (1 + abs(tilt))
    return near + (far - near) * away**1.4


def mask(text: str, height: float, pen: int, turn: float) -> np.ndarray:
    """(HEIGHT, WIDTH) float64, 0 paper … 1 pen; `turn` in degrees."""
    ink = np.zeros((HEIGHT, WIDTH), np.uint8)
    for stroke in write(text, height, (WIDTH / 2, HEIGHT / 2), seed=len(text)):
        cv2.polylines(ink, [np.round(stroke * 4).astype(np.int32)], False, 255, pen, cv2.LINE_AA, 2)
    turned = cv2.warpAffine(ink, cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), turn, 1), (WIDTH, HEIGHT))
    return cv2.GaussianBlur(turned, (0, 0), 0.8) / 255.0


def finish(paper: np.ndarray, ink: np.ndarray, level: float, rng: np.random.Generator) -> np.ndarray:
    """Paper and ink as a camera has them: (HEIGHT, WIDTH) uint8."""
    return (paper * (1 - ink) + level * ink + rng.normal(0, 3, paper.shape)).clip(0, 255).astype(np.uint8)


@cache
def photos() -> dict[str, Photo]:
    return {"paper": paper(), "board": board()}
