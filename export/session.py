"""An exported network in ONNX Runtime, after a look at what the file is."""

from pathlib import Path

import onnxruntime

from artifacts import checksum, checksum_file


class ModelError(Exception):
    """A model file that can't be used; the message is one sentence for people."""


def open_session(model: Path, inputs: set[str], outputs: set[str]) -> onnxruntime.InferenceSession:
    """A network with these inputs and outputs, on one thread.

    Raises ModelError when the file is missing, not this project's model, or not what the checksum beside it says.
    """
    if not model.is_file():
        raise ModelError(f"There is no model at {model}; `make train export` makes one.")
    expected = checksum_file(model)
    if expected.is_file() and expected.read_text() != checksum(model):
        raise ModelError(f"{model} is not the model that was exported: its checksum is not that in {expected.name}.")
    options = onnxruntime.SessionOptions()
    # One thread is as fast for one picture as many, and has no slow outliers.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as reason:  # ONNX Runtime's errors share no base class of their own
        raise ModelError(f"{model} is not an ONNX model that can be run; `make export` writes it anew.") from reason
    ports = {port.name for port in (*session.get_inputs(), *session.get_outputs())}
    if ports != inputs | outputs:
        names = " to ".join(" and ".join(sorted(names, reverse=True)) for names in (inputs, outputs))
        raise ModelError(f"{model} is an ONNX model, but not this project's, from {names}.")
    return session
