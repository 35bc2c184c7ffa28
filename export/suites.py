"""python -m export.suites FOLDER: the reader on real pictures that are not in the repository → reading.json.

A suite is a file NAME.npz: `data`, the encoded pictures one after the other (uint8); `offsets`, where each begins, and
the end (n + 1); `labels`, the text that each shows, "" where there is no digit.
"""

import argparse
import io
import itertools
import json
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

import artifacts
from export.reader import Reader
from export.reading import MOST_DOUBT, Reading

DIGITS, OTHERS = ("sketch", "usps", "photos"), "letters"  # what the limit of the doubt is judged on


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m export.suites", description=__doc__)
    parser.add_argument("folder", type=Path, help="of the suites")
    parser.add_argument("--artifacts", type=Path, default=artifacts.PUBLISHED, help="the model's; default: %(default)s")
    args = parser.parse_args()
    files = sorted(args.folder.glob("*.npz"))
    if not files:
        print(f"suites: there is no suite (.npz) in {args.folder}", file=sys.stderr)
        return 2
    reader, rows, doubts = Reader(args.artifacts / artifacts.ONNX_MODEL), {}, {}
    for file in files:
        labels, readings, ms = read_suite(file, reader)
        rows[file.stem] = row = score(labels, readings, ms)
        doubts[file.stem] = np.array([doubt_of(reading) for reading in readings])
        print(f"{file.stem:10} " + ", ".join(f"{name} {value:g}" for name, value in row.items()), flush=True)
    result = {"suites": rows, "limit": MOST_DOUBT, **artifacts.circumstances()}
    if {*DIGITS, OTHERS} <= doubts.keys():
        digits = np.concatenate([doubts[name] for name in DIGITS])
        result["doubt"] = draw_doubt(args.artifacts, digits, doubts[OTHERS])
    artifacts.write_json(args.artifacts / artifacts.READING, result)
    return 0


def read_suite(file: Path, reader: Reader) -> tuple[list[str], list[Reading], float]:
    """-> the labels, what was read, and milliseconds a picture, decoding included."""
    with np.load(file) as suite:
        data, offsets, labels = suite["data"].tobytes(), suite["offsets"], suite["labels"].tolist()
    start = time.perf_counter()
    readings = [reader.read(Image.open(io.BytesIO(data[begin:end]))) for begin, end in itertools.pairwise(offsets)]
    return labels, readings, (time.perf_counter() - start) * 1e3 / len(labels)


def score(labels: list[str], readings: list[Reading], ms: float) -> dict[str, float]:
    """The share of pictures whose whole text is right; where each shows one digit, its calibration error, too."""
    from train.evaluate import calibration_error

    right = np.array([reading.text == label for label, reading in zip(labels, readings, strict=True)])
    row = {"pictures": len(labels), "right": round(float(right.mean()), 4), "ms": round(ms, 2)}
    digits = [(label, reading.digits[0]) for label, reading in zip(labels, readings, strict=True) if reading.digits]
    if all(len(label) == 1 for label in labels):
        confidence = np.array([digit.probabilities.max() for _, digit in digits])
        same = np.array([str(digit.label) == label for label, digit in digits])
        row["calibration_error"] = round(calibration_error(confidence, same), 4)
        row["refused"] = round(sum(not reading.text for reading in readings) / len(labels), 4)
    return row


def doubt_of(reading: Reading) -> float:
    """How doubtful it is that a picture shows a digit: as its least doubtful mark, and wholly where there is none."""
    return min((digit.doubt for digit in reading.digits), default=1.0)


def draw_doubt(folder: Path, digits: np.ndarray, others: np.ndarray) -> dict:
    """Draw the figure of the doubt with this curve beside that of the training run; -> the numbers."""
    from train import charts, figures
    from train.evaluate import refusal_curve

    curve = refusal_curve(digits, others)
    made = json.loads((folder / artifacts.METRICS).read_text())["doubt"]
    names = {f"{', '.join(DIGITS)}; {OTHERS} by the same writers": curve, "validation pictures; made by program": made}
    figures.save(charts.doubt(names, MOST_DOUBT), folder / artifacts.FIGURES / "doubt.png")
    refused = {"digits_refused": digits, "others_refused": others}
    shares = {name: round(float((doubts > MOST_DOUBT).mean()), 4) for name, doubts in refused.items()}
    print(f"refused: {shares['others_refused']:.1%} of {OTHERS}, {shares['digits_refused']:.2%} of {', '.join(DIGITS)}")
    return {**shares, "curve": curve}


if __name__ == "__main__":
    sys.exit(main())
