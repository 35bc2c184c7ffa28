"""A run's arrays and numbers → PNGs, 900 px wide at 100 dpi and drawn at twice that. No display is needed."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np

from train import charts, galleries
from train.charts import save
from train.data import CLASSES, Data
from train.evaluate import DISPUTED, texts
from train.tasks import test_rows


def draw_rows(file: Path, data: Data, read: Callable[[np.ndarray], np.ndarray]) -> None:
    """Draw some rows of test digits and what the network says; `read`: rows (n, h, w) uint8 -> logits (n, t, 11)."""
    pictures, labels, said = [], [], []
    for rows, truth in islice(test_rows(data), galleries.ROW_LINES):
        some, true = rows[: galleries.ROW_COLUMNS], truth[: galleries.ROW_COLUMNS]
        pictures += list(some)
        labels += ["".join(map(str, row[row != CLASSES])) for row in true]
        said += texts(np.asarray(read(some)).argmax(axis=2))
    save(galleries.rows(pictures, labels, said), file)


def draw_all(folder: Path, data: Data, history: list[dict[str, float]], metrics: dict, test: np.ndarray) -> None:
    """Write the figures of a run into `folder`; `test`: (n, 10) probabilities of the test pictures."""
    save(galleries.sample_data(data.train), folder / "sample_data.png")
    save(charts.training_history(history, metrics["best_epoch"]), folder / "training_history.png")
    save(charts.confusion_matrix(np.array(metrics["test"]["confusion_matrix"])), folder / "confusion_matrix.png")
    save(galleries.predictions(data.test, test), folder / "predictions.png")
    save(galleries.misclassified(data.test, test), folder / "misclassified.png")
    save(galleries.hardest(data.test, test, DISPUTED if data.name == "mnist" else {}), folder / "hardest.png")
    save(charts.reliability(test, data.test.labels, metrics["test"]["calibration_error"]), folder / "reliability.png")
    save(charts.doubt({"validation pictures, marks made by program": metrics["doubt"]}), folder / "doubt.png")
