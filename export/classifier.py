"""The exported network in ONNX Runtime: (n, 28, 28) uint8 → (n, 10) probabilities and (n,) doubt."""

from pathlib import Path

import numpy as np
import onnxruntime

from artifacts import CHECKSUM, ONNX_MODEL, PUBLISHED, checksum

INPUT, PROBABILITIES, DOUBT = "image", "probabilities", "doubt"


class ModelError(Exception):
    """A model file that can't be used; the message is one sentence for people."""


class Classifier:
    """Reads single digits that look like MNIST's. `metadata`: what the file says of itself, str to str."""

    def __init__(self, model: Path = PUBLISHED / ONNX_MODEL):
        """Raises ModelError when the file is missing, not this project's model, or not what its checksum says."""
        model = Path(model)
        if not model.is_file():
            raise ModelError(f"There is no model at {model}; `make train export` makes one.")
        expected = model.with_name(CHECKSUM)
        if model.name == ONNX_MODEL and expected.is_file() and expected.read_text() != checksum(model):
            raise ModelError(f"{model} is not the model that was exported: its checksum is not that in {CHECKSUM}.")
        options = onnxruntime.SessionOptions()
        # One thread is as fast for one picture as many, and has no slow outliers.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self.session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        except Exception as reason:  # ONNX Runtime's errors share no base class of their own
            raise ModelError(f"{model} is not an ONNX model that can be run; `make export` writes it anew.") from reason
        ports = {port.name for port in (*self.session.get_inputs(), *self.session.get_outputs())}
        if ports != {INPUT, PROBABILITIES, DOUBT}:
            raise ModelError(
                f"{model} is an ONNX model, but not this project's, from {INPUT} to {PROBABILITIES} and {DOUBT}."
            )
        self.metadata: dict[str, str] = dict(self.session.get_modelmeta().custom_metadata_map)

    def __call__(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, 28, 28) uint8, white ink on black -> probabilities and doubt.

        probabilities: (n, 10) float32, rows of sum 1, which digit it is if it is one; doubt: (n,) float32 in 0…1, the
        probability that it is not the likeliest of them, because it is another one or none.
        """
        probabilities, doubt = self.session.run([PROBABILITIES, DOUBT], {INPUT: pictures})
        return probabilities, doubt
