"""python -m export.bench: how fast model, reader, page and training are on this machine → artifacts/bench.json."""

import contextlib
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
import psutil
from PIL import Image

from artifacts import BENCH, KERAS_MODEL, METRICS, PUBLISHED, ROOT, SEEDS, circumstances, write_json
from export.classifier import Classifier
from export.explain import explain
from export.photos import STROKES, trace, vary
from export.reader import Reader

PACKAGES = ("onnxruntime", "tensorflow", "keras", "gradio", "numpy")
QUICK_SEEDS = 5
IN_BROWSER = "In the browser: "  # so begin the rows that demo.bench measures, which are kept
STARTS = 3  # the fastest of so many
SKETCHES = 4000  # that are read from files, of so many different ones …
DIFFERENT = 200
FEW, MANY = 1_000, 100_000  # small files, to see whether memory grows with their number
JOBS = 2
BARE_PAGE = (
    "import sys, gradio\nwith gradio.Blocks() as page: gradio.Markdown('nothing')\n"
    "page.launch(server_port=int(sys.argv[1]), quiet=True)"
)


def main() -> None:
    rows = {**model_speed(), **reader_speed(), **files_speed(), **page_start(), **training()}
    kept = json.loads(BENCH.read_text())["rows"] if BENCH.exists() else {}
    rows |= {name: row for name, row in kept.items() if name.startswith(IN_BROWSER)}
    result = {"rows": rows, "versions": {name: version(name) for name in PACKAGES}, **circumstances()}
    write_json(BENCH, result)
    width = max(map(len, rows))
    for name, row in rows.items():
        print(f"{name:{width}}  " + ", ".join(f"{value:g} {unit}" for unit, value in row.items()))
    print(f"{result['processor']}, {result['cores']} cores; written to {BENCH.relative_to(ROOT.parent)}")


