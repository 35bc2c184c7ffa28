"""The network: raw pictures in, probabilities out."""

import keras
from keras import layers

from train.data import CLASSES, SIDE

WIDTHS = (16, 48, 80)  # channels of the three blocks; 0.1 ms a picture on one thread
DENSE = 96
DROPOUT = 0.2
MOMENTUM = 0.98  # of the moving averages of batch normalisation; short enough for a run of a few hundred steps


def build() -> keras.Model:
    """An untrained network, (n, 28, 28) uint8 white on black -> (n, 10) float32 probabilities.

    Scaling to 0…1 and the channel axis are layers, so no caller can scale wrongly. The resolution falls early
    because the time goes with it: at 28 × 28 there is one cheap convolution.
    """
    first, second, third = WIDTHS
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE), dtype="uint8", name="image"),
            layers.Rescaling(1 / 255),
            layers.Reshape((SIDE, SIDE, 1)),
            *convolution(first, 5),
            layers.MaxPooling2D(),
            *convolution(second),
            *convolution(second),
            layers.MaxPooling2D(),
            *convolution(third),
            *convolution(third),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(DROPOUT),
            layers.Dense(DENSE, use_bias=False),
            layers.BatchNormalization(momentum=MOMENTUM),
            layers.ReLU(),
            layers.Dropout(DROPOUT),
            layers.Dense(CLASSES, activation="softmax", name="probabilities"),
        ],
        name="digits",
    )


def convolution(channels: int, side: int = 3) -> list[layers.Layer]:
    """Convolution, batch normalisation (folded into it on export), ReLU."""
    return [
        layers.Conv2D(channels, side, padding="same", use_bias=False),
        layers.BatchNormalization(momentum=MOMENTUM),
        layers.ReLU(),
    ]
