"""Photos of handwritten numbers, made by program from strokes of our own: for tests, the figure and examples.

No camera and nobody's handwriting: strokes, varied, are inked on paper, the paper is laid on a desk, lit, and taken.
"""

import io

import cv2
import numpy as np
from PIL import Image

# Each digit as pen strokes on a 100 × 100 surface, y down; drawn for this project.
STROKES = {
    0: [[(50, 12), (30, 22), (22, 50), (30, 80), (50, 90), (70, 80), (78, 50), (70, 22), (50, 12)]],
    1: [[(52, 10), (50, 90)]],
    2: [[(26, 30), (36, 14), (58, 12), (70, 26), (64, 46), (42, 68), (24, 88), (76, 88)]],
    3: [[(28, 16), (54, 12), (70, 26), (62, 44), (44, 48), (66, 54), (74, 72), (58, 88), (26, 86)]],
    4: [[(38, 10), (26, 54), (74, 54)], [(62, 30), (60, 92)]],
    5: [[(70, 12), (34, 12), (30, 44), (54, 42), (72, 58), (66, 80), (46, 90), (26, 82)]],
    6: [[(62, 10), (40, 28), (28, 58), (34, 84), (54, 90), (70, 76), (64, 58), (46, 54), (30, 66)]],
    7: [[(24, 14), (76, 14), (44, 90)]],
    8: [[(66, 22), (50, 12), (34, 22), (38, 40), (62, 56), (70, 76), (50, 90), (30, 76), (38, 56), (62, 40), (66, 22)]],
    9: [[(68, 30), (54, 12), (34, 20), (32, 42), (50, 52), (66, 40), (68, 30), (66, 60), (58, 90)]],
}
WIDTH, HEIGHT = 1200, 900  # px of a photo
FRACTION = 4  # bits of a px that OpenCV draws with
FULL = 0.78  # share of the photo's width or height that writing may take
PAPER, DESK = (0.90, 0.91, 0.88), (0.30, 0.24, 0.20)  # how much of each colour they throw back
BLUE_BLACK, BLUE, RED, PENCIL = (0.13, 0.13, 0.2), (0.15, 0.25, 0.6), (0.65, 0.12, 0.12), (0.52, 0.52, 0.54)
RULE = (0.62, 0.72, 0.80)  # the lines on the paper

# What can be told from what it is not: each is a picture of its own kind, the last as bad as all together.
KINDS: dict[str, dict] = {
    "even light": {},
    "lamp": {"lamp": 0.6},
    "shadow": {"shadow": 0.5},
    "dark": {"exposure": 0.3, "noise": 3.0},
    "pencil": {"ink": PENCIL, "pen": 0.05},
    "coloured ink": {"ink": BLUE, "lamp": 0.3},
    "ruled": {"ruled": 1.35},
    "squared": {"ruled": 0.62, "squared": True},
    "desk": {"desk": True},
    "perspective": {"perspective": 0.07},
    "aslant": {"slope": 5.0},
    "blurred": {"blur": 2.5, "noise": 4.0, "quality": 60},
    "small": {"size": 36.0, "quality": 80},
    "from afar": {"size": 50.0, "desk": True, "perspective": 0.05, "shadow": 0.5, "lamp": 0.4, "blur": 1.0},
    "dark, on a desk": {"exposure": 0.4, "desk": True, "shadow": 0.4, "ink": PENCIL, "noise": 3.0},
    "all at once": {
        "lamp": 0.4,
        "shadow": 0.6,
        "desk": True,
        "perspective": 0.05,
        "slope": 3.0,
        "ruled": 0.7,
        "squared": True,
        "blur": 1.2,
        "noise": 3.0,
        "quality": 75,
        "ink": BLUE_BLACK,
    },
}


def take(text: str, kind: str, seed: int = 0) -> Image.Image:
    """A photo, RGB, of a number on paper; `kind`: of KINDS; the same every time for the same arguments."""
    return photo(text, np.random.default_rng(seed), **KINDS[kind])


