"""python -m export: each trained Keras model that is newer than its ONNX model → ONNX, proven equal, and a figure."""

import argparse
import json
import os
import sys
from pathlib import Path

import artifacts

BATCH = 250  # test pictures at a time


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m export", description=__doc__)
    parser.add_argument("--force", action="store_true", help="export models that are up to date, too")
    parser.add_argument("--data", type=Path, default=os.environ.get("MNIST_NPZ") or None, help="MNIST as an .npz file")
    parser.add_argument("--artifacts", type=Path, default=artifacts.ROOT, help="folder of the data sets' folders")
    args = parser.parse_args()
    folders = sorted(model.parent for model in args.artifacts.glob(f"*/{artifacts.KERAS_MODEL}"))
    if not folders:
        return fail(f"There is no {artifacts.KERAS_MODEL} in {args.artifacts}/*/; train first: make train", 2)
    for folder in folders:
        code = export(folder, args.data, args.force)
        if code:
            return code
    from export import strip

    for folder in folders:
        # Always, for it shows the reader, too, which changes without the model.
        figure = folder / artifacts.FIGURES / artifacts.STRIP
        print(f"{figure}: {strip.TEXT} is read as {strip.draw(folder)}")
    return 0


def export(folder: Path, data: Path | None, force: bool) -> int:
    """Convert the networks of a folder that are not up to date, print the proof, return the exit code."""
    pairs = {"digits": (artifacts.KERAS_MODEL, artifacts.ONNX_MODEL)}
    if (folder / artifacts.ROWS_KERAS_MODEL).exists():  # quick training leaves none
        pairs["rows"] = (artifacts.ROWS_KERAS_MODEL, artifacts.ROWS_ONNX_MODEL)
    stale = [name for name, files in pairs.items() if force or is_stale(*(folder / file for file in files))]
    for name in pairs.keys() - stale:
        print(f"{folder / pairs[name][1]} is up to date (--force exports it all the same)")
    if not stale:
        return 0
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from export import convert
    from train.data import DataError, load
    from train.tasks import test_rows

    try:
        dataset = json.loads((folder / artifacts.METRICS).read_text())["dataset"]
        digits = load(dataset, data)[0]
        pictures = digits.test.pictures
        proofs = {
            "digits": (convert.DIGITS, [pictures[i : i + BATCH] for i in range(0, len(pictures), BATCH)]),
            "rows": (convert.ROWS, [rows for rows, _ in test_rows(digits)]),
        }
        for name in stale:
            tell(folder / pairs[name][1], convert.convert(folder, *proofs[name]))
    except FileNotFoundError as reason:
        return fail(f"{reason.filename} is missing; train first: make train", 2)
    except DataError as reason:
        return fail(f"The export is proven on the test pictures, and {reason}", 2)
    except convert.ConversionError as reason:
        return fail(str(reason), 1)
    return 0


def is_stale(model: Path, onnx_model: Path) -> bool:
    """Whether a Keras model has no ONNX model as new as itself, or not the one with the checksum beside it."""
    expected = artifacts.checksum_file(onnx_model)
    if not onnx_model.exists() or onnx_model.stat().st_mtime < model.stat().st_mtime:
        return True
    return not expected.exists() or expected.read_text() != artifacts.checksum(onnx_model)


def tell(file: Path, proof) -> None:
    """Print how the ONNX model compares with the Keras model."""
    print(f"{file}: {file.stat().st_size / 1e6:.2f} MB")
    print(f"  same label on all {proof.pictures} test pictures, largest difference {proof.difference:.1e}")
    print(f"  per picture: ONNX Runtime {proof.onnx_ms:.3f} ms, Keras {proof.keras_ms:.3f} ms")


def fail(message: str, code: int) -> int:
    print(f"export: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
