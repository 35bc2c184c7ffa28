import base64
import io
import json
import re
import shutil
import subprocess
import sys

import gradio as gr
import numpy as np
import pytest
from conftest import STROKES, draw, draw_number, run
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from artifacts import FIGURE_NAMES, METRICS, ONNX_MODEL, PAGE_PICTURE, PUBLISHED
from demo.answer import heat_map
from demo.app import LOOK, TITLE, page
from demo.document import ADDRESS
from demo.examples import EXAMPLES
from demo.pad import MOST_POINTS, answer, rasterise
from demo.picture import answer as picture_answer
from demo.picture import answer_upload
from demo.programs import CURL, PYTHON
from demo.report import DISPUTED, SUITES, USE, headline, seeds_table
from demo.screenshot import serving
from export.reader import Reader


@pytest.fixture(scope="module")
def reader():
    return Reader()


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


def drawing(*strokes, height=640, photo=None, pen=30):
    """Strokes of (x, y) in units as the page sends them."""
    return {
        "height": height,
        "photo": photo,
        "strokes": [{"pen": pen, "erase": False, "points": [side for point in s for side in point]} for s in strokes],
    }


def units(digit, left=400, side=5):
    return [[(left + side * x, 60 + side * y) for x, y in stroke] for stroke in STROKES[digit]]


def test_the_pad_answers_a_drawing(reader):
    result = answer(reader, drawing(*units(2)))
    assert result["text"] == "2"
    (digit,) = result["digits"]
    assert len(base64.b64decode(digit["image"])) == 28 * 28
    left, top, right, bottom = digit["box"]
    assert 0 <= left < right <= result["width"]
    assert 0 <= top < bottom <= result["height"]
    json.dumps(result)


def test_a_blank_surface_has_no_digits(reader):
    assert answer(reader, drawing())["digits"] == []


def test_strokes_are_drawn_where_they_are_and_the_eraser_takes_them_away():
    ink = 255 - rasterise(drawing([(400, 320), (800, 320)], pen=40))
    assert ink.shape == (160, 320)
    rows, columns = ink.nonzero()
    assert (rows.min(), rows.max()) == pytest.approx((75, 85), abs=1)
    assert (columns.min(), columns.max()) == pytest.approx((95, 205), abs=1)
    erased = drawing([(400, 320), (800, 320)])
    erased["strokes"].append({**erased["strokes"][0], "erase": True, "pen": 60})
    assert (rasterise(erased) == 255).all()


def test_a_dot_leaves_ink_and_ink_beyond_the_surface_does_no_harm():
    assert (rasterise(drawing([(640, 320)])) < 128).sum() > 20
    assert (rasterise(drawing([(-500, 320), (4000, -900)])) < 128).any()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["height", "photo", "strokes", "pen", "erase", "points"]), inner)
        ),
    )
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_no_drawing_gets_a_sentence(reader, sent):
    result = answer(reader, sent)
    assert result.get("error", "").endswith(".") or "digits" in result


@pytest.mark.parametrize("height", [-1, 0, 639, 961, 10**9, "640", float("nan")])
def test_a_surface_of_no_sensible_size_gets_a_sentence(reader, height):
    result = answer(reader, {**drawing(), "height": height})
    assert "error" in result or height == "640"


def test_a_drawing_with_too_much_on_it_gets_a_sentence(reader):
    many = drawing([(x % 1280, 320) for x in range(MOST_POINTS + 1)])
    assert "too much" in answer(reader, many)["error"]
    assert "can't be read" in answer(reader, drawing([(0, 0), (1, 1)], photo="../secret"))["error"]
    assert "can't be read" in answer(reader, drawing([(0, 0), (1, 1)], pen=10_000))["error"]
    assert "can't be read" in answer(reader, drawing([(-(2**31), -(2**31))]))["error"]


@pytest.mark.parametrize("height", [640, 960])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_examples_say_what_they_are_said_to(reader, example, height):
    down = (height - 640) // 2
    strokes = [[(x, y + down) for x, y in zip(s[::2], s[1::2], strict=True)] for s in example.strokes]
    assert answer(reader, drawing(*strokes, height=height, photo=example.photo))["text"] == example.text


def test_a_picture_that_lies_on_its_side_comes_back_upright_with_its_boxes(reader):
    picture, exif = draw_number("17", gap=30), Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    file = io.BytesIO()
    picture.transpose(Image.Transpose.ROTATE_90).save(file, "jpeg", exif=exif)
    result = picture_answer(reader, file.getvalue())
    assert (result["text"], result["width"], result["height"]) == ("17", *picture.size)
    drawn = Image.open(io.BytesIO(base64.b64decode(result["picture"].partition(",")[2])))
    assert drawn.size == picture.size
    assert np.ptp(np.asarray(drawn).astype(int), axis=2).max() > 100  # the boxes are in colour


