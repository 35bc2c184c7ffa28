"""python -m export: each trained Keras model that is newer than its ONNX model → ONNX, proven equal, and a figure."""

import argparse
import json
import os
import sys
from pathlib import Path

import artifacts


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m export", description=__doc__)
    parser.add_argument("--force", action="store_true", help="export models that are up to date, too")
    parser.add_argument("--data", type=Path, default=os.environ.get("MNIST_NPZ") or None, help="MNIST as an .npz file")
    parser.add_argument("--artifacts", type=Path, default=artifacts.ROOT, help="folder of the data sets' folders")
    args = parser.parse_args()
    models = sorted(args.artifacts.glob(f"*/{artifacts.KERAS_MODEL}"))
    if not models:
        return fail(f"There is no {artifacts.KERAS_MODEL} in {args.artifacts}/*/; train first: make train", 2)
    stale = [model.parent for model in models if args.force or is_stale(model)]
    for folder in sorted({model.parent for model in models} - set(stale)):
        print(f"{folder / artifacts.ONNX_MODEL} is up to date (--force exports it all the same)")
    for folder in stale:
        code = export(folder, args.data)
        if code:
            return code
    from export import strip

    for model in models:
        # Always, for it shows the reader, too, which changes without the model.
        figure = model.parent / artifacts.FIGURES / artifacts.STRIP
        print(f"{figure}: {strip.TEXT} is read as {strip.draw(model.parent)}")
    return 0


def is_stale(model: Path) -> bool:
    """Whether a Keras model has no ONNX model as new as itself, or not the one with the checksum beside it."""
    onnx_model, expected = model.with_name(artifacts.ONNX_MODEL), model.with_name(artifacts.CHECKSUM)
    if not onnx_model.exists() or onnx_model.stat().st_mtime < model.stat().st_mtime:
        return True
    return not expected.exists() or expected.read_text() != artifacts.checksum(onnx_model)


def export(folder: Path, data: Path | None) -> int:
    """Convert one model, print the proof, return the exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from export.convert import ConversionError, convert
    from train.data import DataError, load

    try:
        dataset = json.loads((folder / artifacts.METRICS).read_text())["dataset"]
        pictures = load(dataset, data)[0].test.pictures
        proof = convert(folder, pictures)
    except FileNotFoundError as reason:
        return fail(f"{reason.filename} is missing; train first: make train", 2)
    except DataError as reason:
        return fail(f"The export is proven on the test pictures, and {reason}", 2)
    except ConversionError as reason:
        return fail(str(reason), 1)
    file = folder / artifacts.ONNX_MODEL
    print(f"{file}: {file.stat().st_size / 1e6:.2f} MB")
    print(f"  same label on all {proof.pictures} test pictures, largest difference {proof.difference:.1e}")
    print(f"  per picture: ONNX Runtime {proof.onnx_ms:.3f} ms, Keras {proof.keras_ms:.3f} ms")
    return 0


def fail(message: str, code: int) -> int:
    print(f"export: {message}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
