"""Numbers → charts: history, confusion matrix, reliability, doubt."""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from artifacts import replacing
from train.evaluate import BINS

WIDTH, DPI = 9.0, 200  # inches, and px of each
INK, QUIET, ACCENT, WARNING = "#22272e", "#6b7280", "#2f5fd0", "#c2410c"


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


def reliability(probabilities: np.ndarray, labels: np.ndarray, error: float) -> Figure:
    """Left: share of right answers by confidence; right: how many pictures have that confidence."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    edges = np.linspace(0, 1, BINS + 1)
    counts, _ = np.histogram(confidence, edges)
    hits, _ = np.histogram(confidence[right], edges)
    sums, _ = np.histogram(confidence, edges, weights=confidence)
    filled = counts > 0
    figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
    figure.suptitle(f"Expected calibration error on the test pictures: {error:.2%}", fontsize=12, color=INK)
    left, other = figure.subplots(1, 2)
    left.plot([0, 1], [0, 1], ":", color=QUIET, label="means what it says")
    share, mean = hits[filled] / counts[filled], sums[filled] / counts[filled]
    spread = np.sqrt(np.maximum(share * (1 - share), 0.25 / counts[filled]) / counts[filled])
    left.errorbar(mean, share, spread, fmt="o-", color=ACCENT, markersize=4, capsize=2, label="measured ± 1 sd")
    left.set_xlabel("confidence", fontsize=11)
    left.set_ylabel("share of right answers", fontsize=11)
    left.set_ylim(-0.03, 1.06)
    left.legend(frameon=False, fontsize=10, loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    other.bar(edges[:-1], counts, width=1 / BINS, align="edge", color=ACCENT, edgecolor="white")
    other.set_yscale("log")
    other.set_xlabel("confidence", fontsize=11)
    other.set_ylabel("test pictures", fontsize=11)
    for axis in (left, other):
        axis.set_xlim(0, 1)
        axis.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axis.spines[["top", "right"]].set_visible(False)
    left.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    return figure


def doubt(curves: dict[str, dict[str, list[float]]], limit: float | None = None) -> Figure:
    """Named curves of `train.evaluate.refusal_curve`; a dot on each where `limit` is."""
    figure = Figure(figsize=(WIDTH, 4.8), layout="constrained")
    axis = figure.subplots()
    for (name, curve), colour in zip(curves.items(), (ACCENT, WARNING, QUIET), strict=False):
        axis.plot(curve["digits_refused"], curve["others_refused"], color=colour, label=name)
        if limit is not None:
            # Both go with falling limits; interpolation wants them rising.
            at = [
                np.interp(limit, curve["limit"][::-1], curve[key][::-1]) for key in ("digits_refused", "others_refused")
            ]
            axis.plot(*at, "o", color=colour, label=f"at a doubt of {limit:g}: {at[1]:.1%} for {at[0]:.2%}")
    axis.axvline(0.01, color=QUIET, linewidth=1, linestyle=":")
    axis.set_xscale("log")
    axis.set_xlabel("digits refused wrongly", fontsize=11)
    axis.set_ylabel("marks that are no digits: refused", fontsize=11)
    axis.xaxis.set_major_formatter(PercentFormatter(1, decimals=1))
    axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axis.set_ylim(0, 1.02)
    axis.grid(color="#e5e7eb")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, fontsize=10, loc="lower right")
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure, whole or not at all."""
    FigureCanvasAgg(figure)
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=DPI, facecolor="white")
