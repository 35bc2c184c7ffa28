"""What the two networks learn: which digit it is, and which digits are in a row."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import tensorflow as tf

from train import batches, model, rows
from train.data import Data, Split
from train.fit import Task
from train.rows import HEIGHT

ROWS = 0.5  # in an epoch, for each digit of the training set
ROW_BATCH = 64  # rows
HELD_OUT = 32  # batches of rows to choose the epoch by, and to look at in the end
FEWEST_STEPS = 20  # in an epoch
VALIDATION, TEST = 1_000_000, 2_000_000  # numbers of the first batches of these, beyond all that training has


def digits(data: Data, batch_size: int, seed: int) -> Task:
    """Digits of the training set, varied, and what is made by program."""
    held_out = data.validation.pictures, batches.one_hot(data.validation.labels)
    return Task(
        build=model.build,
        loss=model.loss,
        accuracy=model.accuracy,
        steps=batches.steps_of(len(data.train.labels), batch_size),
        batches=lambda epochs: batches.batches(data.train, batch_size, seed, epochs),
        validation=tf.data.Dataset.from_tensor_slices(held_out).batch(1000),
        settings={"network": "digits", "dataset": data.name, "batch_size": batch_size},
    )


def rows_of_digits(data: Data, seed: int) -> Task:
    """Rows of the training set's digits; those to choose the epoch by are of the validation set's."""
    steps = max(FEWEST_STEPS, round(ROWS * len(data.train.labels) / ROW_BATCH))
    spec = tf.TensorSpec((None, HEIGHT, None), tf.uint8), tf.TensorSpec((None, rows.MOST), tf.int32)

    def batches(part: Split, numbers: range) -> tf.data.Dataset:
        made = partial(rows.batches, part, ROW_BATCH, seed, numbers)
        return tf.data.Dataset.from_generator(made, output_signature=spec).prefetch(tf.data.AUTOTUNE)

    return Task(
        build=model.build_rows,
        loss=model.row_loss,
        accuracy=model.row_accuracy,
        steps=steps,
        batches=lambda epochs: batches(data.train, range(epochs.start * steps, epochs.stop * steps)),
        validation=batches(data.validation, range(VALIDATION, VALIDATION + HELD_OUT))
        .apply(tf.data.experimental.assert_cardinality(HELD_OUT))
        .cache(),
        settings={"network": "rows", "dataset": data.name, "batch_size": ROW_BATCH},
    )


def test_rows(data: Data) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches of rows of the test set's digits, (n, HEIGHT, w) uint8, and their labels, (n, rows.MOST) int32."""
    return rows.batches(data.test, ROW_BATCH, 0, range(TEST, TEST + HELD_OUT))
