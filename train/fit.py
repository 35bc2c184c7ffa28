"""Fitting: augmented batches, a cosine schedule, averaged weights, and a state on disk to go on from."""

import csv
import json
import shutil
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from artifacts import HISTORY, KERAS_MODEL, replacing, write_json
from train.augment import augment
from train.data import Data, Split
from train.model import OUTPUTS, accuracy, build, loss
from train.negatives import negatives
from train.written import written

LEARNING_RATE = 3e-3  # at the top of the schedule
WARM_UP = 1 / 30  # share of all steps until there
WEIGHT_DECAY = 5e-2
AVERAGED = 1 / 40  # share of all steps over which the weights that are kept are averaged
FEWEST_STEPS = 100  # in an epoch; a small data set is passed through several times
NEGATIVES = 0.15  # pictures that are no digits, for each that is one; an epoch takes others than the one before
DOUBTFUL = 0.15  # share of a digit that is none, for each px of a neighbour that is left on it
WRITTEN = 0.10  # … and digits written by program
DIFFERENT = 6  # epochs' worth of them are made
PATIENCE = 20  # epochs without a better validation accuracy, then stop; chance makes an early epoch look good
STATE, CANDIDATE, SETTINGS = "state.keras", "candidate.keras", "settings.json"


class ResumeError(Exception):
    """There is nothing to go on from, or it was another run; the message is one sentence for people."""


def fit(
    data: Data, run: Path, *, epochs: int, batch_size: int, seed: int, resume: bool = False
) -> tuple[keras.Model, list[dict[str, float]]]:
    """Train on `data.train`, and on pictures that are no digits; choose the epoch by `data.validation`.

    `run` is a folder for the state of the unfinished run; with `resume`, what it holds is continued with the very
    batches that an uninterrupted run would have seen. Returns the model with its best weights and the history,
    a list with a dict of floats per epoch. Raises ResumeError.
    """
    settings = {"dataset": data.name, "epochs": epochs, "batch_size": batch_size, "seed": seed}
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    others = by_program(data.train, np.random.default_rng(seed))
    passes = -(-FEWEST_STEPS * batch_size // len(data.train.labels))
    n = passes * len(data.train.labels)
    steps = (n + round((NEGATIVES + WRITTEN) * n)) // batch_size
    if resume:
        model, history = restore(run, settings, steps)
    else:
        model, history = build(), []
        warm_up = round(WARM_UP * epochs * steps)
        schedule = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=LEARNING_RATE / 30,
            decay_steps=epochs * steps - warm_up,
            warmup_target=LEARNING_RATE,
            warmup_steps=warm_up,
        )
        # XLA was half as fast here as TensorFlow's own (oneDNN) convolutions.
        model.compile(
            keras.optimizers.AdamW(
                schedule,
                weight_decay=WEIGHT_DECAY,
                use_ema=True,
                ema_momentum=1 - 1 / max(1, AVERAGED * epochs * steps),
            ),
            loss,
            metrics=[accuracy],
            jit_compile=False,
        )
        shutil.rmtree(run, ignore_errors=True)
        write_json(run / SETTINGS, settings)
    model.summary()
    keeper = Keeper(run, history, seed)
    if len(history) < epochs and not keeper.is_over():
        model.fit(
            batches(data.train, others, batch_size, passes, seed, range(len(history), epochs)),
            shuffle=False,  # the batches are
            initial_epoch=len(history),
            epochs=epochs,
            steps_per_epoch=steps,
            validation_data=(data.validation.pictures, keras.utils.to_categorical(data.validation.labels, OUTPUTS)),
            validation_batch_size=1000,
            callbacks=[keeper, keras.callbacks.SwapEMAWeights()],
        )
    # What is published needs no optimiser, which is three quarters of the file.
    return keras.models.load_model(run / KERAS_MODEL, compile=False), history


def by_program(digits: Split, rng: np.random.Generator) -> Split:
    """What is shown beside the digits of the training set, DIFFERENT epochs' worth of it."""
    n = DIFFERENT * len(digits.labels)
    kinds = negatives(digits, round(NEGATIVES * n), rng), written(round(WRITTEN * n), rng)
    return Split(*(np.concatenate(both) for both in zip(*kinds, strict=True)))


