"""Probabilities, doubts and labels → numbers. Knows no model."""

import numpy as np
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss

from train.data import CLASSES

BINS = 15  # of the calibration error
# The test pictures of MNIST whose label has no majority among five people, and what they said: (for the label, the
# other digit they were offered, for that, for neither). Northcutt, Athalye, Mueller 2021, "Pervasive label errors in
# test sets", github.com/cleanlab/label-errors, mturk/mnist_mturk.json.
DISPUTED = {
    947: (0, 9, 5, 0),
    1621: (2, 6, 3, 0),
    1901: (2, 4, 3, 0),
    2130: (2, 9, 2, 1),
    2462: (0, 0, 4, 1),
    2597: (0, 3, 4, 1),
    2654: (0, 1, 2, 3),
    3520: (2, 4, 0, 3),
    3558: (1, 0, 4, 0),
    5937: (1, 3, 3, 1),
    6651: (0, 6, 5, 0),
    6783: (2, 6, 3, 0),
    8527: (2, 9, 2, 1),
    9679: (2, 3, 0, 3),
    9729: (2, 6, 3, 0),
}


def evaluate(probabilities: np.ndarray, labels: np.ndarray) -> dict:
    """(n, 10) float32 rows of sum 1 and (n,) labels -> accuracy, loss, calibration, errors, confusion matrix.

    loss: mean cross-entropy, nats; calibration_error: see the function of that name; error_per_class[k]: share of the
    pictures of k that were read as something else; confusion_matrix[i][j]: how many pictures of i were read as j.
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
        "calibration_error": calibration_error(probabilities.max(axis=1), read == labels),
        "error_per_class": ((seen - matrix.diagonal()) / np.maximum(seen, 1)).tolist(),
        "confusion_matrix": matrix.tolist(),
    }


def texts(answers: np.ndarray) -> list[str]:
    """What the steps of rows say, (n, t) integers, CLASSES for none -> the digits of each row: runs of the same one."""
    begins = np.diff(answers, axis=1, prepend=CLASSES) != 0
    return ["".join(map(str, row[new & (row != CLASSES)])) for row, new in zip(answers, begins, strict=True)]


def calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error: how far confidence and share of right answers are apart, on average, 0…1.

    confidence: (n,) in 0…1; right: (n,) bool. BINS bins of equal width (Guo et al. 2017, section 2), each with the
    weight of its pictures.
    """
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, confidence.astype(np.float64) - right, BINS)
    return float(np.abs(gaps).sum() / len(right))


def refusal_curve(digits: np.ndarray, others: np.ndarray, points: int = 31) -> dict[str, list[float]]:
    """Doubts (n,) of digits and (m,) of what is none -> which share of the others is refused for which of the digits.

    The curve of the receiver's operating characteristic, at shares of 0.1 % to 100 % of the digits; `limit` is the
    doubt above which they are refused.
    """
    shares = np.logspace(-3, 0, points)
    limits = np.quantile(digits, 1 - shares)
    return {
        "digits_refused": np.round(shares, 4).tolist(),
        "others_refused": [round(float((others > limit).mean()), 4) for limit in limits],
        "limit": np.round(limits, 4).tolist(),
    }


def summarise(metrics: list[dict]) -> dict:
    """The metrics of the runs of several seeds -> their means, sample standard deviations, and a row for each."""
    columns = {
        "validation_accuracy": [run["validation"]["accuracy"] for run in metrics],
        "test_accuracy": [run["test"]["accuracy"] for run in metrics],
        "test_calibration_error": [run["test"]["calibration_error"] for run in metrics],
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
