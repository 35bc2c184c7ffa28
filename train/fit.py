"""Fitting: a cosine schedule, averaged weights, and a state on disk to go on from."""

import csv
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import keras
import tensorflow as tf

from artifacts import HISTORY, KERAS_MODEL, replacing, write_json

LEARNING_RATE = 3e-3  # at the top of the schedule
WARM_UP = 1 / 30  # share of all steps until there
WEIGHT_DECAY = 5e-2
AVERAGED = 1 / 40  # share of all steps over which the weights that are kept are averaged
PATIENCE = 20  # epochs without a better validation accuracy, then stop; chance makes an early epoch look good
STATE, CANDIDATE, SETTINGS = "state.keras", "candidate.keras", "settings.json"


class ResumeError(Exception):
    """There is nothing to go on from, or it was another run; the message is one sentence for people."""


class Task(NamedTuple):
    """What is to be learnt.

    build: -> an untrained network; loss, accuracy: of labels and outputs; steps: batches in an epoch; batches: the
    epochs of a range, always the same; validation: batches to choose the epoch by; settings: what makes it this task.
    """

    build: Callable[[], keras.Model]
    loss: Callable
    accuracy: Callable
    steps: int
    batches: Callable[[range], tf.data.Dataset]
    validation: tf.data.Dataset
    settings: dict


def fit(
    task: Task, run: Path, *, epochs: int, seed: int, resume: bool = False, alone: bool = True
) -> tuple[keras.Model, list[dict[str, float]]]:
    """Train, and choose the epoch by validation.

    `run` is a folder for the state of the unfinished run; with `resume`, what it holds is continued with the very
    batches that an uninterrupted run would have seen. Not `alone`, it says a line an epoch, with its name. Returns the
    model with its best weights and the history, a list with a dict of floats per epoch. Raises ResumeError.
    """
    settings = {**task.settings, "epochs": epochs, "seed": seed}
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    steps = task.steps
    if resume:
        model, history = restore(run, settings, steps)
    else:
        model, history = task.build(), []
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
            task.loss,
            metrics=[keras.metrics.MeanMetricWrapper(task.accuracy, name="accuracy")],
            jit_compile=False,
        )
        shutil.rmtree(run, ignore_errors=True)
        write_json(run / SETTINGS, settings)
    if alone:
        model.summary()
    keeper = Keeper(run, history, seed, "" if alone else f"{task.settings['network']}, seed {seed}")
    if len(history) < epochs and not keeper.is_over():
        model.fit(
            task.batches(range(len(history), epochs)),
            shuffle=False,  # the batches are
            initial_epoch=len(history),
            epochs=epochs,
            steps_per_epoch=steps,
            validation_data=task.validation,
            verbose="auto" if alone else 0,
            callbacks=[keeper, keras.callbacks.SwapEMAWeights()],
        )
    # What is published needs no optimiser, which is three quarters of the file.
    return keras.models.load_model(run / KERAS_MODEL, compile=False), history


class Keeper(keras.callbacks.Callback):
    """After each epoch, in `run`: the best model so far, the history, and the state to go on from.

    It stands before SwapEMAWeights, which has the averaged weights in the model during validation and the last ones
    otherwise: the former are the candidate for the best model, the latter are the state.

    The state is written last: whatever the moment of a kill, the epochs that the state counts are in the others.
    """

    def __init__(self, run: Path, history: list[dict[str, float]], seed: int, name: str = ""):
        super().__init__()
        self.run, self.history, self.seed, self.name = run, history, seed, name

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
        if self.name:
            accuracy = self.history[-1]["val_accuracy"]
            print(f"{self.name}: epoch {epoch + 1}, validation {accuracy:.2%}, {seconds:.0f} s", flush=True)
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
