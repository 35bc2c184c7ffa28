import io
import json
import os
import shutil
from itertools import islice

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from conftest import NO_DIGITS, draw, draw_strokes, run
from PIL import Image

from artifacts import (
    FIGURES,
    KERAS_MODEL,
    METRICS,
    ONNX_MODEL,
    PUBLISHED,
    READING,
    ROWS_KERAS_MODEL,
    ROWS_METRICS,
    ROWS_ONNX_MODEL,
    STRIP,
    checksum,
    checksum_file,
)
from export import strip
from export.classifier import Classifier, ModelError
from export.convert import DIGITS, ConversionError, convert
from export.rows import NONE, STEP
from train.data import small_digits
from train.tasks import test_rows as rows_of_test_digits


@pytest.fixture(scope="module")
def pictures():
    return small_digits().test.pictures


def test_onnx_and_keras_agree_on_every_test_picture(exported_run, pictures):
    folder, _ = exported_run
    outputs = keras.models.load_model(folder / KERAS_MODEL).predict(pictures, verbose=0)
    digits, none = outputs[:, :10], outputs[:, 10]
    probabilities, doubt = Classifier(folder / ONNX_MODEL)(pictures)
    assert np.abs(digits - probabilities).max() <= 1e-5
    assert np.abs(1 - digits.max(axis=1) * (1 - none) - doubt).max() <= 1e-5
    assert (digits.argmax(axis=1) == probabilities.argmax(axis=1)).all()


def test_onnx_and_keras_agree_on_rows_of_every_width(exported_run, digits):
    folder, _ = exported_run
    session = onnxruntime.InferenceSession(folder / ROWS_ONNX_MODEL)
    model = keras.models.load_model(folder / ROWS_KERAS_MODEL, compile=False)
    widths = set()
    for rows, _ in islice(rows_of_test_digits(digits), 8):
        expected = keras.ops.softmax(model(rows, training=False))
        (steps,) = session.run(["steps"], {"rows": rows})
        assert np.abs(expected - steps).max() <= 1e-5
        assert steps.shape == (len(rows), rows.shape[2] // STEP, NONE + 1)
        widths.add(rows.shape[2])
    assert len(widths) > 3


def test_the_export_prints_its_proofs(exported_run, pictures):
    _, finished = exported_run
    assert f"same label on all {len(pictures)} test pictures" in finished.stdout
    assert finished.stdout.count("same label on all") == 2


def test_the_export_draws_how_a_photo_is_read(exported_run):
    folder, finished = exported_run
    assert f"{strip.TEXT} is read as" in finished.stdout
    with Image.open(folder / FIGURES / STRIP) as figure:
        assert figure.width >= 900


def test_the_number_in_the_published_figure_is_read_right(tmp_path):
    for name in (ONNX_MODEL, ROWS_ONNX_MODEL):
        shutil.copy(PUBLISHED / name, tmp_path)
    assert strip.draw(tmp_path) == strip.TEXT


def test_the_model_takes_raw_pictures_in_any_number(exported_run):
    session = onnxruntime.InferenceSession(exported_run[0] / ONNX_MODEL)
    (image,) = session.get_inputs()
    assert (image.name, image.type, image.shape[1:]) == ("image", "tensor(uint8)", [28, 28])
    assert {port.name: port.type for port in session.get_outputs()} == {
        "probabilities": "tensor(float)",
        "doubt": "tensor(float)",
    }
    for n in (0, 1, 7):
        outputs = session.run(["probabilities", "doubt"], {"image": np.zeros((n, 28, 28), np.uint8)})
        assert [output.shape for output in outputs] == [(n, 10), (n,)]


@pytest.mark.parametrize(("name", "numbers"), [(ONNX_MODEL, METRICS), (ROWS_ONNX_MODEL, ROWS_METRICS)])
@pytest.mark.parametrize("folder", ["run", "published"])
def test_the_models_say_what_they_are(exported_run, folder, name, numbers):
    folder = exported_run[0] if folder == "run" else PUBLISHED
    metrics = json.loads((folder / numbers).read_text())
    metadata = onnxruntime.InferenceSession(folder / name).get_modelmeta().custom_metadata_map
    assert metadata["data_set"] == metrics["dataset"]
    assert float(metadata["test_accuracy"]) == pytest.approx(metrics["test"]["accuracy"], abs=1e-4)
    assert metadata["seed"] == str(metrics["seed"])
    assert metadata["commit"] == metrics["commit"]
    assert {"date", "licence", "how_to_use"} <= metadata.keys()


def test_a_model_that_differs_is_not_published(offline_run, pictures, tmp_path, monkeypatch):
    for name in (KERAS_MODEL, METRICS):
        shutil.copy(offline_run[0] / name, tmp_path)
    (tmp_path / ONNX_MODEL).write_text("old")
    save = onnx.save

    def save_spoilt(graph, path):
        for weights in graph.graph.initializer:
            if weights.data_type == onnx.TensorProto.FLOAT and len(weights.dims) == 4:
                spoilt = onnx.numpy_helper.to_array(weights) * 1.01
                weights.CopyFrom(onnx.numpy_helper.from_array(spoilt, weights.name))
        save(graph, path)

    monkeypatch.setattr(onnx, "save", save_spoilt)
    with pytest.raises(ConversionError, match="nothing was published"):
        convert(tmp_path, DIGITS, [pictures])
    assert (tmp_path / ONNX_MODEL).read_text() == "old"


def test_an_export_that_is_up_to_date_is_left_alone(exported_run):
    folder, _ = exported_run
    before = (folder / ONNX_MODEL).stat().st_mtime_ns
    finished = run("-m", "export", "--artifacts", folder.parent)
    assert finished.returncode == 0
    assert "up to date" in finished.stdout
    assert (folder / ONNX_MODEL).stat().st_mtime_ns == before


def test_without_a_trained_model_the_export_says_to_train(tmp_path):
    finished = run("-m", "export", "--artifacts", tmp_path)
    assert finished.returncode == 2
    assert "train first" in finished.stderr


def test_a_model_that_is_none_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(ModelError, match="no model at"):
        Classifier(tmp_path / "missing.onnx")
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(os.urandom(1000))
    with pytest.raises(ModelError, match="not an ONNX model"):
        Classifier(broken)


def test_a_truncated_model_is_refused(tmp_path):
    cut = tmp_path / "cut.onnx"
    whole = (PUBLISHED / ONNX_MODEL).read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match="not an ONNX model"):
        Classifier(cut)


