"""The network: raw pictures in, probabilities out."""

import keras
from keras import layers, ops

from train.data import CLASSES, SIDE

OUTPUTS = CLASSES + 1  # the digits and "no digit"
PROBABILITIES = "probabilities"  # the name of the layer of the ten
WIDTHS = (16, 32, 80)  # channels of the three blocks; 0.15 ms a picture on one thread
DENSE = 96
DENSE_NONE = 48  # of the branch for "no digit", which asks for other features than the digits do
DROPOUT = 0.2
DOUBTING = 0.5  # weight of "no digit" in the loss, beside 1 for which digit it is
MOMENTUM = 0.98  # of the moving averages of batch normalisation; short enough for a run of a few hundred steps


def build() -> keras.Model:
    """An untrained network, (n, 28, 28) uint8 white on black -> (n, 11) float32: ten of sum 1, and "no digit".

    Scaling to 0…1 and the channel axis are layers, so no caller can scale wrongly. The resolution falls early
    because the time goes with it: at 28 × 28 there is one cheap convolution.
    """
    first, second, third = WIDTHS
    trunk = keras.Sequential(
        [
            keras.Input((SIDE, SIDE), dtype="uint8", name="image"),
            layers.Rescaling(1 / 255),
            layers.Reshape((SIDE, SIDE, 1)),
            *convolution(first, 5, halve=True),
            *convolution(second),
            *convolution(second, halve=True),
            *convolution(third),
            *convolution(third, halve=True),
            layers.Flatten(),
            layers.Dropout(DROPOUT),
        ],
    )
    (features,) = trunk.outputs
    digits = layers.Dense(CLASSES, activation="softmax", name=PROBABILITIES)(dense(features, DENSE))
    none = layers.Dense(1, activation="sigmoid", name="none")(dense(features, DENSE_NONE))
    return keras.Model(trunk.inputs[0], layers.Concatenate(name="outputs")([digits, none]), name="digits")


def convolution(channels: int, side: int = 3, halve: bool = False) -> list[layers.Layer]:
    """Convolution, the resolution halved or not, batch normalisation (folded into it on export), ReLU.

    Halved first, there is a quarter to normalise: a step of training takes a fifth less time.
    """
    return [
        layers.Conv2D(channels, side, padding="same", use_bias=False),
        *([layers.MaxPooling2D()] if halve else []),
        layers.BatchNormalization(momentum=MOMENTUM),
        layers.ReLU(),
    ]


def dense(features, units: int):
    """A fully connected layer, batch normalisation, ReLU and dropout."""
    features = layers.Dense(units, use_bias=False)(features)
    features = layers.BatchNormalization(momentum=MOMENTUM)(features)
    return layers.Dropout(DROPOUT)(layers.ReLU()(features))


def read(outputs):
    """A network's (n, 10 or 11) -> probabilities (n, 10) of sum 1, and the doubt (n,) in 0…1 that they are worth it.

    The probabilities say which digit it is if it is one; the doubt is the probability that it is not the digit read,
    another one or none.
    """
    digits = outputs[:, :CLASSES]
    sure = ops.max(digits, axis=1)
    if outputs.shape[1] > CLASSES:
        sure = sure * (1 - outputs[:, CLASSES])
    return digits, 1 - sure


@keras.saving.register_keras_serializable("digits")
def loss(labels, outputs):
    """Cross-entropy of the ten for what is a digit, and of "no digit" against it for everything; (n, 11) each.

    What is a digit in part, its label less than 1, counts as much for the ten.
    """
    which = keras.losses.categorical_crossentropy(labels[:, :-1], outputs[:, :-1])
    none = keras.losses.binary_crossentropy(labels[:, -1:], outputs[:, -1:])
    return which + DOUBTING * none


@keras.saving.register_keras_serializable("digits")
def accuracy(labels, outputs):
    """The share of the digits whose label is the likeliest of the ten, those that are none counted as right."""
    right = keras.metrics.categorical_accuracy(labels[:, :-1], outputs[:, :-1])
    return ops.maximum(right, labels[:, -1])
