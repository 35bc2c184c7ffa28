"""The command line over files and folders: several processes, annotated copies, and its ends."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
from conftest import ROOT, draw, draw_number, run
from PIL import Image

from demo.files import tasks_in
from demo.workers import AHEAD, CHUNK, in_order

PATIENCE = 60  # s for a process to end


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Digits by name, a number in a folder below, a broken file, and a text that is none of our business."""
    folder = tmp_path_factory.mktemp("scans")
    for digit in range(10):
        draw(digit, 100, 7).save(folder / f"{digit}.png")
    (folder / "deeper").mkdir()
    draw_number("42", 100, 7).save(folder / "deeper" / "number.jpg")
    draw(3, 100, 7).save(folder / "deeper" / "page.pgm")
    (folder / "4a.png").write_text("no picture")
    (folder / "notes.txt").write_text("not asked for")
    return folder


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """A folder that takes a while to be read."""
    folder = tmp_path_factory.mktemp("crowd")
    draw(5).save(folder / "0.png")
    for place in range(1, 20_000):
        os.link(folder / "0.png", folder / f"{place}.png")
    return folder


def begin(*arguments):
    """`python -m demo` in a process group of its own, when it has read the first picture."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "demo", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Tests in the background of a script ignore Ctrl-C, and what they start would, too.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout.readline()
    return process


def test_several_processes_say_the_same_in_the_same_order(folder):
    alone, together = (run("-m", "demo", folder, "--json", "--jobs", jobs) for jobs in (1, 3))
    assert alone.returncode == together.returncode == 2
    assert alone.stdout == together.stdout
    results = [json.loads(line) for line in alone.stdout.splitlines()]
    assert [result["text"] for result in results] == [*"0123456789", "42", "3"]
    assert not any(result["more"] for result in results)
    for finished in (alone, together):
        assert f"{folder / '4a.png'}: it is not a picture" in finished.stderr
        assert "picture/s" in finished.stderr
        assert "Traceback" not in finished.stderr


def test_annotated_copies_lie_as_their_sources_do(folder, tmp_path):
    before = {path: path.read_bytes() for path in folder.rglob("*.*")}
    finished = run("-m", "demo", folder, "--annotate", tmp_path / "out", "--jobs", 2)
    assert finished.returncode == 2
    copies = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*")}
    assert copies == {*(f"{digit}.png" for digit in range(10)), "deeper/number.jpg", "deeper/page.pgm.png"}
    assert before == {path: path.read_bytes() for path in folder.rglob("*.*")}
    source, copy = (np.asarray(Image.open(path / "7.png").convert("RGB"), int) for path in (folder, tmp_path / "out"))
    assert copy.shape == source.shape
    assert np.ptp(copy, axis=2).max() > 50 > np.ptp(source, axis=2).max()  # the boxes are in colour


def test_annotated_copies_of_several_paths_lie_beside_each_other(folder, tmp_path):
    finished = run("-m", "demo", folder / "7.png", folder / "deeper", "--annotate", tmp_path)
    assert finished.returncode == 0
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")} == {
        "7.png",
        "deeper/number.jpg",
        "deeper/page.pgm.png",
    }


def test_annotated_copies_are_not_read_when_they_lie_below_their_sources(tmp_path):
    draw(6, 100, 7).save(tmp_path / "6.png")
    for _ in range(2):
        finished = run("-m", "demo", tmp_path, "--annotate", tmp_path / "out")
        assert finished.returncode == 0
        assert len(finished.stdout.splitlines()) == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["6.png"]


def test_annotated_copies_never_replace_a_source_or_each_other(folder, tmp_path):
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "scans").mkdir()
    twin = tmp_path / folder.name
    twin.mkdir()
    for paths, out, reason in (
        ([folder], folder, "name a folder of their own"),
        ([folder / "7.png"], folder, "name a folder of their own"),
        ([folder / "deeper"], folder, "name a folder of their own"),
        ([folder, twin], tmp_path / "out", "end in"),
        ([folder], tmp_path / "file", "can't be written"),
    ):
        finished = run("-m", "demo", *paths, "--annotate", out)
        assert finished.returncode == 2
        assert finished.stdout == ""
        assert reason in finished.stderr
        assert finished.stderr.startswith("demo: ")
        assert finished.stderr.count("\n") == 1


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_ends_cleanly(crowd, jobs):
    process = begin(crowd, "--jobs", jobs)
    workers = psutil.Process(process.pid).children()
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "Traceback" not in stderr
    assert psutil.wait_procs(workers, timeout=PATIENCE)[1] == []


def test_a_killed_worker_ends_the_run_with_a_sentence(crowd):
    process = begin(crowd, "--jobs", 2)
    workers = [child for child in psutil.Process(process.pid).children() if "spawn_main" in " ".join(child.cmdline())]
    assert len(workers) == 2
    workers[0].kill()
    _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert stderr.splitlines()[-1].startswith("demo: A worker process was killed")
    assert "Traceback" not in stderr


def test_no_worker_outlives_a_killed_run(crowd):
    process = begin(crowd, "--jobs", 2)
    workers = psutil.Process(process.pid).children()
    process.kill()
    process.communicate(timeout=PATIENCE)
    assert psutil.wait_procs(workers, timeout=PATIENCE)[1] == []


def test_whoever_stops_listening_gets_no_complaint(crowd):
    process = begin(crowd)
    process.stdout.close()
    stderr = process.stderr.read()
    assert process.wait(PATIENCE) == 1
    assert "Traceback" not in stderr
    assert "BrokenPipe" not in stderr


def test_work_in_flight_is_bounded_and_results_keep_their_order():
    taken = 0

    def items():
        nonlocal taken
        for taken in range(1, 1001):
            yield -taken

    results = in_order(abs, items(), 2, time.sleep, (0,))
    for place, result in enumerate(itertools.islice(results, 500), start=1):
        assert result == place
        assert taken <= place + 2 * AHEAD * CHUNK
    results.close()
    assert taken < 600


def test_a_folder_is_walked_while_it_is_read(folder):
    complaints = []
    tasks = tasks_in(folder, None, None, complaints.append)
    next(tasks)
    draw(1, 100, 7).save(folder / "deeper" / "late.png")
    assert "late.png" in {task.file.name for task in tasks}
    (folder / "deeper" / "late.png").unlink()
    assert complaints == []


def test_a_name_that_is_not_text_comes_out_as_it_is(tmp_path):
    draw(8, 100, 7).save(tmp_path / "8.png")
    os.rename(tmp_path / "8.png", os.fsencode(tmp_path) + b"/\xff8.png")
    for jobs in (1, 2):
        finished = subprocess.run(
            [sys.executable, "-m", "demo", tmp_path, "--jobs", str(jobs)], cwd=ROOT, capture_output=True
        )
        assert finished.returncode == 0
        assert finished.stdout.startswith(os.fsencode(tmp_path) + b"/\xff8.png\t8\t")


@pytest.mark.parametrize("arguments", [["--jobs", "0"], ["--jobs", "many"], ["--json"], ["--annotate", "out"]])
def test_options_that_make_no_sense_are_refused(folder, arguments):
    finished = run("-m", "demo", *([folder] if "--jobs" in arguments else []), *arguments)
    assert finished.returncode == 2
    assert "Traceback" not in finished.stderr
    assert finished.stderr.startswith("usage: ")
