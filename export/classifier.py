"""The exported network in ONNX Runtime: (n, 28, 28) uint8 → (n, 10) probabilities and (n,) doubt."""

from pathlib import Path

import numpy as np

from artifacts import ONNX_MODEL, PUBLISHED
from export.session import ModelError as ModelError  # what Classifier raises
from export.session import open_session

INPUT, PROBABILITIES, DOUBT = "image", "probabilities", "doubt"


class Classifier:
    """Reads single digits that look like MNIST's. `metadata`: what the file says of itself, str to str."""

    def __init__(self, model: Path = PUBLISHED / ONNX_MODEL):
        """Raises ModelError when the file is missing, not this project's model, or not what its checksum says."""
        self.session = open_session(Path(model), {INPUT}, {PROBABILITIES, DOUBT})
        self.metadata: dict[str, str] = dict(self.session.get_modelmeta().custom_metadata_map)

    def __call__(self, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n, 28, 28) uint8, white ink on black -> probabilities and doubt.

        probabilities: (n, 10) float32, rows of sum 1, which digit it is if it is one; doubt: (n,) float32 in 0…1, the
        probability that it is not the likeliest of them, because it is another one or none.
        """
        probabilities, doubt = self.session.run([PROBABILITIES, DOUBT], {INPUT: pictures})
        return probabilities, doubt
