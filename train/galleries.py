"""Digits, side by side: what the network learns from, what it reads, and what it misreads."""

import numpy as np
import tensorflow as tf
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from train.augment import augment
from train.charts import ACCENT, INK, QUIET, WARNING, WIDTH
from train.data import CLASSES, Split

MOST = 36  # pictures in a gallery
ROW_LINES, ROW_COLUMNS = 6, 4  # of rows
HARDEST = 20
SEED = 0


def sample_data(part: Split) -> Figure:
    """A column for each digit: three training pictures, and under them the same three as the network gets them."""
    rng = np.random.default_rng(SEED)
    chosen = np.stack([rng.choice(np.flatnonzero(part.labels == digit), 3, replace=False) for digit in range(CLASSES)])
    pictures, labels = part.pictures[chosen.T.ravel()], part.labels[chosen.T.ravel()]
    varied = augment(tf.constant(pictures), tf.constant(labels), tf.constant([SEED, 0]))
    figure, axes = grid(6, CLASSES, 6.1, "Training pictures (top) and the same, varied (bottom)")
    for axis, picture in zip(axes.flat, np.concatenate([pictures, varied]), strict=True):
        show(axis, picture)
    for digit, axis in enumerate(axes[0]):
        axis.set_title(str(digit), color=INK, fontsize=12)
    for axis, word in ((axes[1, 0], "as written"), (axes[4, 0], "varied")):
        axis.set_ylabel(word, color=QUIET, fontsize=11)
    return figure


def rows(pictures: np.ndarray, texts: list[str], read: list[str]) -> Figure:
    """Rows of test digits, (n, h, w) uint8, what they show and what is read, mistakes in thick frames."""
    figure, axes = grid(ROW_LINES, ROW_COLUMNS, 7.0, "Rows of test digits, made by program: as read")
    for axis, picture, text, said in zip(axes.flat, pictures, texts, read, strict=True):
        show(axis, picture)
        wrong = text != said
        axis.set_xlabel(f"{said or 'nothing'}, not {text or 'a digit'}" if wrong else said or "nothing")
        axis.xaxis.label.set(color=WARNING if wrong else INK, fontsize=11)
    return figure


def predictions(part: Split, probabilities: np.ndarray) -> Figure:
    """Random test pictures, the last row filled with mistakes as far as there are any."""
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != part.labels)
    rng = np.random.default_rng(SEED)
    mistakes = rng.permutation(wrong)[:9]
    others = rng.choice(np.setdiff1d(np.arange(len(part.labels)), wrong), MOST - len(mistakes), replace=False)
    title = f"Test pictures: {len(others)} at random and, in thick frames, {len(mistakes)} of the {len(wrong)} misread"
    return gallery(part, probabilities, np.concatenate([others, mistakes]), title)


def misclassified(part: Split, probabilities: np.ndarray) -> Figure:
    """Every mistake, or the MOST surest ones, the surest first, with both probabilities."""
    wrong = np.flatnonzero(probabilities.argmax(axis=1) != part.labels)
    surest = wrong[np.argsort(-probabilities[wrong].max(axis=1))][:MOST]
    which = "all" if len(surest) == len(wrong) else f"the {MOST} surest of"
    return gallery(part, probabilities, surest, f"Misread test pictures, the surest first: {which} {len(wrong)}")


def hardest(part: Split, probabilities: np.ndarray, disputed: dict[int, tuple[int, int, int, int]]) -> Figure:
    """The pictures whose label has the lowest probability, and the votes of people on those that are `disputed`."""
    of_label = probabilities[np.arange(len(part.labels)), part.labels]
    chosen = np.argsort(of_label)[:HARDEST]
    figure, axes = grid(4, HARDEST // 4, 10.4, "The hardest test pictures: label, probability, and people's votes")
    figure.get_layout_engine().set(hspace=0.12)  # for the votes
    for axis, place in zip(axes.flat, chosen, strict=True):
        label, read = int(part.labels[place]), int(probabilities[place].argmax())
        show(axis, part.pictures[place])
        said = f"labelled {label} ({of_label[place]:.0%})\nread {read} ({probabilities[place, read]:.0%})"
        axis.set_title(said, color=INK if read == label else WARNING, fontsize=9)
        if int(place) in disputed:
            for_label, other, for_other, neither = disputed[int(place)]
            axis.set_xlabel(f"people: {label} ×{for_label}, {other} ×{for_other}\nneither ×{neither}", fontsize=9)
            axis.spines[:].set(visible=True, color=ACCENT, linewidth=3)
    return figure


def gallery(part: Split, probabilities: np.ndarray, chosen: np.ndarray, title: str) -> Figure:
    """Pictures with what was read and what is true; a mistake has a cross, both probabilities and a thick frame."""
    columns = 9
    rows = max(1, -(-len(chosen) // columns))
    figure, axes = grid(rows, columns, 0.6 + 1.45 * rows, title)
    for axis in axes.flat[len(chosen) :]:
        axis.set_visible(False)
    for axis, index in zip(axes.flat, chosen, strict=False):
        row, true = probabilities[index], int(part.labels[index])
        read = int(row.argmax())
        show(axis, part.pictures[index])
        if read == true:
            axis.set_title(f"✓ read {read}\nis {true}", color=INK, fontsize=9)
        else:
            axis.set_title(f"✗ read {read} ({row[read]:.0%})\nis {true} ({row[true]:.0%})", color=WARNING, fontsize=9)
            axis.spines[:].set(visible=True, color=WARNING, linewidth=3)
    return figure


def grid(rows: int, columns: int, height: float, title: str) -> tuple[Figure, np.ndarray]:
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    figure.suptitle(title, fontsize=12, color=INK)
    return figure, figure.subplots(rows, columns, squeeze=False)


def show(axis: Axes, picture: np.ndarray) -> None:
    """A picture as dark ink on white, the way people know handwriting."""
    axis.imshow(255 - picture, cmap="gray", vmin=0, vmax=255)
    axis.set_xticks([])
    axis.set_yticks([])
    axis.spines[:].set(visible=True, color="#d1d5db", linewidth=0.6)