def percentiles(function: Callable[[], object], n: int) -> dict[str, float]:
    """Milliseconds of one call, the median and the 99th percentile of `n`, after a tenth as many to warm up."""
    times = []
    for i in range(-n // 10, n):
        start = time.perf_counter()
        function()
        if i >= 0:
            times.append(time.perf_counter() - start)
    p50, p99 = np.percentile(times, [50, 99]) * 1e3
    return {"ms p50": round(p50, 4), "ms p99": round(p99, 4)}


def model_speed() -> dict[str, dict[str, float]]:
    """The network alone, in ONNX Runtime on one thread and in Keras, on the same pictures."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    pictures = np.random.default_rng(0).integers(0, 256, (256, 28, 28), dtype=np.uint8)
    classifier, model = Classifier(), keras.models.load_model(PUBLISHED / KERAS_MODEL)
    batch = percentiles(lambda: classifier(pictures), 30)["ms p50"]
    one = pictures[:1]
    return {
        "ONNX Runtime, 1 picture": percentiles(lambda: classifier(one), 5000),
        "ONNX Runtime, 256 pictures": {"pictures/s": round(256 / batch * 1e3)},
        "Keras model(x), 1 picture": percentiles(lambda: model(one, training=False), 200),
        "Keras predict(x), 1 picture": percentiles(lambda: model.predict(one, verbose=0), 50),
    }


def reader_speed() -> dict[str, dict[str, float]]:
    """From picture to Reading: a drawn digit, a drawn number, and a photo of one that is to be decoded, too."""
    digit, number, touching = (np.full((h, w), 255, np.uint8) for h, w in ((400, 400), (200, 1000), (200, 340)))
    photo = np.full((3000, 4000), 200, np.uint8)
    seven = np.array([[110, 90], [280, 90], [200, 320]])
    cv2.polylines(digit, [seven], False, 0, 16, cv2.LINE_AA)
    for place in range(8):
        cv2.polylines(number, [seven // 3 + np.array([120 * place, 20])], False, 0, 8, cv2.LINE_AA)
        cv2.polylines(photo, [seven + np.array([400 * place + 300, 1200])], False, 60, 20, cv2.LINE_AA)
    for place in range(4):
        cv2.polylines(touching, [seven // 3 + np.array([56 * place, 20])], False, 0, 8, cv2.LINE_AA)
    noise = np.random.default_rng(0).integers(-8, 9, photo.shape, np.int16)
    file = io.BytesIO()
    Image.fromarray((photo + noise).clip(0, 255).astype(np.uint8)).save(file, "jpeg")
    pictures, reader = [Image.fromarray(each) for each in (digit, number, touching)], Reader()
    (seven,) = reader.read(pictures[0]).digits
    return {
        "Reader, 400 × 400 drawing": percentiles(lambda: reader.read(pictures[0]), 500),
        "Reader, number of 8 digits": percentiles(lambda: reader.read(pictures[1]), 200),
        "Reader, 4 digits that touch": percentiles(lambda: reader.read(pictures[2]), 200),
        "Reader, 12-megapixel photo": percentiles(lambda: reader.read(Image.open(file)), 20),
        "Heat map of a digit": percentiles(lambda: explain(reader.classifier, seven.image, 7), 100),
    }


def files_speed() -> dict[str, dict[str, float]]:
    """python -m demo with JOBS processes on a folder of sketches, and its memory on few files and on many."""
    with tempfile.TemporaryDirectory() as scratch:
        folders = [Path(scratch, name) for name in ("sketches", "few", "many")]
        for folder, files, side in zip(folders, (SKETCHES, FEW, MANY), (400, 28, 28), strict=True):
            fill(folder, files, side)
        rows = [read_folder(folder) for folder in folders]
    return {
        f"python -m demo, {JOBS} processes": {"sketches/s": round(SKETCHES / rows[0]["s"])},
        f"python -m demo, {FEW:,} files": rows[1],
        f"python -m demo, {MANY:,} files": rows[2],
    }


def fill(folder: Path, files: int, side: int) -> None:
    """A folder of `files` sketches of digits, `side` px square, the DIFFERENT first ones linked again and again."""
    folder.mkdir()
    for place in range(files):
        file = folder / f"{place:06}.png"
        if place < DIFFERENT:
            strokes = vary(STROKES[place % 10], np.random.default_rng(place))
            strokes = [(stroke * 0.8 + 0.5) * side for stroke in strokes]
            ink = trace(strokes, side * (0.03 + 0.04 * place / DIFFERENT), (side, side))
            Image.fromarray((255 * (1 - ink)).astype(np.uint8)).save(file)
        else:
            os.link(folder / f"{place % DIFFERENT:06}.png", file)


def read_folder(folder: Path) -> dict[str, float]:
    """Seconds, and the most memory that all processes had together; what they share is counted for each."""
    command = [sys.executable, "-m", "demo", str(folder), "--jobs", str(JOBS)]
    start, most = time.perf_counter(), 0
    with psutil.Popen(command, cwd=ROOT.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            with contextlib.suppress(psutil.NoSuchProcess):
                most = max(most, sum(one.memory_info().rss for one in [process, *process.children()]))
            time.sleep(0.05)
    if process.returncode:
        raise SystemExit(f"bench: python -m demo stopped with exit code {process.returncode}")
    return {"s": round(time.perf_counter() - start, 2), "MB": round(most / 1e6)}


def page_start() -> dict[str, dict[str, float]]:
    """From the start of the process to the first answered request, beside a Gradio page with nothing on it."""
    return {
        "python -m demo, start": start_of(["-m", "demo", "--port"]),
        "bare Gradio page, start": start_of(["-c", BARE_PAGE]),
    }


def start_of(command: list[str]) -> dict[str, float]:
    """Seconds until a server answers, the fastest of STARTS, and its memory then; the port is the last argument."""
    runs = [start_once(command) for _ in range(STARTS)]
    return min(runs, key=lambda run: run["s"])


def start_once(command: list[str]) -> dict[str, float]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False"}
    start = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, *command, str(port)], cwd=ROOT.parent, env=environment, stdout=subprocess.DEVNULL
    )
    try:
        while server.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read()
            except urllib.error.URLError:
                time.sleep(0.01)
            else:
                seconds = time.perf_counter() - start
                return {"s": round(seconds, 2), "MB": round(psutil.Process(server.pid).memory_info().rss / 1e6)}
        raise SystemExit(f"bench: the server stopped with exit code {server.returncode}")
    finally:
        server.terminate()
        server.wait()


def training() -> dict[str, dict[str, float]]:
    """Seconds and result of the published run, and of quick training with QUICK_SEEDS seeds where MNIST is at hand."""
    metrics = json.loads((PUBLISHED / METRICS).read_text())
    rows = {
        "training, published run": {"s": metrics["seconds"], "% right on test": percent(metrics["test"]["accuracy"])}
    }
    with tempfile.TemporaryDirectory() as scratch:
        options = ["--quick", "--seeds", str(QUICK_SEEDS), "--dataset", "mnist", "--artifacts", scratch]
        finished = subprocess.run(
            [sys.executable, "-m", "train", *options], cwd=ROOT.parent, capture_output=True, text=True
        )
        if finished.returncode:
            print(f"bench: no quick training: {finished.stderr.splitlines()[-1]}", file=sys.stderr)
            return rows
        seeds = json.loads((Path(scratch) / "mnist-quick" / SEEDS).read_text())
    right = seeds["test_accuracy"]
    rows[f"quick training, {QUICK_SEEDS} seeds"] = {
        "s": round(seeds["seconds"]["mean"], 1),
        "% right on test": percent(right["mean"]),
        "% sd": percent(right["sd"]),
    }
    return rows


def percent(share: float) -> float:
    return round(100 * share, 3)


if __name__ == "__main__":
    main()
