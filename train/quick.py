"""Quick training: 99 % in two epochs, for a machine without patience.

A small network without normalisation, big batches, no augmentation and a one-cycle schedule with low momentum
(Smith and Topin 2019, "Super-convergence"; the sizes are those of the published PyTorch speedrun of MNIST).
"""

import time

import keras
import tensorflow as tf
from keras import layers

from train.data import CLASSES, SIDE, Data
from train.model import PROBABILITIES

EPOCHS = 2
BATCH_SIZE = 256
LEARNING_RATE = 1e-2  # at the top of the cycle
WARM_UP = 0.25  # share of all steps until there
FEWEST_STEPS = 400  # a small data set is passed through more often than EPOCHS


class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """Linearly up from a twenty-fifth of `peak` to `peak`, then linearly down to nothing at `steps`."""

    def __init__(self, peak: float, steps: int):
        self.peak, self.steps = peak, steps

    def __call__(self, step):
        share = tf.cast(step, tf.float32) / self.steps
        return self.peak * tf.minimum(0.04 + 0.96 * share / WARM_UP, (1 - share) / (1 - WARM_UP))

    def get_config(self):
        return {"peak": self.peak, "steps": self.steps}


def build() -> keras.Model:
    """An untrained network, (n, 28, 28) uint8 white on black -> (n, 10) float32 probabilities."""
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE), dtype="uint8", name="image"),
            layers.Rescaling(1 / 255),
            layers.Reshape((SIDE, SIDE, 1)),
            layers.Conv2D(24, 5),
            layers.MaxPooling2D(),  # before the ReLU, which then has a quarter of the work
            layers.ReLU(),
            layers.Conv2D(32, 3),
            layers.MaxPooling2D(),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dense(CLASSES, activation="softmax", name=PROBABILITIES),
        ],
        name="quick",
    )


def fit(data: Data, *, seed: int) -> tuple[keras.Model, list[dict[str, float]]]:
    """Train on `data.train`. Returns the model after the last epoch and the history, a dict of floats per epoch."""
    keras.utils.set_random_seed(seed)
    pictures, labels = data.train
    steps_per_epoch = -(-len(labels) // BATCH_SIZE)
    epochs = max(EPOCHS, -(-FEWEST_STEPS // steps_per_epoch))
    model = build()
    model.compile(
        keras.optimizers.Adam(OneCycle(LEARNING_RATE, epochs * steps_per_epoch), beta_1=0.7, beta_2=0.9),
        "categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,
    )
    model.summary()
    start = time.perf_counter()
    history = model.fit(
        pictures,
        keras.utils.to_categorical(labels, CLASSES),
        batch_size=BATCH_SIZE,
        epochs=epochs,
        validation_data=(data.validation.pictures, keras.utils.to_categorical(data.validation.labels, CLASSES)),
        validation_batch_size=1000,
    ).history
    seconds = (time.perf_counter() - start) / epochs
    return model, [
        {**{name: float(values[epoch]) for name, values in history.items()}, "seconds": seconds}
        for epoch in range(epochs)
    ]
