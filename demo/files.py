"""The command line's reader: files and folders → a line for each picture, and the picture with its reading drawn in."""

import contextlib
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from artifacts import replacing
from demo.annotate import annotate
from demo.workers import in_order
from export.pictures import PictureError, open_picture
from export.reader import Reader
from export.reading import Reading

# Annotated pictures keep these endings; to others .png is appended, for Pillow reads more formats than it writes.
WRITTEN = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"}
SECONDS = 0.5  # between two reports of progress


class TargetError(Exception):
    """Annotated pictures can't be written to the folder that was named; the message is one sentence for people."""


@dataclass(frozen=True)
class Task:
    """A picture to be read, and where to draw its reading, if anywhere."""

    file: Path
    target: Path | None


def read_files(model: Path, paths: list[Path], as_json: bool, out: Path | None, jobs: int) -> int:
    """Print what each picture says; a line on stderr for each that can't be read. -> the exit code, 0 or 2.

    out: a folder for the annotated pictures; jobs: processes. Raises ModelError, TargetError and WorkerError.
    """
    reader = Reader(model)  # also where others read, for what is wrong with the model to be said once
    places = targets(paths, out) if out else [None] * len(paths)
    # Names of files are bytes, and come out as they are.
    sys.stdout.reconfigure(errors="surrogateescape")
    sys.stderr.reconfigure(errors="surrogateescape")
    silence()
    # Only where the lines share the terminal with the progress has it to make room for them.
    say = tqdm.write if sys.stdout.isatty() else print
    failures = 0

    def complain(sentence: object) -> None:
        nonlocal failures
        failures += 1
        tqdm.write(str(sentence), file=sys.stderr)

    tasks = (task for path, place in zip(paths, places, strict=True) for task in tasks_in(path, place, out, complain))
    if jobs == 1:
        results = (read_one(reader, as_json, task) for task in tasks)
    else:
        results = in_order(partial(read_here, as_json), tasks, jobs, start, (model,))
    progress = partial(tqdm, unit="picture", file=sys.stderr, mininterval=SECONDS)
    is_long = any(path.is_dir() for path in paths)
    with contextlib.closing(results), progress(results, disable=not is_long) as lines:
        for said, is_read in lines:
            if is_read:
                say(said)
            else:
                complain(said)
    sys.stdout.flush()
    return 2 if failures else 0


def targets(paths: list[Path], out: Path) -> list[Path]:
    """Where the annotated copy of each file goes, or those of each folder: into `out`, or beside each other below it.

    Makes `out`. Raises TargetError when copies would replace their sources or each other, or can't be written.
    """
    for path in paths:
        if path.resolve().is_relative_to(out.resolve()):
            raise TargetError(f"Annotated pictures can't go to {out}, where {path} is; name a folder of their own.")
    names = [path.resolve().name if path.is_dir() else path.name for path in paths]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise TargetError(f"Two of the paths end in {twice}, and so would their annotated pictures in {out}.")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as reason:
        raise TargetError(f"Annotated pictures can't be written to {out} ({reason.strerror}).") from reason
    return [out] if len(paths) == 1 and paths[0].is_dir() else [out / name for name in names]


def tasks_in(path: Path, place: Path | None, out: Path | None, complain: Callable[[object], None]) -> Iterator[Task]:
    """A file as it is given; of a folder, in order, whatever below it has a picture's ending, but for what is in `out`.

    place: where the annotated copies go, each as its source lies in the folder.
    """
    if not path.is_dir():
        yield Task(path, place and written(place))
        return
    endings = Image.registered_extensions()
    walk = os.walk(path, onerror=lambda reason: complain(f"{reason.filename}: {reason.strerror}"))
    for folder, folders, names in walk:
        below = Path(folder)
        folders[:] = sorted(name for name in folders if not (out and (below / name).resolve() == out.resolve()))
        for name in sorted(names):
            file = below / name
            if file.suffix.lower() in endings and file.is_file():
                yield Task(file, place and written(place / file.relative_to(path)))


def written(target: Path) -> Path:
    """The path with an ending that Pillow can write."""
    return target if target.suffix.lower() in WRITTEN else target.with_name(target.name + ".png")


def start(model: Path) -> None:
    """Make a worker process ready, with a reader of its own."""
    global worker
    silence()
    worker = Reader(model)


def silence() -> None:
    """Pillow's remarks on damaged tags and large pictures name no file."""
    warnings.filterwarnings("ignore", module="PIL")


def read_here(as_json: bool, task: Task) -> tuple[str, bool]:
    """read_one with this worker process's own reader."""
    return read_one(worker, as_json, task)


def read_one(reader: Reader, as_json: bool, task: Task) -> tuple[str, bool]:
    """-> what a picture says, and True; or why it can't be read or its annotated copy not be written, and False."""
    try:
        with open_picture(task.file) as picture:
            reading = reader.read(picture)
            if task.target:
                draw(picture, reading, task.target)
    except PictureError as reason:
        return f"{task.file}: {reason}", False
    return line(task.file, reading, as_json), True


def draw(picture: Image.Image, reading: Reading, target: Path) -> None:
    """Write the annotated picture. Raises PictureError when it can't be written."""
    try:
        with replacing(target) as path:
            annotate(picture, reading).save(path)
    except OSError as reason:
        raise PictureError(f"it can't be drawn to {target} ({reason.strerror or reason})") from reason


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
        "more": reading.more,
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