@pytest.mark.parametrize("folder", ["exported", "published"])
def test_the_export_leaves_the_checksum_of_the_model(exported_run, folder):
    folder = PUBLISHED if folder == "published" else exported_run[0]
    for name in (ONNX_MODEL, ROWS_ONNX_MODEL):
        assert checksum_file(folder / name).read_text() == checksum(folder / name)


def test_another_model_than_that_of_the_checksum_is_refused(exported_run, tmp_path):
    shutil.copy(exported_run[0] / ONNX_MODEL, tmp_path)
    shutil.copy(checksum_file(PUBLISHED / ONNX_MODEL), tmp_path)
    with pytest.raises(ModelError, match="not the model that was exported"):
        Classifier(tmp_path / ONNX_MODEL)


def test_somebody_elses_model_is_refused(tmp_path):
    port = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["x"], ["y"])], "g", [port], [])
    graph.output.append(onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1]))
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(ModelError, match="not this project's"):
        Classifier(tmp_path / "other.onnx")


def encoded(picture):
    file = io.BytesIO()
    picture.save(file, "png")
    return file.getvalue()


def test_real_pictures_are_counted_and_their_doubts_drawn(tmp_path):
    suites, folder = tmp_path / "suites", tmp_path / "model"
    suites.mkdir()
    folder.mkdir()
    for name in (ONNX_MODEL, ROWS_ONNX_MODEL, METRICS):
        shutil.copy(PUBLISHED / name, folder)
    contents = {
        **{name: [(draw(digit), str(digit)) for digit in (3, 7)] for name in ("sketch", "usps", "photos")},
        "letters": [(draw_strokes(NO_DIGITS[name]), "") for name in ("H", "scribble")],
        "blank": [(Image.new("L", (30, 30), 255), "")],
    }
    contents["usps"][1] = (draw(7), "1")
    for name, rows in contents.items():
        pictures = [encoded(picture) for picture, _ in rows]
        offsets, labels = np.cumsum([0, *map(len, pictures)]), [label for _, label in rows]
        np.savez(suites / name, data=np.frombuffer(b"".join(pictures), np.uint8), offsets=offsets, labels=labels)
    finished = run("-m", "export.suites", suites, "--artifacts", folder)
    assert finished.returncode == 0, finished.stderr
    result = json.loads((folder / READING).read_text())
    right = {name: row["right"] for name, row in result["suites"].items()}
    assert right == {"sketch": 1, "usps": 0.5, "photos": 1, "letters": 1, "blank": 1}
    assert result["doubt"]["digits_refused"] == 0
    assert result["doubt"]["others_refused"] == 1
    assert (folder / FIGURES / "doubt.png").exists()


def test_a_folder_without_suites_is_refused_in_words(tmp_path):
    finished = run("-m", "export.suites", tmp_path)
    assert finished.returncode == 2
    assert "no suite" in finished.stderr
