"""A run's arrays and numbers → PNGs, 900 px wide at 100 dpi and drawn at twice that. No display is needed."""

from pathlib import Path

import numpy as np

from train import charts, galleries
from train.charts import save
from train.data import Data
from train.evaluate import DISPUTED


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
