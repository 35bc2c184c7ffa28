"""What an epoch shows: the digits of the training set, varied, and between them what is made by program."""

import keras
import numpy as np
import tensorflow as tf

from train.augment import augment
from train.cutouts import cutouts
from train.data import Split
from train.model import OUTPUTS
from train.negatives import negatives
from train.written import written

FEWEST_STEPS = 100  # in an epoch; a small data set is passed through several times
# Made by program, for each digit of the training set: pictures that are no digits, digits, and parts of numbers.
NEGATIVES, WRITTEN, CUTOUTS = 0.15, 0.12, 0.14
MADE = NEGATIVES + WRITTEN + CUTOUTS
DIFFERENT = 6  # epochs' worth of them at most; an epoch takes others than the one before


def steps_of(n: int, batch_size: int) -> int:
    """Batches in an epoch of `n` digits."""
    n *= passes_of(n, batch_size)
    return (n + round(MADE * n)) // batch_size


def passes_of(n: int, batch_size: int) -> int:
    """How often each of `n` digits is in an epoch."""
    return -(-FEWEST_STEPS * batch_size // n)


def batches(digits: Split, batch_size: int, seed: int, epochs: range) -> tf.data.Dataset:
    """(pictures uint8, targets float32 (n, 11)), augmented, in an order that depends on `seed` and the epoch alone.

    A target says which of the ten it is, of sum 1, or 0 where it does not say, and last how far it is no digit.
    """
    n = len(digits.labels) * passes_of(len(digits.labels), batch_size)
    made = by_program(digits, min(epochs.stop, DIFFERENT), np.random.default_rng(seed))
    pictures = tf.constant(np.concatenate([digits.pictures, made[0]]))
    targets = tf.constant(np.concatenate([one_hot(digits.labels), made[1]]))

    def shuffled(epoch: tf.Tensor) -> tf.data.Dataset:
        key = tf.stack([tf.constant(seed, tf.int64), epoch])
        drawn = tf.random.stateless_uniform([round(MADE * n)], key, len(digits.labels), len(targets), dtype=tf.int32)
        every = tf.concat([tf.range(n) % len(digits.labels), drawn], axis=0)
        order = tf.random.experimental.stateless_shuffle(every, key)
        step_keys = tf.data.Dataset.range(n).map(lambda step: tf.random.experimental.stateless_fold_in(key, step))
        return tf.data.Dataset.zip(tf.data.Dataset.from_tensor_slices(order).batch(batch_size, True), step_keys)

    def prepared(index: tf.Tensor, key: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        target = tf.gather(targets, index)
        return augment(tf.gather(pictures, index), tf.argmax(target, axis=1), key), target

    order = tf.data.Dataset.range(epochs.start, epochs.stop).flat_map(shuffled)
    return order.map(prepared, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).prefetch(tf.data.AUTOTUNE)


def by_program(digits: Split, epochs: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """So many epochs' worth of pictures that are made by program, (n, 28, 28) uint8, and their targets (n, 11)."""
    n = epochs * len(digits.labels)
    print(f"making {round(MADE * n):,} pictures by program …", flush=True)
    none = negatives(digits, round(NEGATIVES * n), rng)
    ones = written(round(WRITTEN * n), rng)
    parts, targets = cutouts(digits, round(CUTOUTS * n), rng)
    return (
        np.concatenate([none.pictures, ones.pictures, parts]),
        np.concatenate([one_hot(none.labels), one_hot(ones.labels), targets]),
    )


def one_hot(labels: np.ndarray) -> np.ndarray:
    """(n,) integers in 0…10 -> (n, 11) float32."""
    return keras.utils.to_categorical(labels, OUTPUTS).astype(np.float32)
