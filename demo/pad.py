"""The drawing surface: strokes come in, are drawn as a small picture here, and what that says goes out."""

import time

import cv2
import gradio as gr
import numpy as np
from PIL import Image

from demo.answer import component, to_answer
from demo.examples import EXAMPLES, PEN, Photo, photos
from export.reader import Reader

# A drawing is measured in units: the surface is WIDTH of them wide, and as many high as the screen has room for.
WIDTH, LEAST_HEIGHT, MOST_HEIGHT = 1280, 640, 960
UNIT_BITS = 2  # a px of the picture that is read is four units
PENS = (4, 100)  # the thinnest and the thickest, in units
FARTHEST = 4 * WIDTH  # that a pen may leave the surface
MOST_STROKES, MOST_POINTS = 2_000, 20_000


class DrawingError(ValueError):
    """What came is no drawing, or one with too much on it; the message is one sentence for people."""


def drawing_pad(reader: Reader) -> gr.HTML:
    """A surface to draw on with the answer beside it."""
    photo = {name: {"photo": name, "url": photo.url, "grey": photo.pen} for name, photo in photos().items()}
    tries = [
        {"name": example.name, "strokes": example.strokes, "pen": PEN, "photo": None, **photo.get(example.photo, {})}
        for example in EXAMPLES
    ]
    surface = {"units": WIDTH, "heights": [LEAST_HEIGHT, MOST_HEIGHT], "examples": tries}
    return component(reader, "pad", surface, read=lambda drawing: answer(reader, drawing))


def answer(reader: Reader, drawing: object) -> dict:
    """A drawing as `rasterise` wants it -> the answer as JSON; {"error": a sentence} when it is none."""
    start = time.perf_counter()
    try:
        picture = Image.fromarray(rasterise(drawing))
    except DrawingError as reason:
        return {"error": str(reason)}
    reading = reader.read(picture)
    return to_answer(reading, picture.size, (time.perf_counter() - start) * 1e3)


def rasterise(drawing: object) -> np.ndarray:
    """{"height": units, "photo": name or None, "strokes": [{"pen", "erase", "points"}]} -> (h, w) uint8.

    pen: width in units; erase: whether it takes ink away; points: [x, y, x, y, …], whole numbers of units. Black on
    white, or on the photo in its ink. Raises DrawingError.
    """
    try:
        height, name, strokes = int(drawing["height"]), drawing["photo"], list(drawing["strokes"])
        photo = None if name is None else photos()[name]
        lines = [(int(stroke["pen"]), bool(stroke["erase"]), points_of(stroke["points"])) for stroke in strokes]
    except (KeyError, TypeError, ValueError, OverflowError) as reason:
        raise DrawingError("This drawing can't be read.") from reason
    if len(lines) > MOST_STROKES or sum(len(points) for _, _, points in lines) > MOST_POINTS:
        raise DrawingError("There is too much on this drawing; clear it and draw anew.")
    if not LEAST_HEIGHT <= height <= MOST_HEIGHT or any(not PENS[0] <= pen <= PENS[1] for pen, _, _ in lines):
        raise DrawingError("This drawing can't be read.")
    ink = np.zeros((height >> UNIT_BITS, WIDTH >> UNIT_BITS), np.uint8)
    for pen, erase, points in lines:
        cv2.polylines(ink, [points], False, 0 if erase else 255, pen >> UNIT_BITS, cv2.LINE_AA, UNIT_BITS)
    return 255 - ink if photo is None else on_photo(ink, photo)


def points_of(numbers: list[int]) -> np.ndarray:
    """[x, y, x, y, …] -> (n, 2) int32; a single point twice, for a dot."""
    points = np.array(numbers, np.int32).reshape(-1, 2)
    if not len(points) or points.min() < -FARTHEST or points.max() > FARTHEST:
        raise ValueError("no points, or points far away")
    return np.repeat(points, 2, axis=0) if len(points) == 1 else points


def on_photo(ink: np.ndarray, photo: Photo) -> np.ndarray:
    """Ink (h, w) uint8, 255 pen, laid on the middle of a photo that is as wide -> (h, w) uint8."""
    top = (len(photo.grey) - len(ink)) // 2
    share = ink.astype(np.float32) / 255
    return (photo.grey[top : top + len(ink)] * (1 - share) + photo.pen * share).astype(np.uint8)