def photo(
    text: str,
    rng: np.random.Generator,
    ink: tuple[float, float, float] = BLUE_BLACK,
    pen: float = 0.09,
    size: float = 170.0,
    ruled: float = 0.0,
    squared: bool = False,
    slope: float = 0.0,
    perspective: float = 0.0,
    desk: bool = False,
    lamp: float = 0.0,
    shadow: float = 0.0,
    exposure: float = 1.0,
    blur: float = 0.6,
    noise: float = 1.5,
    quality: int = 90,
) -> Image.Image:
    """A photo, RGB, of a number on paper.

    ink: what the pen throws back of red, green and blue; pen: its width, ruled: the lines' distance, both in heights of
    a digit; squared: lines across, too; size: of a digit, px, or less where it would not fit; slope: degrees at most;
    perspective: how far the corners are from a rectangle's, desk: whether the paper ends within the photo; lamp,
    shadow: how much light is lost on the dark side; blur: px; noise: grey levels; quality: of the JPEG.
    """
    paper = np.ones((HEIGHT, WIDTH, 3), np.float32) * PAPER
    paper *= 1 + 0.02 * clouds(rng, 2)[..., None] + 0.01 * clouds(rng, 60)[..., None]
    strokes, height = write(text, rng, size)
    if ruled:
        paper *= 1 - lines(rng, ruled * height, squared)[..., None] * (1 - np.array(RULE, np.float32))
    strokes = place(strokes, rng, slope)
    black = trace(strokes, pen * height, (HEIGHT, WIDTH)) * (0.9 + 0.1 * clouds(rng, 3).clip(-1, 1))
    paper *= 1 - black[..., None] * (1 - np.array(ink, np.float32) / PAPER)
    light = lighting(rng, lamp, shadow)[..., None] * exposure
    seen = lay(paper.astype(np.float32), rng, perspective, desk) * light
    seen = cv2.GaussianBlur(seen, (0, 0), blur) * 255 + rng.normal(0, noise, seen.shape)
    file = io.BytesIO()
    Image.fromarray(seen.clip(0, 255).astype(np.uint8)).save(file, "jpeg", quality=quality)
    return Image.open(file)


def write(text: str, rng: np.random.Generator, size: float) -> tuple[list[np.ndarray], float]:
    """-> strokes of a number written by hand, (n, 2) px, from (0, 0) on, and the height of its digits, px."""
    strokes, right = [], 0.0
    for digit in text:
        varied = vary(STROKES[int(digit)], rng)
        points = np.concatenate(varied)
        left, width = points[:, 0].min(), np.ptp(points[:, 0])
        strokes += [stroke + np.array([right - left, 0]) for stroke in varied]
        right += width + rng.choice([rng.uniform(0.2, 0.4), rng.uniform(0.3, 0.9)])
    points = np.concatenate(strokes)
    extent = np.ptp(points, axis=0)
    scale = min(size, *(FULL * np.array([WIDTH, HEIGHT]) / extent))
    return [(stroke - points.min(axis=0)) * scale for stroke in strokes], scale


def vary(strokes: list, rng: np.random.Generator) -> list[np.ndarray]:
    """A digit's strokes as another time by the same hand, smooth, about 1 high."""
    slant, narrow, tall = rng.uniform(-0.1, 0.25), rng.uniform(0.8, 1.05), rng.uniform(0.9, 1.1)
    warp = np.array([[narrow, 0], [-slant, tall]])
    return [smooth((np.array(stroke) - 50 + rng.normal(0, 1.5, (len(stroke), 2))) / 80) @ warp for stroke in strokes]


def smooth(points: np.ndarray, rounds: int = 2) -> np.ndarray:
    """(n, 2) corners -> a line that cuts them off (Chaikin 1974), so many times."""
    for _ in range(rounds):
        a, b = points[:-1], points[1:]
        between = np.stack([0.75 * a + 0.25 * b, 0.25 * a + 0.75 * b], axis=1).reshape(-1, 2)
        points = np.concatenate([points[:1], between[1:-1], points[-1:]])
    return points


