"""The exported network in ONNX Runtime: (n, 28, 28) uint8 → (n, 10) probabilities."""

from pathlib import Path

import numpy as np
import onnxruntime

from artifacts import ONNX_MODEL, PUBLISHED

INPUT, OUTPUT = "image", "probabilities"


class ModelError(Exception):
    """A model file that can't be used; the message is one sentence for people."""


class Classifier:
    """Reads single digits that look like MNIST's. `metadata`: what the file says of itself, str to str."""

    def __init__(self, model: Path = PUBLISHED / ONNX_MODEL):
        """Raises ModelError when the file is missing or is not this project's model."""
        if not Path(model).is_file():
            raise ModelError(f"There is no model at {model}; `make train export` makes one.")
        options = onnxruntime.SessionOptions()
        # One thread is as fast for one picture as many, and has no slow outliers.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self.session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        except Exception as reason:  # ONNX Runtime's errors share no base class of their own
            raise ModelError(f"{model} is not an ONNX model that can be run; `make export` writes it anew.") from reason
        if [port.name for port in (*self.session.get_inputs(), *self.session.get_outputs())] != [INPUT, OUTPUT]:
            raise ModelError(f"{model} is an ONNX model, but not this project's: it should map {INPUT} to {OUTPUT}.")
        self.metadata: dict[str, str] = dict(self.session.get_modelmeta().custom_metadata_map)

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        """(n, 28, 28) uint8, white ink on black -> (n, 10) float32 probabilities, each row of sum 1."""
        return self.session.run([OUTPUT], {INPUT: pictures})[0]
