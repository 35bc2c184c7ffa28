"""Probabilities and labels → numbers. Knows no model."""

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss

from train.data import CLASSES


def evaluate(probabilities: np.ndarray, labels: np.ndarray) -> dict:
    """(n, 10) float32 rows of sum 1 and (n,) labels -> accuracy, loss, error per class and the confusion matrix.

    loss: mean cross-entropy, nats; error_per_class[k]: share of the pictures of k that were read as something else;
    confusion_matrix[i][j]: how many pictures of i were read as j.
    """
    read = probabilities.argmax(axis=1)
    matrix = confusion_matrix(labels, read, labels=range(CLASSES))
    seen = matrix.sum(axis=1)
    # float32 rows miss 1 by a rounding error, which scikit-learn warns of.
    exact = probabilities.astype(np.float64)
    exact /= exact.sum(axis=1, keepdims=True)
    return {
        "pictures": len(labels),
        "accuracy": float(accuracy_score(labels, read)),
        "loss": float(log_loss(labels, exact, labels=range(CLASSES))),
        "error_per_class": ((seen - matrix.diagonal()) / np.maximum(seen, 1)).tolist(),
        "confusion_matrix": matrix.tolist(),
    }


def summarise(metrics: list[dict]) -> dict:
    """The metrics of the runs of several seeds -> their means, sample standard deviations, and a row for each."""
    columns = {
        "validation_accuracy": [run["validation"]["accuracy"] for run in metrics],
        "test_accuracy": [run["test"]["accuracy"] for run in metrics],
        "seconds": [run["seconds"] for run in metrics],
    }
    shared = ("dataset", "commit", "date", "processor", "cores")
    return {
        **{
            name: {"mean": float(np.mean(values)), "sd": float(np.std(values, ddof=1))}
            for name, values in columns.items()
        },
        "runs": [
            {"seed": run["seed"], **{name: values[place] for name, values in columns.items()}}
            for place, run in enumerate(metrics)
        ],
        **{name: metrics[0][name] for name in shared},
    }
