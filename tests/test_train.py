import contextlib
import csv
import json
import signal
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, run
from PIL import Image

import artifacts
from train import batches, data, figures, fit, quick, tasks
from train.calibrate import calibrate, fit_temperature, soften
from train.data import CLASSES
from train.evaluate import calibration_error, evaluate, refusal_curve
from train.model import DOUBTING, OUTPUTS, accuracy, build, build_rows, loss, read

FIGURES = artifacts.FIGURE_NAMES.keys() - {artifacts.STRIP}  # that a run leaves


def test_a_run_without_network_says_so_and_trains_on_the_small_set(offline_run):
    folder, finished = offline_run
    assert "NOT TRAINING ON MNIST" in finished.stderr
    assert "MNIST_NPZ" in finished.stderr
    metrics = json.loads((folder / artifacts.METRICS).read_text())
    assert metrics["dataset"] == "digits"
    assert metrics["test"]["accuracy"] > 0.97


def test_a_run_leaves_every_artifact_and_nothing_temporary(offline_run):
    folder, _ = offline_run
    left = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    published = {name for name in left if not name.startswith(artifacts.RUN)}
    figures = {f"{artifacts.FIGURES}/{name}" for name in FIGURES}
    models = [Path(artifacts.ONNX_MODEL), Path(artifacts.ROWS_ONNX_MODEL)]
    exported = {str(each) for model in models for each in (model, artifacts.checksum_file(model))}
    exported.add(f"{artifacts.FIGURES}/{artifacts.STRIP}")
    assert published - exported == {
        artifacts.KERAS_MODEL,
        artifacts.METRICS,
        artifacts.HISTORY,
        artifacts.ROWS_KERAS_MODEL,
        artifacts.ROWS_METRICS,
        *figures,
    }


def test_figures_are_wide_enough_to_read(offline_run):
    for name in FIGURES:
        with Image.open(offline_run[0] / artifacts.FIGURES / name) as figure:
            assert figure.width >= 900


def test_history_has_a_row_for_each_epoch(offline_run):
    folder, _ = offline_run
    rows = list(csv.DictReader((folder / artifacts.HISTORY).open()))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= rows[0].keys()


def test_what_is_no_digit_costs_nothing_among_the_ten_and_counts_as_read():
    digit, none = np.eye(OUTPUTS, dtype=np.float32)[[3, 10]]
    outputs = np.full((1, OUTPUTS), 0.1, np.float32)
    outputs[0, 10] = 0.5
    assert float(loss(none[None], outputs)[0]) == pytest.approx(DOUBTING * np.log(2), rel=1e-4)
    assert float(loss(digit[None], outputs)[0]) == pytest.approx(DOUBTING * np.log(2) + np.log(10), rel=1e-4)
    part = 0.7 * digit + 0.3 * none
    assert float(loss(part[None], outputs)[0]) == pytest.approx(DOUBTING * np.log(2) + 0.7 * np.log(10), rel=1e-4)
    assert float(accuracy(none[None], outputs)[0]) == 1


def test_doubt_grows_with_another_digits_probability_and_with_no_digit():
    outputs = np.zeros((3, OUTPUTS), np.float32)
    outputs[:, :2] = [[1, 0], [0.6, 0.4], [1, 0]]
    outputs[2, 10] = 0.7
    probabilities, doubt = map(np.asarray, read(outputs))
    assert probabilities.shape == (3, 10)
    assert doubt == pytest.approx([0, 0.4, 0.7], abs=1e-6)


@pytest.mark.parametrize("network", ["digits", "rows"])
def test_a_resumed_run_ends_with_the_numbers_of_an_uninterrupted_one(network, digits, tmp_path, monkeypatch):
    monkeypatch.setattr(batches, "FEWEST_STEPS", 12)
    monkeypatch.setattr(tasks, "FEWEST_STEPS", 4)
    monkeypatch.setattr(tasks, "HELD_OUT", 2)
    small = digits._replace(train=data.Split(digits.train.pictures[:128], digits.train.labels[:128]))
    task = tasks.digits(small, 32, 5) if network == "digits" else tasks.rows_of_digits(small, 5)
    options = {"epochs": 3, "seed": 5}
    _, whole = fit.fit(task, tmp_path / "whole", **options)

    class Power(fit.Keeper):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)
            if epoch == 0:
                raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(fit, "Keeper", Power)
        with pytest.raises(KeyboardInterrupt):
            fit.fit(task, tmp_path / "cut", **options)
    _, resumed = fit.fit(task, tmp_path / "cut", **options, resume=True)
    assert len(resumed) == 3
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        assert [row[name] for row in resumed] == pytest.approx([row[name] for row in whole], rel=1e-5)


def test_resuming_needs_the_same_settings(digits, tmp_path):
    artifacts.write_json(tmp_path / fit.SETTINGS, {"seed": 1})
    (tmp_path / fit.STATE).touch()
    with pytest.raises(fit.ResumeError, match="had seed 1"):
        fit.restore(tmp_path, {"seed": 2}, 10)
    with pytest.raises(fit.ResumeError, match="no run to resume"):
        fit.restore(tmp_path / "elsewhere", {}, 10)