def batches(digits: Split, others: Split, batch_size: int, passes: int, seed: int, epochs: range) -> tf.data.Dataset:
    """(pictures uint8, one-hot labels float32), augmented, in an order that depends on `seed` and the epoch alone.

    An epoch is `passes` times all `digits`, among them NEGATIVES pictures of `others` for each digit, drawn anew.
    """
    pictures, labels = (tf.constant(np.concatenate(both)) for both in zip(digits, others, strict=True))
    n = passes * len(digits.labels)

    def shuffled(epoch: tf.Tensor) -> tf.data.Dataset:
        key = tf.stack([tf.constant(seed, tf.int64), epoch])
        drawn = tf.random.stateless_uniform(
            [round((NEGATIVES + WRITTEN) * n)], key, len(digits.labels), len(labels), dtype=tf.int32
        )
        every = tf.concat([tf.range(n) % len(digits.labels), drawn], axis=0)
        order = tf.random.experimental.stateless_shuffle(every, key)
        step_keys = tf.data.Dataset.range(n).map(lambda step: tf.random.experimental.stateless_fold_in(key, step))
        return tf.data.Dataset.zip(tf.data.Dataset.from_tensor_slices(order).batch(batch_size, True), step_keys)

    def prepared(index: tf.Tensor, key: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        label = tf.gather(labels, index)
        varied, kept = augment(tf.gather(pictures, index), label, key)
        none = tf.one_hot(tf.fill(tf.shape(label), OUTPUTS - 1), OUTPUTS)
        doubt = (DOUBTFUL * kept)[:, None]
        return varied, (1 - doubt) * tf.one_hot(label, OUTPUTS) + doubt * none

    order = tf.data.Dataset.range(epochs.start, epochs.stop).flat_map(shuffled)
    return order.map(prepared, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).prefetch(tf.data.AUTOTUNE)


class Keeper(keras.callbacks.Callback):
    """After each epoch, in `run`: the best model so far, the history, and the state to go on from.

    It stands before SwapEMAWeights, which has the averaged weights in the model during validation and the last ones
    otherwise: the former are the candidate for the best model, the latter are the state.

    The state is written last: whatever the moment of a kill, the epochs that the state counts are in the others.
    """

    def __init__(self, run: Path, history: list[dict[str, float]], seed: int):
        super().__init__()
        self.run, self.history, self.seed = run, history, seed

    def is_over(self) -> bool:
        """Whether the best epoch is so long ago that going on is of no use."""
        return bool(self.history) and len(self.history) - best_epoch(self.history) >= PATIENCE

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()
        # Keras does not save how far dropout has come with its random numbers: they start anew at each epoch.
        for place, layer in enumerate(self.model.layers):
            if isinstance(layer, keras.layers.Dropout):
                layer.seed_generator.state.assign([self.seed + place, epoch << 20])

    def on_test_end(self, logs=None):
        self.model.save(self.run / CANDIDATE)

    def on_epoch_end(self, epoch, logs=None):
        seconds = time.perf_counter() - self.start
        self.history.append({**{name: float(value) for name, value in logs.items()}, "seconds": seconds})
        if best_epoch(self.history) == epoch + 1:
            (self.run / CANDIDATE).replace(self.run / KERAS_MODEL)
        with replacing(self.run / HISTORY) as path:
            write_history(path, self.history)
        with replacing(self.run / STATE) as path:
            self.model.save(path)
        self.model.stop_training = self.is_over()


def can_resume(run: Path) -> bool:
    """Whether the folder holds the state of a run."""
    return (run / STATE).exists()


def restore(run: Path, settings: dict, steps: int) -> tuple[keras.Model, list[dict[str, float]]]:
    """The model with its optimiser and the history, as they were after the last finished epoch."""
    if not can_resume(run):
        raise ResumeError(f"There is no run to resume in {run}; start one without --resume.")
    before = json.loads((run / SETTINGS).read_text())
    if before != settings:
        was = " ".join(f"{name} {value}" for name, value in before.items() if settings.get(name) != value)
        raise ResumeError(f"The run in {run} had {was}; resume it with the same, or start one without --resume.")
    model = keras.models.load_model(run / STATE)
    return model, read_history(run / HISTORY)[: int(model.optimizer.iterations) // steps]


def best_epoch(history: list[dict[str, float]]) -> int:
    """The number, from 1, of the epoch with the best validation accuracy, among equals with the lowest loss.

    Accuracy went on rising to the end of a run when the loss, by a few surely wrong answers, had long stopped falling.
    """
    return 1 + max(range(len(history)), key=lambda index: (history[index]["val_accuracy"], -history[index]["val_loss"]))


def write_history(path: Path, history: list[dict[str, float]]) -> None:
    with open(path, "w", newline="") as file:
        rows = csv.DictWriter(file, ["epoch", *history[0]])
        rows.writeheader()
        rows.writerows({"epoch": epoch, **row} for epoch, row in enumerate(history, 1))


def read_history(path: Path) -> list[dict[str, float]]:
    with open(path, newline="") as file:
        return [{name: float(value) for name, value in row.items() if name != "epoch"} for row in csv.DictReader(file)]
