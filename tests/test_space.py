"""The folder that a Space and the Docker image are made from. `make space` proves it with its own packages, too."""

import ast
import http.server
import os
import shlex
import sys
import threading
from pathlib import Path

import pytest
from conftest import ROOT, run

from artifacts import FIGURE_NAMES, FIGURES, ONNX_MODEL, PUBLISHED, ROWS_ONNX_MODEL, checksum_file
from demo import proof, space


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("space")
    (folder / "old.py").write_text("from an earlier time")
    space.write(folder)
    return folder


@pytest.fixture(scope="module")
def dockerfile(folder):
    return proof.steps(folder / "Dockerfile")


def test_the_space_says_how_it_is_to_be_run(folder):
    _, matter, text = (folder / "README.md").read_text().split("---\n")
    settings = dict(line.split(": ", 1) for line in matter.splitlines())
    pins = (folder / "requirements.txt").read_text()
    assert (settings["sdk"], settings["app_file"]) == ("gradio", "app.py")
    assert f"gradio=={settings['sdk_version']}\n" in pins
    assert settings["python_version"] == '"3.11"'
    assert len(settings["short_description"]) <= 60
    assert "MNIST" in text


def test_the_space_has_the_models_their_checksums_and_the_figures_and_no_training(folder):
    published = folder / "artifacts" / PUBLISHED.name
    for name in (ONNX_MODEL, ROWS_ONNX_MODEL):
        assert (published / name).read_bytes() == (PUBLISHED / name).read_bytes()
        assert checksum_file(published / name).exists()
    assert {path.name for path in (published / FIGURES).iterdir()} == set(FIGURE_NAMES)
    assert not (folder / "train").exists()
    assert not (folder / "old.py").exists()
    assert not {"tensorflow", "keras", "matplotlib"} & set((folder / "requirements.txt").read_text().split("=="))
    assert sum(path.stat().st_size for path in folder.rglob("*")) < 10_000_000


def test_all_that_the_spaces_modules_import_of_ours_is_there(folder):
    for file in {*folder.rglob("*.py")} - {folder / "demo" / "cluster.py"}:  # which begins where the whole project is
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module.partition(".")[0] in (
                "demo",
                "export",
                "train",
                "artifacts",
            ):
                path = folder / node.module.replace(".", "/")
                assert path.with_suffix(".py").exists() or path.is_dir(), (file, node.module)


def test_the_app_starts_by_the_dockerfiles_command_and_reads_without_writing(folder, dockerfile, tmp_path):
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "TMPDIR": str(tmp_path)}
    environment |= dict(pair.split("=") for pair in shlex.split(dict(dockerfile)["ENV"]))
    before = proof.state_of(folder)
    command, health = (proof.command_of(dict(dockerfile)[name]) for name in ("CMD", "HEALTHCHECK"))
    assert proof.serve_and_read(command, health, folder, environment, None)[0] == "7"
    assert proof.state_of(folder) == before
    assert list(tmp_path.iterdir()) == []


def test_the_dockerfile_is_plain_slim_and_not_roots(folder, dockerfile):
    names = [name for name, _ in dockerfile]
    assert names == ["FROM", "ENV", "WORKDIR", "COPY", "RUN", "COPY", "USER", "EXPOSE", "HEALTHCHECK", "CMD"]
    values = dict(dockerfile)
    assert values["FROM"] == "python:3.11-slim"
    assert values["USER"] == f"{proof.USER}:{proof.USER}"
    for name, value in dockerfile:
        if name == "COPY":
            assert (folder / value.split()[0]).exists()


@pytest.mark.parametrize(
    ("name", "token", "sentence"),
    [
        ("ann/digits", "", "needs HF_TOKEN"),
        ("digits", "hf_x", "user/name"),
        ("ann/digits/more", "hf_x", "user/name"),
        ("ann/di gits", "hf_x", "user/name"),
        ("ann/digits", "hf_x", "can't be reached"),
    ],
)
def test_what_hinders_an_upload_is_one_sentence(name, token, sentence):
    finished = run("-m", "demo.space", "--deploy", name, HF_TOKEN=token, HF_ENDPOINT="http://127.0.0.1:9")
    assert finished.returncode == 2
    assert sentence in finished.stderr
    assert finished.stderr.startswith("space: ")
    assert finished.stderr.count("\n") == 1


@pytest.mark.parametrize(("status", "sentence"), [(401, "is not accepted"), (403, "may not write to ann/digits")])
def test_a_token_that_is_refused_is_said(status, sentence):
    class Hub(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Hub) as hub:
        threading.Thread(target=hub.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{hub.server_port}"
        finished = run("-m", "demo.space", "--deploy", "ann/digits", HF_TOKEN="hf_x", HF_ENDPOINT=endpoint)
        hub.shutdown()
    assert finished.returncode == 2
    assert sentence in finished.stderr
    assert finished.stderr.count("\n") == 1


def test_the_repository_keeps_the_space_out():
    assert "build/" in (ROOT / ".gitignore").read_text().splitlines()