def test_of_several_seeds_the_best_by_validation_is_kept(tmp_path):
    finished = run(
        "-m", "train", "--dataset", "digits", "--quick", "--seeds", "2", "--jobs", "2", "--artifacts", tmp_path
    )
    assert finished.returncode == 0, finished.stderr
    folder = tmp_path / "digits-quick"
    seeds = json.loads((folder / artifacts.SEEDS).read_text())
    kept = json.loads((folder / artifacts.METRICS).read_text())
    assert [row["seed"] for row in seeds["runs"]] == [0, 1]
    assert kept["validation"]["accuracy"] == max(row["validation_accuracy"] for row in seeds["runs"])
    values = [row["test_accuracy"] for row in seeds["runs"]]
    assert seeds["test_accuracy"]["mean"] == pytest.approx(np.mean(values))
    assert seeds["test_accuracy"]["sd"] == pytest.approx(np.std(values) * np.sqrt(2))


def test_a_run_of_several_that_is_killed_leaves_no_process_behind(tmp_path):
    arguments = ["-m", "train", "--dataset", "digits", "--jobs", "2", "--artifacts", str(tmp_path)]
    process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    folders = [tmp_path / "digits" / ".run" / name for name in ("rows", "seed-0")]
    while not all((folder / fit.SETTINGS).exists() for folder in folders):
        assert process.poll() is None
        time.sleep(0.1)
    workers = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in output
    assert len(workers) >= 2
    deadline = time.monotonic() + 10
    while (
        living := [worker for worker in workers if Path(f"/proc/{worker}").exists()]
    ) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not living


def test_quick_training_learns_and_repeats_itself(digits, monkeypatch):
    monkeypatch.setattr(quick, "FEWEST_STEPS", 150)
    first, history = quick.fit(digits, seed=3)
    assert history[-1]["val_accuracy"] > 0.95
    again, _ = quick.fit(digits, seed=3)
    same = zip(first.get_weights(), again.get_weights(), strict=True)
    assert all(np.array_equal(one, other) for one, other in same)


def test_evaluation_counts_by_hand():
    labels = np.array([0, 0, 1, 2])
    probabilities = np.full((4, 10), 0.01)
    for row, label in enumerate((0, 1, 1, 2)):
        probabilities[row, label] = 0.91
    result = evaluate(probabilities, labels)
    assert result["accuracy"] == 0.75
    assert result["error_per_class"][:3] == [0.5, 0, 0]
    assert result["confusion_matrix"][0][:2] == [1, 1]
    assert result["loss"] == pytest.approx(-(3 * np.log(0.91) + np.log(0.01)) / 4)


def test_the_temperature_that_made_probabilities_too_sure_is_found():
    rng = np.random.default_rng(0)
    honest = soften(rng.dirichlet(np.ones(10), 4000), 0.7)
    labels = np.array([rng.choice(10, p=row) for row in honest])
    assert fit_temperature(soften(honest, 0.5), labels) == pytest.approx(2, rel=0.1)


def test_calibrating_a_network_changes_what_it_is_sure_of_and_no_label(digits):
    model = build()
    before = np.asarray(read(model.predict(digits.validation.pictures, verbose=0))[0])
    temperature = calibrate(model, digits.validation)
    after = np.asarray(read(model.predict(digits.validation.pictures, verbose=0))[0])
    assert after == pytest.approx(soften(before, temperature), abs=1e-5)
    assert evaluate(after, digits.validation.labels)["loss"] <= evaluate(before, digits.validation.labels)["loss"]


def test_calibration_error_by_hand():
    confidence = np.array([0.95, 0.95, 0.95, 0.95, 0.55])
    right = np.array([True, True, True, False, True])
    assert calibration_error(confidence, right) == pytest.approx((4 * 0.2 + 0.45) / 5)
    assert calibration_error(np.ones(3), np.ones(3, bool)) == 0


def test_the_refusal_curve_counts_by_hand():
    digits, others = np.linspace(0, 1, 1001), np.array([0.95, 0.995, 0.2, 0.98])
    curve = refusal_curve(digits, others, points=4)
    assert curve["digits_refused"] == [0.001, 0.01, 0.1, 1.0]
    assert curve["limit"] == pytest.approx([0.999, 0.99, 0.9, 0])
    assert curve["others_refused"] == [0, 0.25, 0.75, 1]


def test_a_failed_write_leaves_the_old_file(tmp_path):
    file = tmp_path / "model.keras"
    file.write_text("old")
    with contextlib.suppress(RuntimeError), artifacts.replacing(file) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_the_figure_of_rows_says_of_each_row_what_it_shows(digits, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(figures.galleries, "rows", lambda *columns: drawn.extend(zip(*columns, strict=True)))
    monkeypatch.setattr(figures, "save", lambda *_: None)
    figures.draw_rows(tmp_path / "rows.png", digits, build_rows())
    shown = {row[:, :40].tobytes(): text for row, text, _ in drawn}
    for rows, labels in islice(tasks.test_rows(digits), 8):
        for row, label in zip(rows, labels, strict=True):
            text = shown.pop(row[:, :40].tobytes(), None)
            assert text in (None, "".join(map(str, label[label != CLASSES])))
    assert not shown
