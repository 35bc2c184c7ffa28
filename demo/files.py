"""The command line's reader: files and folders → a line for each picture."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from export.reader import PictureError, Reader, Reading, open_picture


def read_files(reader: Reader, paths: list[Path], as_json: bool) -> int:
    """Print what each picture says; a line on stderr for each that can't be read. -> the exit code, 0 or 2."""
    files = list(pictures_in(paths))
    code = 0
    with tqdm(files, unit="picture", file=sys.stderr, disable=not any(path.is_dir() for path in paths)) as progress:
        for file in progress:
            try:
                with open_picture(file) as picture:
                    reading = reader.read(picture)
            except PictureError as reason:
                tqdm.write(f"{file}: {reason}", file=sys.stderr)
                code = 2
            else:
                tqdm.write(line(file, reading, as_json), file=sys.stdout)
    return code


def pictures_in(paths: list[Path]) -> Iterator[Path]:
    """Files as they are given; of folders, in order, whatever below them has a picture's ending."""
    endings = Image.registered_extensions()
    for path in paths:
        if path.is_dir():
            yield from (file for file in sorted(path.rglob("*")) if file.suffix.lower() in endings and file.is_file())
        else:
            yield path


def line(file: Path, reading: Reading, as_json: bool) -> str:
    """`path<TAB>text<TAB>confidence`, or the same and all that is known of each digit as JSON."""
    if not as_json:
        return f"{file}\t{reading.text}\t{reading.confidence:.4f}"
    return json.dumps({"path": str(file), **to_dict(reading)})


def to_dict(reading: Reading) -> dict:
    """A Reading in the types of JSON."""
    return {
        "text": reading.text,
        "confidence": round(reading.confidence, 4),
        "digits": [
            {
                "label": digit.label,
                "box": list(digit.box),
                "doubt": round(digit.doubt, 4),
                "read": digit.is_read,
                "probabilities": [round(float(p), 4) for p in digit.probabilities],
            }
            for digit in reading.digits
        ],
    }
