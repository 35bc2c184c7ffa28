"""Keras → ONNX, proven equal on test pictures before it is published. The only file here that needs TensorFlow."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import onnx
import tensorflow as tf
import tf2onnx

from artifacts import (
    KERAS_MODEL,
    METRICS,
    ONNX_MODEL,
    ROWS_KERAS_MODEL,
    ROWS_METRICS,
    ROWS_ONNX_MODEL,
    checksum,
    checksum_file,
    circumstances,
    replacing,
)
from export import classifier, rows
from export.session import open_session
from train.data import SIDE
from train.model import read

OPSET = 18
TOLERANCE = 1e-5  # largest difference between the two in any probability
USE = (
    "onnxruntime.InferenceSession(path).run(['probabilities', 'doubt'], {'image': pictures}); pictures: (n, 28, 28) "
    "uint8, white ink on black, longer side of the ink 20 px, centre of mass in the middle; gives (n, 10) float32 "
    "probabilities and (n,) float32, the doubt that it is the likeliest of them or a digit at all"
)
USE_ROWS = (
    "onnxruntime.InferenceSession(path).run(['steps'], {'rows': rows}); rows: (n, 32, w) uint8, white ink on black, "
    "ink 28 px high; gives (n, w / 4, 11) float32, for every 4 px from left to right the probabilities of the digits "
    "and, last, of none (connectionist temporal classification)"
)


class ConversionError(Exception):
    """The ONNX model would not do what the Keras model does; the message is one sentence for people."""


class Network(NamedTuple):
    """One of the two networks: its files, what goes in and how, what comes out, and what people are told of its use."""

    keras_model: str
    onnx_model: str
    metrics: str
    input: tf.TensorSpec
    outputs: Callable[[keras.Model, tf.Tensor], dict[str, tf.Tensor]]  # the labels' probabilities first
    use: str


def digits(model: keras.Model, image: tf.Tensor) -> dict[str, tf.Tensor]:
    probabilities, doubt = read(model(image, training=False))
    return {classifier.PROBABILITIES: probabilities, classifier.DOUBT: doubt}


def steps(model: keras.Model, row: tf.Tensor) -> dict[str, tf.Tensor]:
    return {rows.STEPS: tf.nn.softmax(model(row, training=False))}


DIGITS = Network(
    KERAS_MODEL, ONNX_MODEL, METRICS, tf.TensorSpec((None, SIDE, SIDE), tf.uint8, classifier.INPUT), digits, USE
)
ROWS = Network(
    ROWS_KERAS_MODEL,
    ROWS_ONNX_MODEL,
    ROWS_METRICS,
    tf.TensorSpec((None, rows.HEIGHT, None), tf.uint8, rows.INPUT),
    steps,
    USE_ROWS,
)


class Proof(NamedTuple):
    """How the two models compare on all test pictures; milliseconds per picture, in batches."""

    pictures: int
    difference: float
    keras_ms: float
    onnx_ms: float


def convert(folder: Path, network: Network, batches: list[np.ndarray]) -> Proof:
    """Write the network's ONNX model in `folder`, and its checksum; `batches`: the test pictures to prove it on.

    Raises ConversionError, leaving the old file in place, when a label or a probability differs.
    """
    model = keras.models.load_model(folder / network.keras_model, compile=False)
    with replacing(folder / network.onnx_model) as temporary:
        function = tf.function(lambda pictures: network.outputs(model, pictures), input_signature=(network.input,))
        graph, _ = tf2onnx.convert.from_function(function, function.input_signature, opset=OPSET)
        onnx.helper.set_model_props(graph, metadata(folder, network))
        onnx.checker.check_model(graph, full_check=True)
        onnx.save(graph, temporary)
        proof = prove(network, model, temporary, batches)
    with replacing(checksum_file(folder / network.onnx_model)) as temporary:
        temporary.write_text(checksum(folder / network.onnx_model))
    return proof


def prove(network: Network, model: keras.Model, file: Path, batches: list[np.ndarray]) -> Proof:
    """Run both on all pictures. Raises ConversionError unless labels are the same, all numbers within TOLERANCE."""
    names = list(network.outputs(model, batches[0][:1]))
    session = open_session(file, {network.input.name}, set(names))
    expected, keras_seconds = timed(lambda batch: [*network.outputs(model, batch).values()], batches)
    actual, onnx_seconds = timed(lambda batch: session.run(names, {network.input.name: batch}), batches)
    pairs = list(zip(expected, actual, strict=True))
    difference = max(float(np.abs(np.subtract(a, b)).max()) for pair in pairs for a, b in zip(*pair, strict=True))
    other = sum(int((np.argmax(a[0], -1) != np.argmax(b[0], -1)).sum()) for a, b in pairs)
    pictures = sum(map(len, batches))
    # Written so that a NaN fails, too.
    if other or not difference <= TOLERANCE:
        raise ConversionError(
            f"ONNX Runtime and Keras disagree on {other} labels of {pictures} pictures, by up to {difference:.1e} "
            f"(allowed: {TOLERANCE:.0e}); nothing was published."
        )
    ms = 1e3 / pictures
    return Proof(pictures, difference, keras_seconds * ms, onnx_seconds * ms)


def timed(function: Callable, batches: list[np.ndarray]) -> tuple[list, float]:
    """-> what the function says of each batch, and the seconds that took, after a batch to warm up."""
    function(batches[0])
    start = time.perf_counter()
    outputs = [function(batch) for batch in batches]
    return outputs, time.perf_counter() - start


def metadata(folder: Path, network: Network) -> dict[str, str]:
    """What the ONNX file says of itself, from the run's metrics."""
    metrics = json.loads((folder / network.metrics).read_text())
    return {
        "data_set": metrics["dataset"],
        "test_accuracy": f"{metrics['test']['accuracy']:.4f}",
        "seed": str(metrics["seed"]),
        "date": circumstances()["date"],
        "commit": metrics["commit"],
        "licence": "MIT",
        "how_to_use": network.use,
    }