def place(strokes: list[np.ndarray], rng: np.random.Generator, slope: float) -> list[np.ndarray]:
    """The strokes somewhere in the middle of the photo, turned by `slope` degrees this way or that."""
    angle = np.deg2rad(slope) * rng.choice([-1, 1])
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    points = np.concatenate(strokes)
    low, extent = points.min(axis=0), np.ptp(points, axis=0)
    free = (FULL * np.array([WIDTH, HEIGHT]) - extent).clip(0)
    middle = np.array([WIDTH, HEIGHT]) / 2 + rng.uniform(-0.4, 0.4, 2) * free
    return [(stroke - low - extent / 2) @ turn + middle for stroke in strokes]


def trace(strokes: list[np.ndarray], pen: float, shape: tuple[int, int]) -> np.ndarray:
    """Strokes in px, drawn by a pen so wide -> float32 of `shape`, (h, w), 0 paper … 1 pen."""
    canvas = np.zeros(shape, np.uint8)
    for stroke in strokes:
        points = np.round(stroke * 2**FRACTION).astype(np.int32)
        cv2.polylines(canvas, [points], False, 255, max(1, round(pen)), cv2.LINE_AA, FRACTION)
    return canvas.astype(np.float32) / 255


def clouds(rng: np.random.Generator, grain: int) -> np.ndarray:
    """(HEIGHT, WIDTH) float32, noise of standard deviation 1 whose spots are `grain` px wide."""
    spots = rng.normal(0, 1, (HEIGHT // grain + 2, WIDTH // grain + 2)).astype(np.float32)
    noise = cv2.resize(spots, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return noise / noise.std()


def lines(rng: np.random.Generator, distance: float, squared: bool) -> np.ndarray:
    """(HEIGHT, WIDTH) float32, 1 on the lines of ruled or squared paper."""
    canvas = np.zeros((HEIGHT, WIDTH), np.float32)
    for length, rows in ((HEIGHT, canvas), (WIDTH, canvas.T)):
        for at in np.arange(rng.uniform(0, distance), length - 2, distance):
            rows[round(at) : round(at) + 2] = 1
        if not squared:
            break
    return canvas


def lighting(rng: np.random.Generator, lamp: float, shadow: float) -> np.ndarray:
    """(HEIGHT, WIDTH) float32, how much light there is, 1 at most: falling off to one side, and a shadow."""
    y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j].astype(np.float32)
    angle, edge = rng.uniform(0, 2 * np.pi, 2)
    light = 1 - lamp * (1 + (x * np.cos(angle) + y * np.sin(angle)) / 2**0.5) / 2
    dark = (x * np.cos(edge) + y * np.sin(edge) > rng.uniform(-0.5, 0.5)).astype(np.float32)
    return (light * (1 - shadow * cv2.GaussianBlur(dark, (0, 0), rng.uniform(3, 25)))).astype(np.float32)


def lay(paper: np.ndarray, rng: np.random.Generator, perspective: float, desk: bool) -> np.ndarray:
    """The paper, (HEIGHT, WIDTH, 3), as a camera sees it, on a desk that is seen beside it or not."""
    corners = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], np.float32)
    outwards = np.where(corners > 0, 1, -1)
    # Beyond the photo's edge where no desk is to be seen; within, on one side at least, where it is.
    inside = rng.uniform(0.03, 0.1, 2) * np.array([rng.random() < 0.7, True]) if desk else np.full(2, -perspective)
    moved = corners + (rng.uniform(-1, 1, (4, 2)) * perspective - inside * outwards) * [WIDTH, HEIGHT]
    to_camera = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    grain = cv2.GaussianBlur(clouds(rng, 2), (0, 0), sigmaX=40, sigmaY=0.8)[..., None]
    wood = (np.array(DESK, np.float32) * (1 + 0.5 * grain)).clip(0, 1).astype(np.float32)
    covered = cv2.warpPerspective(np.ones((HEIGHT, WIDTH), np.float32), to_camera, (WIDTH, HEIGHT))[..., None]
    seen = cv2.warpPerspective(paper, to_camera, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    return seen * covered + wood * (1 - covered)
