"""The two networks: of a digit, raw pictures in, probabilities out; of a row of digits, what each column is on."""

import keras
from keras import layers, ops

from train.data import CLASSES, SIDE
from train.rows import HEIGHT

OUTPUTS = CLASSES + 1  # the digits and "no digit"
PROBABILITIES = "probabilities"  # the name of the layer of the ten
WIDTHS = (16, 32, 80)  # channels of the three blocks; 0.15 ms a picture on one thread
ROW_WIDTHS = (16, 32, 64)
ROW_DENSE = 96  # of what is seen in a column, and of what is seen from there to both sides
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
            *convolution(first, 5, pool=(2, 2)),
            *convolution(second),
            *convolution(second, pool=(2, 2)),
            *convolution(third),
            *convolution(third, pool=(2, 2)),
            layers.Flatten(),
            layers.Dropout(DROPOUT),
        ],
    )
    (features,) = trunk.outputs
    digits = layers.Dense(CLASSES, activation="softmax", name=PROBABILITIES)(dense(features, DENSE))
    none = layers.Dense(1, activation="sigmoid", name="none")(dense(features, DENSE_NONE))
    return keras.Model(trunk.inputs[0], layers.Concatenate(name="outputs")([digits, none]), name="digits")


def build_rows() -> keras.Model:
    """An untrained network, (n, HEIGHT, w) uint8 white on black -> (n, w / STEP, 11) float32, for connectionist
    temporal classification: the logits of the ten, and of none.

    A column sees 64 px of the row; the resolution falls to a quarter across and to a single line in height.
    """
    first, second, third = ROW_WIDTHS
    return keras.Sequential(
        [
            keras.Input((HEIGHT, None), dtype="uint8", name="rows"),
            layers.Rescaling(1 / 255),
            layers.Reshape((HEIGHT, -1, 1)),
            *convolution(first, 5, pool=(2, 2)),
            *convolution(second),
            *convolution(second, pool=(2, 2)),
            *convolution(third),
            *convolution(third, pool=(2, 1)),
            *convolution(third),
            layers.Permute((2, 1, 3)),
            layers.Reshape((-1, HEIGHT // 8 * third)),
            *along(ROW_DENSE, 3),
            *along(ROW_DENSE, 5),
            layers.Dense(OUTPUTS),
        ],
        name="rows",
    )


def convolution(channels: int, side: int = 3, pool: tuple[int, int] | None = None) -> list[layers.Layer]:
    """Convolution, the resolution lowered or not, batch normalisation (folded into it on export), ReLU.

    Lowered first, there is less to normalise: a step of training takes a fifth less time.
    """
    return [
        layers.Conv2D(channels, side, padding="same", use_bias=False),
        *([layers.MaxPooling2D(pool)] if pool else []),
        layers.BatchNormalization(momentum=MOMENTUM),
        layers.ReLU(),
    ]


def along(units: int, side: int) -> list[layers.Layer]:
    """A convolution along the columns, batch normalisation, ReLU and dropout."""
    return [
        layers.Conv1D(units, side, padding="same", use_bias=False),
        layers.BatchNormalization(momentum=MOMENTUM),
        layers.ReLU(),
        layers.Dropout(DROPOUT),
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


@keras.saving.register_keras_serializable("digits")
def row_loss(labels, logits):
    """Connectionist temporal classification (Graves et al. 2006); labels (n, most), filled up with CLASSES."""
    steps = ops.full(ops.shape(logits)[:1], ops.shape(logits)[1])
    digits = ops.sum(ops.cast(labels != CLASSES, "int32"), axis=1)
    return ops.ctc_loss(labels, logits, digits, steps, mask_index=CLASSES)


@keras.saving.register_keras_serializable("digits")
def row_accuracy(labels, logits):
    """Whether all digits of a row are right, and there are no more, by the likeliest answer of each column."""
    answers = ops.argmax(logits, axis=2)
    before = ops.pad(answers[:, :-1], ((0, 0), (1, 0)), constant_values=CLASSES)
    begins = ops.logical_and(answers != CLASSES, answers != before)
    # As many as there should be, and each where its turn is.
    turn = ops.cumsum(ops.cast(begins, "int32"), axis=1)
    padded = ops.pad(labels, ((0, 0), (1, 1)), constant_values=CLASSES)
    expected = ops.take_along_axis(padded, ops.minimum(turn, ops.shape(labels)[1] + 1), axis=1)
    wrong = ops.logical_and(begins, ops.cast(answers, "int32") != expected)
    many = turn[:, -1] == ops.sum(ops.cast(labels != CLASSES, "int32"), axis=1)
    return ops.cast(ops.logical_and(many, ops.logical_not(ops.any(wrong, axis=1))), "float32")
