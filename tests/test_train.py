import contextlib
import csv
import io
import json
import zipfile

import numpy as np
import pytest
from conftest import run
from PIL import Image

import artifacts
from train import data, fit, quick
from train import negatives as no_digits
from train.augment import COARSE, augment, box, scan_coarsely
from train.calibrate import calibrate, fit_temperature, soften
from train.evaluate import calibration_error, evaluate, refusal_curve
from train.model import DOUBTING, OUTPUTS, accuracy, build, loss, read


@pytest.fixture(scope="module")
def digits():
    return data.small_digits()


def mnist_like(**changes):
    arrays = {}
    for part, n in data.MNIST_COUNTS.items():
        arrays[f"x_{part}"] = np.zeros((n, 28, 28), np.uint8)
        arrays[f"y_{part}"] = np.arange(n) % 10
    return {**arrays, **changes}


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
    figures = {f"{artifacts.FIGURES}/{name}" for name in artifacts.FIGURE_NAMES}
    assert published - {artifacts.ONNX_MODEL, artifacts.CHECKSUM} == {
        artifacts.KERAS_MODEL,
        artifacts.METRICS,
        artifacts.HISTORY,
        *figures,
    }


def test_figures_are_wide_enough_to_read(offline_run):
    for name in artifacts.FIGURE_NAMES:
        with Image.open(offline_run[0] / artifacts.FIGURES / name) as figure:
            assert figure.width >= 900


def test_history_has_a_row_for_each_epoch(offline_run):
    folder, _ = offline_run
    rows = list(csv.DictReader((folder / artifacts.HISTORY).open()))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"]
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= rows[0].keys()


def test_mnist_without_network_fails_in_a_sentence(tmp_path):
    finished = run("-m", "train", "--dataset", "mnist", "--artifacts", tmp_path, KERAS_HOME=str(tmp_path))
    assert finished.returncode == 2
    assert "MNIST could not be downloaded" in finished.stderr
    assert "Traceback" not in finished.stderr


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"this is no archive", "not a whole .npz"),
        (b"", "not a whole .npz"),
        (None, "can't be opened"),
    ],
)
def test_a_broken_data_file_is_named_with_its_fault(tmp_path, content, fault):
    file = tmp_path / "mnist.npz"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(data.DataError, match=fault) as caught:
        data.mnist(file)
    assert str(file) in str(caught.value)


def test_a_broken_data_file_ends_the_program_with_2_and_one_sentence(tmp_path):
    file = tmp_path / "broken.npz"
    file.write_text("nothing")
    for module in ("train", "export"):
        (tmp_path / "mnist").mkdir(exist_ok=True)
        (tmp_path / "mnist" / artifacts.KERAS_MODEL).touch()
        artifacts.write_json(tmp_path / "mnist" / artifacts.METRICS, {"dataset": "mnist"})
        finished = run("-m", module, "--data", file, "--artifacts", tmp_path)
        assert finished.returncode == 2
        assert str(file) in finished.stderr
        assert "Traceback" not in finished.stderr


def test_a_truncated_archive_is_refused(tmp_path):
    whole = io.BytesIO()
    np.savez_compressed(whole, x_train=np.random.default_rng(0).integers(0, 255, 9999))
    for keep in (0.3, 0.9):
        file = tmp_path / "cut.npz"
        file.write_bytes(whole.getvalue()[: int(len(whole.getvalue()) * keep)])
        with pytest.raises(data.DataError, match="not a whole"):
            data.read_npz(file)


def test_a_bit_flipped_inside_the_archive_is_noticed(tmp_path):
    file = tmp_path / "flipped.npz"
    np.savez(file, x_train=np.zeros(5000, np.uint8))
    content = bytearray(file.read_bytes())
    content[3000] ^= 1
    file.write_bytes(content)
    with pytest.raises(data.DataError, match="not a whole"):
        data.read_npz(file)


def test_pickled_objects_are_never_loaded(tmp_path):
    file = tmp_path / "pickle.npz"
    np.savez(file, x_train=np.array([{"a": 1}], dtype=object))
    with pytest.raises(data.DataError, match="not a whole"):
        data.read_npz(file)


def test_a_member_that_is_no_array_is_refused(tmp_path):
    file = tmp_path / "text.npz"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x_train.npy", "no array")
    with pytest.raises(data.DataError, match="not a whole"):
        data.read_npz(file)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"x_test": np.zeros((10_000, 28, 28), np.float32)}, "x_test should be uint8"),
        ({"x_train": np.zeros((9, 28, 28), np.uint8)}, "x_train should be uint8"),
        ({"y_train": np.zeros(60_000)}, "y_train should be whole numbers"),
        ({"y_test": np.arange(10_000) % 11}, "y_test are not the digits"),
        ({"y_test": np.zeros(10_000, int)}, "y_test are not the digits"),
    ],
)
def test_arrays_that_are_not_mnist_are_refused(changes, fault):
    with pytest.raises(data.DataError, match=fault):
        data.check(mnist_like(**changes), "here")


def test_a_missing_array_is_named():
    arrays = mnist_like()
    del arrays["y_test"]
    with pytest.raises(data.DataError, match="no array y_test"):
        data.check(arrays, "here")


def test_mnist_is_split_55000_5000_10000_and_stratified(tmp_path):
    file = tmp_path / "mnist.npz"
    np.savez_compressed(file, **mnist_like())
    mnist = data.mnist(file)
    assert [len(part.labels) for part in mnist[1:]] == [55_000, 5_000, 10_000]
    assert np.bincount(mnist.validation.labels).tolist() == [500] * 10


