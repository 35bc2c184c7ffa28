"""What the tests share: a real training run on scikit-learn's digits, drawn digits, and the repository's root."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from export.photos import STROKES

ROOT = Path(__file__).resolve().parent.parent

# What is no digit, drawn in the same way.
NO_DIGITS = {
    "dash": [[(20, 50), (80, 48)]],
    "A": [[(20, 90), (50, 12), (80, 90)], [(32, 60), (68, 60)]],
    "H": [[(26, 12), (26, 90)], [(74, 12), (74, 90)], [(26, 50), (74, 50)]],
    "M": [[(16, 90), (24, 14), (50, 60), (76, 14), (84, 90)]],
    "X": [[(24, 14), (76, 88)], [(76, 14), (24, 88)]],
    "scribble": [[(15, 50), (70, 15), (30, 80), (85, 30), (45, 88), (88, 60), (20, 25), (60, 75)]],
}


def draw(digit: int, side: int = 400, pen: int = 18) -> Image.Image:
    """A digit drawn black on white, `side` px square."""
    return draw_strokes(STROKES[digit], side, pen)


def draw_number(text: str, side: int = 160, pen: int = 11, gap: int = 0) -> Image.Image:
    """Digits side by side, black on white, each on `side` px square and `gap` px further from the one before."""
    canvas = np.full((side, side + (len(text) - 1) * (side + gap)), 255, np.uint8)
    for place, digit in enumerate(text):
        window = canvas[:, place * (side + gap) :][:, :side]
        np.minimum(window, np.asarray(draw(int(digit), side, pen)), out=window)
    return Image.fromarray(canvas)


def draw_strokes(strokes: list, side: int = 400, pen: int = 18) -> Image.Image:
    """Strokes in % of the side, drawn black on white."""
    canvas = np.full((side, side), 255, np.uint8)
    for stroke in strokes:
        cv2.polylines(canvas, [np.array(stroke) * side // 100], False, 0, pen, cv2.LINE_AA)
    return Image.fromarray(canvas)


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `python …` in the repository with no way out to a network."""
    closed = {"https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9", "no_proxy": "127.0.0.1"}
    inherited = {name: value for name, value in os.environ.items() if name != "MNIST_NPZ"}
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=ROOT,
        env={**inherited, **closed, **environment},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="session")
def digits():
    """The small data set inside scikit-learn, in MNIST's geometry."""
    from train import data

    return data.small_digits()


@pytest.fixture(scope="session")
def offline_run(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The artifacts of `python -m train` with neither network nor Keras cache, and what the program said."""
    root = tmp_path_factory.mktemp("artifacts")
    finished = run(
        "-m", "train", "--epochs", "4", "--batch-size", "64", "--artifacts", root, KERAS_HOME=str(root / "keras")
    )
    assert finished.returncode == 0, finished.stderr
    return root / "digits", finished


@pytest.fixture(scope="session")
def exported_run(offline_run) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The same folder with its ONNX model, and what the export said."""
    folder, _ = offline_run
    finished = run("-m", "export", "--artifacts", folder.parent)
    assert finished.returncode == 0, finished.stderr
    return folder, finished
