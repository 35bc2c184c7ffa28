import ast
import json

import pytest
from conftest import ROOT, run

HEAVY = {"tensorflow", "keras", "matplotlib", "sklearn", "tf2onnx"}
# Which rooms may know which: demo → export → artifacts ← train.
ALLOWED = {
    "artifacts": {"artifacts"},
    "train": {"train", "artifacts"},
    "export": {"export", "artifacts"},
    "demo": {"demo", "export", "artifacts"},
}
EXCEPTIONS = {f"export/{name}.py": {"train"} for name in ("convert", "__main__", "suites", "strip")}
# What the networks learn from is scaled as the reader scales what it shows them.
EXCEPTIONS |= {f"train/{name}.py": {"export"} for name in ("rows", "cutouts", "numbers")}
SERVING = [
    "export.reader",
    "export.classifier",
    "export.ruling",
    "export.paper",
    "export.pen",
    "export.preprocess",
    "export.segment",
    "export.rows",
    "export.session",
    "export.photos",
    "demo.app",
    "demo.files",
    "demo.workers",
    "demo.annotate",
    "demo.pad",
    "demo.server",
]


@pytest.mark.parametrize("module", [*SERVING, "demo.__main__"])
def test_serving_modules_load_nothing_of_training(module):
    listing = f"import sys, json, {module}; print(json.dumps(sorted(sys.modules)))"
    finished = run("-c", listing, GRADIO_ANALYTICS_ENABLED="False")
    assert finished.returncode == 0, finished.stderr
    assert not HEAVY & {name.partition(".")[0] for name in json.loads(finished.stdout)}


def imported_rooms(file):
    for node in ast.walk(ast.parse(file.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        yield from (name.partition(".")[0] for name in names)


@pytest.mark.parametrize("room", ALLOWED)
def test_rooms_import_only_along_the_arrows(room):
    files = sorted((ROOT / room).rglob("*.py"))
    assert files
    for file in files:
        allowed = ALLOWED[room] | EXCEPTIONS.get(str(file.relative_to(ROOT)), set())
        assert not (set(imported_rooms(file)) & ALLOWED.keys()) - allowed, file


def test_all_requirements_are_pinned_and_a_host_needs_no_training():
    for name in ("requirements.txt", "demo/requirements.txt"):
        lines = [line for line in (ROOT / name).read_text().splitlines() if line and line[0] not in "#-"]
        assert lines
        assert all("==" in line for line in lines)
    hosted = {line.partition("==")[0] for line in lines}
    assert not hosted & {"tensorflow", "keras", "matplotlib", "scikit-learn"}


def test_reading_leaves_no_trace_of_telemetry(tmp_path):
    finished = run("-c", "from export.reader import Reader; Reader()", TMPDIR=str(tmp_path))
    assert finished.returncode == 0, finished.stderr
    assert list(tmp_path.iterdir()) == []
