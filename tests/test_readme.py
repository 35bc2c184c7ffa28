"""The numbers in the README are those of the committed artifacts."""

import json
import re

import pytest
from conftest import ROOT

from artifacts import BENCH, LOAD, METRICS, ONNX_MODEL, PUBLISHED, READING, ROWS_METRICS, ROWS_ONNX_MODEL, SEEDS
from export.bench import IN_BROWSER

README, HOSTING = (ROOT / "README.md").read_text(), (ROOT / "demo" / "README.md").read_text()


def expected_rows():
    metrics = json.loads((PUBLISHED / METRICS).read_text())
    bench = json.loads(BENCH.read_text())["rows"]
    reading = json.loads((PUBLISHED / READING).read_text())
    page, bare = bench["python -m demo, start"], bench["bare Gradio page, start"]
    yield f"| MNIST, 10,000 test pictures | {metrics['test']['accuracy']:.2%} |"
    if (PUBLISHED / SEEDS).exists():
        seeds = json.loads((PUBLISHED / SEEDS).read_text())
        mean, deviation = (100 * seeds["test_accuracy"][name] for name in ("mean", "sd"))
        yield f"| … mean of {len(seeds['runs'])} seeds | {mean:.2f} ± {deviation:.2f} % |"
    yield f"| MNIST, 5,000 validation pictures | {metrics['validation']['accuracy']:.2%} |"
    cores = "1 core" if metrics["cores"] == 1 else f"{metrics['cores']} cores"
    yield f"| training | {metrics['epochs']} epochs, {metrics['seconds']:.0f} s on {cores} |"
    size = (PUBLISHED / ONNX_MODEL).stat().st_size / 1e6
    yield f"| network | {metrics['parameters']:,} parameters, {size:.2f} MB as ONNX |"
    rows = json.loads((PUBLISHED / ROWS_METRICS).read_text())
    size = (PUBLISHED / ROWS_ONNX_MODEL).stat().st_size / 1e6
    yield f"| network of rows | {rows['parameters']:,} parameters, {size:.2f} MB |"
    yield f"| … {rows['test']['rows']:,} rows of test digits | {rows['test']['accuracy']:.1%} wholly right |"
    yield f"| calibration error, MNIST test | {metrics['test']['calibration_error']:.2%} |"
    for name, row in reading["suites"].items():
        yield f"| `{name}` | {row['pictures']:,} | {row['right']:.2%} |"
    refused = reading["doubt"]
    yield f"| letters refused | {refused['others_refused']:.1%} |"
    yield f"| digits refused | {refused['digits_refused']:.1%} |"
    for name in (
        "ONNX Runtime, 1 picture",
        "Keras model(x), 1 picture",
        "Reader, 400 × 400 drawing",
        "Reader, number of 8 digits",
        "Reader, 4 digits that touch",
        "Reader, 12-megapixel photo",
        "Heat map of a digit",
    ):
        yield f"| {name} | {bench[name]['ms p50']:.3f} ms |"
    yield f"| folder of sketches, 2 processes | {bench['python -m demo, 2 processes']['sketches/s']} a second |"
    few, many = (bench[f"python -m demo, {files} files"]["MB"] for files in ("1,000", "100,000"))
    yield f"| … their memory after 1,000 and 100,000 files | {few} and {many} MB |"
    browser = {name: row for name, row in bench.items() if name.startswith(IN_BROWSER)}
    for name, row in browser.items():
        yield f"| {name} | {row['ms p50']:.0f} ms |" if "ms p50" in row else f"| {name} | {row['s']:.1f} s |"
    quick = bench["quick training, 5 seeds"]
    yield (
        f"| quick training | {quick['% right on test']:.2f} ± {quick['% sd']:.2f} % of the test pictures "
        f"after {quick['s']:.0f} s, five seeds |"
    )
    yield f"| page up | {page['s']:.1f} s, {page['MB']} MB (a bare Gradio page: {bare['s']:.1f} s, {bare['MB']} MB) |"


@pytest.mark.parametrize("row", list(expected_rows()))
def test_a_row_of_the_readme_is_what_the_artifacts_say(row):
    assert row in README


def expected_rows_on_hosting():
    load = json.loads(LOAD.read_text())
    people, bare, long, abuse, outage, replicas = (
        load[name] for name in ("people", "bare", "long", "abuse", "outage", "replicas")
    )
    yield (
        f"| {people['people']} people who sketch for 60 s | {people['readings']:,} readings, "
        f"{people['readings/s']:.0f}/s, the slowest of a hundred after {people['ms p99'] / 1e3:.1f} s; "
        f"{people['refused and tried again']} refused and tried again, {people['errors']} errors, "
        f"{people['lost']} lost |"
    )
    yield (
        f"| a bare endpoint that reads | the page does {bare['page of bare by processor, %']:.0f} % as much "
        f"in the same time of the processor, {bare['page of bare, %']:.0f} % as much by the clock |"
    )
    yield (
        f"| {long['readings']:,} readings and {long['uploads']:,} uploads | {long['errors']} errors; memory "
        f"{long['growth']:.2f} × that after the first 1,000, open files {long['open files'][0]} and then "
        f"{long['open files'][1]}, {long['left in the temporary folder']} temporary files left |"
    )
    for name in ("pictures", "requests"):
        kind = {"pictures": "damaged and hostile pictures and drawings", "requests": "malformed requests"}[name]
        sentence = "the page lives" if abuse["alive afterwards"] else "the page is dead"
        yield f"| {abuse[name]:,} {kind} | {sentence}, {len(abuse[f'{name}, leaks'])} told what they should not |"
    yield (f"| 100 MB, announced and in chunks | {abuse['100 MB announced']}, {abuse['100 MB in chunks']} |")
    yield f"| slow bodies at once | {abuse['slow bodies refused']} refused after {abuse['… after s']} s |"
    yield f"| readings | {outage['readings']:,} |"
    yield f"| requests that failed and were tried again | {outage['errors']} |"
    yield f"| readings lost | {outage['lost']} |"
    yield (
        f"| readings/s with one replica, with two | {replicas['readings/s with 1']:.0f}, "
        f"{replicas['readings/s with 2']:.0f} |"
    )


@pytest.mark.parametrize("row", list(expected_rows_on_hosting()))
def test_a_row_of_the_page_on_hosting_is_what_the_artifacts_say(row):
    assert row in HOSTING


def test_the_readme_names_every_file_that_there_is():
    files = {path.name for room in ("train", "export", "demo") for path in (ROOT / room).iterdir() if path.is_file()}
    assert {name for name in files - {"__init__.py"} if name not in README} == set()


def test_links_in_the_readme_lead_somewhere():
    for folder, text in ((ROOT, README), (ROOT / "demo", HOSTING)):
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", text):
            assert (folder / target).exists(), target
