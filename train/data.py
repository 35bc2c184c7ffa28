"""Handwritten digits to learn from: MNIST, or the small set inside scikit-learn. Raw uint8, split, checked."""

import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.lib.format import read_array
from scipy import ndimage
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

SIDE = 28  # px
BOX = 20  # longer side of a digit's ink in MNIST, px
CLASSES = 10
SPLIT_SEED = 0
MNIST_COUNTS = {"train": 60_000, "test": 10_000}
MNIST_VALIDATION = 5_000
DIGITS_VALIDATION, DIGITS_TEST = 200, 400  # of 1,797


class DataError(Exception):
    """A data set that can't be used; the message is one sentence for people."""


class UnreachableError(DataError):
    """MNIST is neither in Keras's cache nor to be downloaded."""


class Split(NamedTuple):
    """pictures (n, 28, 28) uint8, white ink on black; labels (n,) uint8 in 0…9."""

    pictures: np.ndarray
    labels: np.ndarray


class Data(NamedTuple):
    """A data set in three parts: one to fit, one to choose by, one to look at once at the end."""

    name: str
    train: Split
    validation: Split
    test: Split


def load(dataset: str = "auto", file: Path | None = None) -> tuple[Data, str]:
    """-> the data, and a warning where they are not what people would expect (else "").

    `dataset`: "mnist" (from `file`, else Keras's cache or download), "digits" (inside scikit-learn), or
    "auto": mnist, and digits where there is no network. Raises DataError for a file that is not MNIST, and
    UnreachableError where "mnist" can't be had.
    """
    if dataset == "digits":
        return small_digits(), ""
    try:
        return mnist(file), ""
    except UnreachableError as reason:
        if dataset == "mnist":
            raise
        return small_digits(), str(reason)


def mnist(file: Path | None = None) -> Data:
    """MNIST (LeCun, Cortes, Burges) as 55,000 / 5,000 / 10,000, the validation part stratified, from a fixed seed."""
    arrays = read_npz(file) if file else download()
    check(arrays, str(file or "MNIST from Keras"))
    pictures, labels = arrays["x_train"], arrays["y_train"].astype(np.uint8)
    train, validation = split(Split(pictures, labels), MNIST_VALIDATION)
    return Data("mnist", train, validation, Split(arrays["x_test"], arrays["y_test"].astype(np.uint8)))


def small_digits() -> Data:
    """The 1,797 digits (8 × 8) of the UCI set in scikit-learn, in MNIST's geometry: 1,197 / 200 / 400."""
    raw = load_digits()
    whole = Split(np.stack([enlarge(picture) for picture in raw.images]), raw.target.astype(np.uint8))
    rest, test = split(whole, DIGITS_TEST)
    train, validation = split(rest, DIGITS_VALIDATION)
    return Data("digits", train, validation, test)


def split(whole: Split, n: int) -> tuple[Split, Split]:
    """-> (the rest, n examples), stratified by label, the same at every call."""
    index = np.arange(len(whole.labels))
    rest, part = train_test_split(index, test_size=n, stratify=whole.labels, random_state=SPLIT_SEED)
    rest.sort()
    part.sort()
    return Split(whole.pictures[rest], whole.labels[rest]), Split(whole.pictures[part], whole.labels[part])


def enlarge(picture: np.ndarray) -> np.ndarray:
    """(8, 8) float in 0…16, white on black -> (28, 28) uint8 in MNIST's geometry: 20-px box, centred by mass."""
    rows, columns = np.nonzero(picture)
    ink = picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    ink = ndimage.zoom(ink, BOX / max(ink.shape), order=3).clip(0, 16)
    canvas = np.zeros((SIDE, SIDE))
    canvas[: ink.shape[0], : ink.shape[1]] = ink
    to_middle = SIDE / 2 - np.array(ndimage.center_of_mass(canvas))
    canvas = ndimage.shift(canvas, to_middle, order=1)
    return np.round(canvas * (255 / 16)).astype(np.uint8)


def download() -> dict[str, np.ndarray]:
    """MNIST through Keras, from its cache or its server; Keras checks the file's hash. Raises UnreachableError."""
    import keras

    try:
        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    except Exception as reason:  # Keras raises a bare Exception when a download fails
        raise UnreachableError(f"MNIST could not be downloaded ({reason}).") from reason
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


def read_npz(file: Path) -> dict[str, np.ndarray]:
    """The arrays of an .npz file, never unpickled. Raises DataError naming the file and what is wrong with it."""
    try:
        with zipfile.ZipFile(file) as archive:
            arrays = {}
            for member in archive.namelist():
                with archive.open(member) as stream:
                    arrays[member.removesuffix(".npy")] = read_array(stream, allow_pickle=False)
            return arrays
    except OSError as reason:
        raise DataError(f"{file} can't be opened: {reason.strerror or reason}.") from reason
    except (zipfile.BadZipFile, EOFError, ValueError, zipfile.zlib.error, NotImplementedError) as reason:
        raise DataError(f"{file} is not a whole .npz file: {reason}.") from reason


def check(arrays: dict[str, np.ndarray], source: str) -> None:
    """Raise DataError, naming `source` and the fault, unless the arrays are laid out as Keras's mnist.npz."""
    for part, n in MNIST_COUNTS.items():
        for key in (f"x_{part}", f"y_{part}"):
            if key not in arrays:
                raise DataError(f"{source} has no array {key}; it holds {', '.join(sorted(arrays)) or 'nothing'}.")
        pictures, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
        if pictures.dtype != np.uint8 or pictures.shape != (n, SIDE, SIDE):
            raise DataError(
                f"{source}: x_{part} should be uint8 ({n}, {SIDE}, {SIDE}), not {pictures.dtype} {pictures.shape}."
            )
        if labels.dtype.kind not in "iu" or labels.shape != (n,):
            raise DataError(f"{source}: y_{part} should be whole numbers ({n},), not {labels.dtype} {labels.shape}.")
        if sorted(set(labels.tolist())) != list(range(CLASSES)):
            raise DataError(f"{source}: the labels in y_{part} are not the digits 0 to 9.")