def test_the_small_set_has_mnists_geometry(digits):
    parts = digits[1:]
    assert sum(len(part.labels) for part in parts) == 1797
    left, top, right, bottom = (np.asarray(side) for side in box(digits.train.pictures.astype(np.float32)))
    longer = np.maximum(right - left, bottom - top) + 1
    assert 16 <= np.median(longer) <= 21
    weights = digits.train.pictures.astype(float)
    across = (weights.sum(axis=(0, 1)) @ np.arange(28)) / weights.sum()
    assert across == pytest.approx(14, abs=0.3)


def test_no_picture_is_in_two_parts(digits):
    parts = [{picture.tobytes() for picture in part.pictures} for part in digits[1:]]
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]


def test_augmentation_keeps_the_digit_in_the_picture_and_centred(digits):
    part = digits.train
    varied = augment(part.pictures, part.labels, np.array([1, 2], np.int32)).numpy().astype(float)
    assert varied.shape == part.pictures.shape
    rows = (varied.sum(axis=2) @ np.arange(28)) / varied.sum(axis=(1, 2))
    assert abs(rows - 14).max() < 3.5
    edge = varied[:, [0, -1]].sum() + varied[:, :, [0, -1]].sum()
    assert edge < 0.002 * varied.sum()


def test_augmentation_depends_on_the_seed_alone(digits):
    pictures, labels = digits.train.pictures[:50], digits.train.labels[:50]
    same = [augment(pictures, labels, np.array([3, 4], np.int32)).numpy() for _ in range(2)]
    other = augment(pictures, labels, np.array([3, 5], np.int32)).numpy()
    assert (same[0] == same[1]).all()
    assert (same[0] != other).any(axis=(1, 2)).all()


def test_a_share_of_the_pictures_comes_from_a_coarse_scan(digits):
    ink = digits.train.pictures.astype(np.float32)
    coarse = scan_coarsely(ink, np.array([1, 2], np.int32)).numpy()
    changed = (coarse != ink).any(axis=(1, 2))
    assert changed.mean() == pytest.approx(COARSE, abs=0.04)
    assert coarse.min() >= 0
    assert coarse.max() <= 255


def test_pictures_that_are_no_digits_are_boxed_like_digits_and_repeat_themselves(digits):
    first, again = (no_digits.negatives(digits.train, 60, np.random.default_rng(1)) for _ in range(2))
    assert (first.pictures == again.pictures).all()
    assert set(first.labels) == {no_digits.NO_DIGIT}
    left, top, right, bottom = (np.asarray(side) for side in box(first.pictures.astype(np.float32)))
    assert (np.maximum(right - left, bottom - top) + 1).max() <= 20
    assert min(left.min(), top.min()) >= 4
    assert first.pictures.any(axis=(1, 2)).all()


def test_no_letter_that_is_written_like_a_digit_is_among_those_to_refuse():
    assert not set(no_digits.PRINTED) & set("0123456789BDGIOQSZbgijloqsz|/")


def test_a_curve_without_rounds_is_left_alone_and_rounding_keeps_the_ends():
    stroke = np.array([[0.0, 0.0], [2.0, 8.0], [6.0, 1.0]])
    assert (no_digits.round_off(stroke, 0) == stroke).all()
    rounded = no_digits.round_off(stroke, 3)
    assert (rounded[[0, -1]] == stroke[[0, -1]]).all()
    assert rounded[:, 1].max() < 8


def test_what_is_no_digit_costs_nothing_among_the_ten_and_counts_as_read():
    digit, none = np.eye(OUTPUTS, dtype=np.float32)[[3, 10]]
    outputs = np.full((1, OUTPUTS), 0.1, np.float32)
    outputs[0, 10] = 0.5
    assert float(loss(none[None], outputs)[0]) == pytest.approx(DOUBTING * np.log(2), rel=1e-4)
    assert float(loss(digit[None], outputs)[0]) == pytest.approx(np.log(10) + DOUBTING * np.log(2), rel=1e-4)
    assert float(accuracy(none[None], outputs)[0]) == 1


def test_doubt_grows_with_another_digits_probability_and_with_no_digit():
    outputs = np.zeros((3, OUTPUTS), np.float32)
    outputs[:, :2] = [[1, 0], [0.6, 0.4], [1, 0]]
    outputs[2, 10] = 0.7
    probabilities, doubt = map(np.asarray, read(outputs))
    assert probabilities.shape == (3, 10)
    assert doubt == pytest.approx([0, 0.4, 0.7], abs=1e-6)


def test_a_resumed_run_ends_with_the_numbers_of_an_uninterrupted_one(digits, tmp_path, monkeypatch):
    monkeypatch.setattr(fit, "FEWEST_STEPS", 40)
    small = digits._replace(train=data.Split(digits.train.pictures[:128], digits.train.labels[:128]))
    options = {"epochs": 3, "batch_size": 32, "seed": 5}
    _, whole = fit.fit(small, tmp_path / "whole", **options)

    class Power(fit.Keeper):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)
            if epoch == 0:
                raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(fit, "Keeper", Power)
        with pytest.raises(KeyboardInterrupt):
            fit.fit(small, tmp_path / "cut", **options)
    _, resumed = fit.fit(small, tmp_path / "cut", **options, resume=True)
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


def test_quick_training_learns_and_repeats_itself(digits):
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
