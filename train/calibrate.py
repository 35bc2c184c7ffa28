"""Temperature scaling: probabilities that mean what they say (Guo et al. 2017, "On calibration of neural networks").

One number, fitted on the validation pictures, divides what goes into the softmax. It changes no label, and it is folded
into the last layer's weights, so the network costs nothing more and everybody who loads it gets calibrated numbers.
"""

import keras
import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.metrics import log_loss

from train.data import CLASSES, Split
from train.model import PROBABILITIES, read

RANGE = (0.2, 5.0)  # where the temperature is looked for; a tiny validation set without a mistake wants it at 0


def calibrate(model: keras.Model, validation: Split) -> float:
    """Fold the temperature that suits `validation` best into the model, and return it."""
    probabilities, _ = read(model.predict(validation.pictures, batch_size=1000, verbose=0))
    temperature = fit_temperature(np.asarray(probabilities), validation.labels)
    layer = model.get_layer(PROBABILITIES)
    layer.set_weights([weights / temperature for weights in layer.get_weights()])
    return temperature


def fit_temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """(n, 10) and (n,) -> the temperature by which the labels' mean cross-entropy is lowest."""

    def loss(logarithm: float) -> float:
        return log_loss(labels, soften(probabilities, np.exp(logarithm)), labels=range(CLASSES))

    return float(np.exp(minimize_scalar(loss, bounds=np.log(RANGE), method="bounded").x))


def soften(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """(n, 10) rows of sum 1 -> the same at another temperature, float64: above 1 less sure, below 1 surer."""
    logits = np.log(np.maximum(probabilities.astype(np.float64), 1e-30)) / temperature
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
