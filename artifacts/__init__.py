"""What a training run leaves, by name, and the one way to write it.

Each data set has a folder of its own, `artifacts/mnist/` (published, committed) or `artifacts/digits/`
(git-ignored), so that a run on the small set never replaces the published model.
"""

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent
PUBLISHED = ROOT / "mnist"

KERAS_MODEL, ROWS_KERAS_MODEL = "model.keras", "rows.keras"  # the networks of digits and of rows, written by train
METRICS, ROWS_METRICS = "metrics.json", "rows.json"  # written by train
HISTORY = "history.csv"  # written by train
SEEDS = "seeds.json"  # written by train when it runs several seeds
FIGURES = "figures"  # written by train …
ROWS_FIGURE = "rows.png"  # of them, of the network of rows
STRIP = "reading.png"  # … but for this one, written by export
READING = "reading.json"  # written by the maintainers' scorer, on real pictures that are not in the repository
ONNX_MODEL, ROWS_ONNX_MODEL = "model.onnx", "rows.onnx"  # written by export, each with its checksum beside it
RUN = ".run"  # train: the state of the unfinished run
BENCH = ROOT / "bench.json"  # written by export.bench
LOAD = ROOT / "load.json"  # written by demo.load and demo.outage
PAGE_PICTURE = ROOT / "page.png"  # written by demo.screenshot

FIGURE_NAMES = {
    STRIP: "How a photo becomes what the network sees, and what it is read as.",
    "sample_data.png": "What the network learns from: training pictures and how they are varied.",
    "training_history.png": "Loss and accuracy by epoch, on the training and the validation pictures.",
    ROWS_FIGURE: "Rows of test digits, made by program, and what the network of rows reads.",
    "confusion_matrix.png": "Which digit is taken for which, on the test pictures.",
    "predictions.png": "Test pictures with the digit that was read and the true one.",
    "misclassified.png": "The mistakes on the test pictures, the surest first.",
    "hardest.png": "The hardest test pictures and, where their label is disputed, what five people said.",
    "reliability.png": "Whether the probabilities mean what they say, on the test pictures.",
    "doubt.png": "How many of the marks that are no digits are refused, at the price of how many digits.",
}


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, renamed to it when the block ends well and removed when it does not.

    The suffix stays the same because Keras and matplotlib choose their format by it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: object) -> None:
    """Write `value` to `path` as indented JSON, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1) + "\n")


def checksum_file(path: Path) -> Path:
    """Where the checksum of a model lies."""
    return path.with_name(path.name + ".sha256")


def checksum(path: Path) -> str:
    """The line that sha256sum prints for a file, with its name alone."""
    return f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"


def circumstances() -> dict[str, str | int]:
    """Date, commit and machine of a run, to be kept beside the numbers that it made."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": _commit(),
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "python": platform.python_version(),
    }


def _commit() -> str:
    """The short hash of HEAD, with `+` when tracked files differ from it; `unknown` outside a checkout."""
    describe = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    try:
        return subprocess.run(describe, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
