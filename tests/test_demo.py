import base64
import io
import json
from dataclasses import replace

import pytest
from conftest import draw, run
from PIL import Image

from artifacts import FIGURE_NAMES, METRICS, PUBLISHED
from demo.answer import render
from demo.app import page
from demo.pad import MOST_BYTES, PREFIX, answer
from demo.report import DISPUTED, headline, seeds_table
from export.reader import MOST_DOUBT, Reader, Reading


@pytest.fixture(scope="module")
def reader():
    return Reader()


def url(picture):
    file = io.BytesIO()
    picture.save(file, "png")
    return PREFIX + base64.b64encode(file.getvalue()).decode()


def test_files_and_folders_are_read_and_bad_ones_named(tmp_path):
    folder = tmp_path / "scans" / "deeper"
    folder.mkdir(parents=True)
    draw(3).save(folder / "three.png")
    draw(8).save(tmp_path / "eight.jpg")
    Image.new("L", (50, 50), 255).save(folder / "blank.png")
    (folder / "broken.png").write_text("no picture")
    (folder / "notes.txt").write_text("not asked for")
    finished = run("-m", "demo", tmp_path / "eight.jpg", tmp_path / "scans", tmp_path / "missing.png")
    assert finished.returncode == 2
    rows = [line.split("\t") for line in finished.stdout.splitlines()]
    assert [(row[0], row[1]) for row in rows] == [
        (str(tmp_path / "eight.jpg"), "8"),
        (str(folder / "blank.png"), ""),
        (str(folder / "three.png"), "3"),
    ]
    assert 0.5 < float(rows[0][2]) <= 1
    assert f"{folder / 'broken.png'}: it is not a picture" in finished.stderr
    assert f"{tmp_path / 'missing.png'}: there is no such file" in finished.stderr
    assert "Traceback" not in finished.stderr
    assert "notes.txt" not in finished.stdout + finished.stderr


def test_json_lines_carry_box_and_probabilities(tmp_path):
    draw(6).save(tmp_path / "six.png")
    finished = run("-m", "demo", "--json", tmp_path / "six.png")
    assert finished.returncode == 0
    assert finished.stderr == ""
    result = json.loads(finished.stdout)
    assert (result["path"], result["text"]) == (str(tmp_path / "six.png"), "6")
    (digit,) = result["digits"]
    assert sum(digit["probabilities"]) == pytest.approx(1, abs=1e-3)
    assert len(digit["box"]) == 4
    assert digit["doubt"] < 0.5
    assert digit["read"] is True


def test_a_missing_model_ends_the_demo_with_a_sentence(tmp_path):
    finished = run("-m", "demo", "--artifacts", tmp_path)
    assert finished.returncode == 2
    assert finished.stderr.startswith("demo: There is no model at")


def test_the_pad_answers_a_drawing(reader):
    html = answer(reader, url(draw(2)))
    assert 'data-reading="2"' in html
    assert html.count("<li") == 10
    assert "data:image/png;base64," in html
    assert " ms" in html


def test_an_empty_canvas_says_draw_a_digit(reader):
    html = answer(reader, url(Image.new("RGB", (400, 400), "white")))
    assert 'data-reading=""' in html
    assert "Draw a digit" in html


@pytest.mark.parametrize("drawing", [None, 3, "", "data:text/html,x", PREFIX + "%", PREFIX, PREFIX + "A" * MOST_BYTES])
def test_what_is_no_drawing_gets_a_sentence(reader, drawing):
    html = answer(reader, drawing)
    assert 'data-reading=""' in html
    assert "can't be read" in html


def test_an_unsure_reading_says_so(reader):
    (digit,) = reader.read(draw(5)).digits
    assert "not sure" in render(Reading([replace(digit, doubt=MOST_DOUBT)]))
    refused = render(Reading([replace(digit, doubt=1.0)]))
    assert "not look like a digit" in refused
    assert 'data-reading=""' in refused
    assert ">?<" in refused


def test_the_report_shows_the_saved_numbers_and_figures(reader):
    metrics = json.loads((PUBLISHED / METRICS).read_text())
    text = headline(metrics, reader.classifier.metadata)
    assert f"{metrics['test']['accuracy']:.2%}" in text
    assert "mnist" in text
    shown = json.dumps(page(reader).get_config_file())
    assert all(name in shown for name in FIGURE_NAMES)
    assert all(f"| {name} |" in shown for name in ("sketch", "usps", "drawn", "photos"))


def test_the_report_tells_the_mean_of_several_seeds():
    runs = [
        {
            "seed": seed,
            "validation_accuracy": 0.99,
            "test_accuracy": right,
            "test_calibration_error": 0.001,
            "seconds": 9,
        }
        for seed, right in ((0, 0.996), (1, 0.998))
    ]
    text = seeds_table({"runs": runs, "test_accuracy": {"mean": 0.997, "sd": 0.0014}})
    assert "2 seeds: 99.70% ± 0.14%" in text
    assert "| 1 | 99.00% | 99.80% | 0.10% | 9 s |" in text


def test_the_report_and_the_training_know_of_the_same_disputed_labels():
    from train.evaluate import DISPUTED as PICTURES

    assert len(PICTURES) == DISPUTED
    assert all(sum(votes[::2]) + votes[3] == 5 and votes[0] < 3 for votes in PICTURES.values())


def test_the_page_works_without_a_report(reader, tmp_path):
    assert "no report" in json.dumps(page(reader, tmp_path).get_config_file())
