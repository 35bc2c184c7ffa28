import io
import zipfile

import numpy as np
import pytest
from conftest import run

import artifacts
from train import data
from train.augment import box


def mnist_like(**changes):
    arrays = {}
    for part, n in data.MNIST_COUNTS.items():
        arrays[f"x_{part}"] = np.zeros((n, 28, 28), np.uint8)
        arrays[f"y_{part}"] = np.arange(n) % 10
    return {**arrays, **changes}


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