def test_a_file_that_is_no_picture_gets_a_sentence(reader):
    for file in (b"", b"no picture", bytes(10_000_001)):
        assert picture_answer(reader, file)["error"].endswith(".")
    assert answer_upload(reader, {"path": "/etc/passwd"})["error"] == "This is no picture."


def test_a_heat_map_has_as_many_values_as_the_picture_and_bad_ones_get_a_sentence(reader):
    (digit,) = reader.read(draw(5)).digits
    asked = {"image": base64.b64encode(digit.image.tobytes()).decode(), "label": 5}
    heat = heat_map(reader, asked)["heat"]
    assert len(heat) == 28 * 28
    assert max(map(abs, heat)) == 100
    for bad in (None, 7, "%", "AAAA", ["AAAA"]):
        assert "error" in heat_map(reader, bad)
        assert "error" in heat_map(reader, {**asked, "image": bad})
        assert "error" in heat_map(reader, {**asked, "label": 10 if bad == 7 else bad})


def test_the_examples_for_programs_run_and_say_the_same_as_the_command_line(tmp_path):
    draw_number("205", gap=20).save(tmp_path / "number.png")
    (tmp_path / "broken.png").write_text("no picture")
    with serving() as address:
        python, shell = (text.replace(ADDRESS, address.rstrip("/")) for text in (PYTHON, CURL))
        printed = subprocess.run([sys.executable, "-c", python], cwd=tmp_path, capture_output=True, text=True)
        assert re.fullmatch(r"205 (0\.\d+|1\.0)", printed.stdout.splitlines()[-1]), printed.stderr
        refused = subprocess.run(
            [sys.executable, "-c", python.replace("number.png", "broken.png")],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert "can't be read: it is not a picture" in refused.stderr
        printed = subprocess.run(["bash", "-c", shell], cwd=tmp_path, capture_output=True, text=True)
    (result,) = json.loads(printed.stdout)["data"]
    line = json.loads(run("-m", "demo", "--json", tmp_path / "number.png").stdout)
    assert result.pop("milliseconds") > 0
    assert result == {key: value for key, value in line.items() if key in result}
    assert set(line) - set(result) == {"path"}


def test_a_link_to_the_page_shows_the_project_and_its_picture(reader):
    with TestClient(gr.mount_gradio_app(FastAPI(), page(reader), path="/", **LOOK)) as client:
        html = client.get("/").text
        tags = dict(re.findall(r'<meta (?:property|name)="((?:og|twitter):\w+)" content="([^"]*)"', html))
        assert set(tags) == {"og:type", "og:title", "og:description", "og:image", "twitter:card"}
        assert tags["og:title"] == TITLE
        picture = client.get(tags["og:image"])
        assert picture.content == PAGE_PICTURE.read_bytes()
    assert html.count(f"<title>{TITLE}</title>") == html.count("og:title") == 1


def test_the_report_shows_the_saved_numbers_and_figures(reader):
    metrics = json.loads((PUBLISHED / METRICS).read_text())
    shown = "".join(str(part["props"].get("value")) for part in page(reader).get_config_file()["components"])
    assert f"{metrics['test']['accuracy']:.2%}" in shown
    assert f"commit {metrics['commit']}" in shown
    assert all(name in shown and sentence in shown for name, sentence in FIGURE_NAMES.items())
    assert all(f"<td>{name}<small>{words}</small></td>" in shown for name, words in SUITES.items())


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
    seeds = {"runs": runs, "test_accuracy": {"mean": 0.997, "sd": 0.0014}}
    text = seeds_table(seeds, kept=1)
    assert "2 seeds" in text
    assert "99.70% ± 0.14%" in text
    row = "<td>1<small>in use</small></td><td>99.00%</td><td>99.80%</td><td>0.10%</td><td>9 s</td>"
    assert row in text
    tiles = headline(json.loads((PUBLISHED / METRICS).read_text()), seeds, None)
    assert "99.70%" in tiles
    assert "mean of 2 trainings, sd 0.14%" in tiles


def test_the_lines_that_show_how_to_use_the_model_run(reader, tmp_path):
    shutil.copy(PUBLISHED / ONNX_MODEL, tmp_path)
    (digit,) = reader.read(draw(4)).digits
    Image.fromarray(digit.image).save(tmp_path / "digit.png")
    printed = subprocess.run([sys.executable, "-c", USE], cwd=tmp_path, capture_output=True, text=True)
    assert re.fullmatch(r"4 doubt [\d.e-]+\n", printed.stdout), printed.stderr
    assert len(USE.splitlines()) <= 6


def test_the_report_and_the_training_know_of_the_same_disputed_labels():
    from train.evaluate import DISPUTED as PICTURES

    assert len(PICTURES) == DISPUTED
    assert all(sum(votes[::2]) + votes[3] == 5 and votes[0] < 3 for votes in PICTURES.values())


def test_the_page_works_without_a_report(reader, tmp_path):
    assert "no report" in json.dumps(page(reader, tmp_path).get_config_file())
