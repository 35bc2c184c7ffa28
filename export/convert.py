"""Keras → ONNX, proven equal on every test picture before it is published. The only file here that needs TensorFlow."""

import json
import time
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import onnx
import tensorflow as tf
import tf2onnx

from artifacts import CHECKSUM, KERAS_MODEL, METRICS, ONNX_MODEL, checksum, circumstances, replacing
from export.classifier import DOUBT, INPUT, PROBABILITIES, Classifier
from train.model import read

OPSET = 18
TOLERANCE = 1e-5  # largest difference between the two in any probability
BATCH = 250
USE = (
    "onnxruntime.InferenceSession(path).run(['probabilities', 'doubt'], {'image': pictures}); pictures: (n, 28, 28) "
    "uint8, white ink on black, longer side of the ink 20 px, centre of mass in the middle; gives (n, 10) float32 "
    "probabilities and (n,) float32, the doubt that it is the likeliest of them or a digit at all"
)


class ConversionError(Exception):
    """The ONNX model would not do what the Keras model does; the message is one sentence for people."""


class Proof(NamedTuple):
    """How the two models compare on all test pictures; milliseconds per picture in batches of BATCH."""

    pictures: int
    difference: float
    keras_ms: float
    onnx_ms: float


def convert(folder: Path, pictures: np.ndarray) -> Proof:
    """Write `folder`/model.onnx and its checksum; `pictures` (n, 28, 28) uint8 are the test pictures to prove it on.

    Raises ConversionError, leaving the old file in place, when a label or a probability differs.
    """
    model = keras.models.load_model(folder / KERAS_MODEL)
    with replacing(folder / ONNX_MODEL) as temporary:
        signature = (tf.TensorSpec((None, 28, 28), tf.uint8, name=INPUT),)
        function = tf.function(
            lambda image: dict(zip((PROBABILITIES, DOUBT), read(model(image, training=False)), strict=True)),
            input_signature=signature,
        )
        graph, _ = tf2onnx.convert.from_function(function, signature, opset=OPSET)
        onnx.helper.set_model_props(graph, metadata(folder))
        onnx.checker.check_model(graph, full_check=True)
        onnx.save(graph, temporary)
        proof = prove(model, Classifier(temporary), pictures)
    with replacing(folder / CHECKSUM) as temporary:
        temporary.write_text(checksum(folder / ONNX_MODEL))
    return proof


def prove(model: keras.Model, classifier: Classifier, pictures: np.ndarray) -> Proof:
    """Run both on all pictures. Raises ConversionError unless labels are the same, all numbers within TOLERANCE."""
    expected, keras_seconds = timed(lambda batch: read(model(batch, training=False)), pictures)
    actual, onnx_seconds = timed(classifier, pictures)
    difference = float(np.abs(expected - actual).max())
    other = int((expected[:, :-1].argmax(axis=1) != actual[:, :-1].argmax(axis=1)).sum())
    # Written so that a NaN fails, too.
    if other or not difference <= TOLERANCE:
        raise ConversionError(
            f"ONNX Runtime and Keras disagree on {other} of {len(pictures)} labels, by up to {difference:.1e} "
            f"(allowed: {TOLERANCE:.0e}); nothing was published."
        )
    ms = 1e3 / len(pictures)
    return Proof(len(pictures), difference, keras_seconds * ms, onnx_seconds * ms)


def timed(function, pictures: np.ndarray) -> tuple[np.ndarray, float]:
    """-> (n, 11), probabilities and doubt of all pictures, and the seconds they took, after a batch to warm up."""
    function(pictures[:BATCH])
    start = time.perf_counter()
    outputs = [function(pictures[i : i + BATCH]) for i in range(0, len(pictures), BATCH)]
    seconds = time.perf_counter() - start
    return np.concatenate([np.column_stack(output) for output in outputs]), seconds


def metadata(folder: Path) -> dict[str, str]:
    """What the ONNX file says of itself, from the run's metrics."""
    metrics = json.loads((folder / METRICS).read_text())
    return {
        "data_set": metrics["dataset"],
        "test_accuracy": f"{metrics['test']['accuracy']:.4f}",
        "seed": str(metrics["seed"]),
        "date": circumstances()["date"],
        "commit": metrics["commit"],
        "licence": "MIT",
        "how_to_use": USE,
    }
