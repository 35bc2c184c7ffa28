"""Numbers and arrays → PNGs, 900 px wide at 100 dpi and drawn at twice that. No display is needed."""

from pathlib import Path

import numpy as np
import tensorflow as tf
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from artifacts import replacing
from train.augment import augment
from train.data import CLASSES, Data, Split

WIDTH = 9.0  # inches
DPI = 200
INK, QUIET, ACCENT, WARNING = "#22272e", "#6b7280", "#2f5fd0", "#c2410c"
MOST = 36  # pictures in a gallery
SEED = 0


def draw_all(folder: Path, data: Data, history: list[dict[str, float]], metrics: dict, test: np.ndarray) -> None:
    """Write the five figures of a run into `folder`; `test`: (n, 10) probabilities of the test pictures."""
    save(sample_data(data.train), folder / "sample_data.png")
    save(training_history(history, metrics["best_epoch"]), folder / "training_history.png")
    save(confusion_matrix(np.array(metrics["test"]["confusion_matrix"])), folder / "confusion_matrix.png")
    save(predictions(data.test, test), folder / "predictions.png")
    save(misclassified(data.test, test), folder / "misclassified.png")


def save(figure: Figure, path: Path) -> None:
    FigureCanvasAgg(figure)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=DPI, facecolor="white")


def sample_data(part: Split) -> Figure:
    """A column for each digit: three training pictures, and under them the same three as the network gets them."""
    rng = np.random.default_rng(SEED)
    chosen = np.stack([rng.choice(np.flatnonzero(part.labels == digit), 3, replace=False) for digit in range(CLASSES)])
    pictures, labels = part.pictures[chosen.T.ravel()], part.labels[chosen.T.ravel()]
    varied = augment(tf.constant(pictures), tf.constant(labels), tf.constant([SEED, 0])).numpy()
    figure, axes = grid(6, CLASSES, 6.1, "Training pictures (top) and the same, varied (bottom)")
    for axis, picture in zip(axes.flat, np.concatenate([pictures, varied]), strict=True):
        show(axis, picture)
    for digit, axis in enumerate(axes[0]):
        axis.set_title(str(digit), color=INK, fontsize=12)
    for axis, word in ((axes[1, 0], "as written"), (axes[4, 0], "varied")):
        axis.set_ylabel(word, color=QUIET, fontsize=11)
    return figure


def training_history(history: list[dict[str, float]], best_epoch: int) -> Figure:
    """Loss and accuracy by epoch for both splits, and the epoch that was kept."""
    figure = Figure(figsize=(WIDTH, 4.2), layout="constrained")
    epochs = np.arange(1, len(history) + 1)
    for axis, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for key, label, style in ((name, "training (varied)", "o--"), (f"val_{name}", "validation", "s-")):
            values = [row[key] for row in history]
            colour = QUIET if "--" in style else ACCENT
            axis.plot(epochs, values, style, color=colour, label=label, markersize=3, linewidth=1.4)
        axis.axvline(best_epoch, color=WARNING, linewidth=1, linestyle=":", label=f"kept: epoch {best_epoch}")
        axis.set_xlabel("epoch", fontsize=11)
        axis.set_ylabel("loss (cross-entropy, nats)" if name == "loss" else "accuracy", fontsize=11)
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        if name == "loss":
            axis.set_yscale("log")
        else:
            axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=1))
            # The first epochs are far below; the rest is what there is to see.
            axis.set_ylim(max(0.9, min(min(row[key] for row in history) for key in (name, "val_accuracy"))), 1.002)
        axis.grid(color="#e5e7eb")
        axis.spines[["top", "right"]].set_visible(False)
        axis.legend(frameon=False, fontsize=10)
    return figure


def confusion_matrix(matrix: np.ndarray) -> Figure:
    """(10, 10) counts, true digit by read digit; colour shows mistakes only, so that single ones can be seen."""
    figure = Figure(figsize=(WIDTH, 7.6), layout="constrained")
    axis = figure.subplots()
    mistakes = np.where(np.eye(len(matrix), dtype=bool), 0, matrix)
    axis.imshow(mistakes, cmap="Oranges", vmin=0, vmax=max(1, mistakes.max()) * 1.6)
    for (true, read), count in np.ndenumerate(matrix):
        if true == read:
            axis.text(read, true, f"{count}", ha="center", va="center", color=QUIET, fontsize=11)
        elif count:
            axis.text(read, true, f"{count}", ha="center", va="center", color=INK, fontsize=14, fontweight="bold")
    axis.set_xticks(range(len(matrix)))
    axis.set_yticks(range(len(matrix)))
    axis.tick_params(length=0, labelsize=12)
    axis.set_xlabel("read as", fontsize=12)
    axis.set_ylabel("true digit", fontsize=12)
    axis.set_title(f"{mistakes.sum()} of {matrix.sum():,} test pictures misread", fontsize=12, color=INK)
    axis.spines[:].set_visible(False)
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
