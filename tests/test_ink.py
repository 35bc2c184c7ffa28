"""What is ink and what is paper, light, desk and lines, in pictures made of the tests' own strokes."""

import cv2
import numpy as np
import pytest
from conftest import draw_number
from PIL import Image

from export.paper import PEN_SIDE, even_out, find_paper, histogram, polarities, shrunk, square_for, without_surroundings
from export.preprocess import find_inks, levels_in_noise
from export.reader import Reader, surety
from export.reading import Digit
from export.ruling import without_lines


@pytest.fixture(scope="module")
def reader():
    return Reader()


def on_paper(text, pen=9):
    """A number in the middle of a sheet, (600, 900) float32, 40 pen … 220 paper."""
    number = np.asarray(draw_number(text, side=120, pen=pen), np.float32) / 255
    sheet = np.ones((600, 900), np.float32)
    top, left = (600 - number.shape[0]) // 2, (900 - number.shape[1]) // 2
    sheet[top : top + number.shape[0], left : left + number.shape[1]] = number
    return 40 + 180 * sheet


def taken(paper, noise=2.0):
    """The sheet as a camera takes it, with noise and a little blur, (h, w) uint8."""
    grain = np.random.default_rng(0).normal(0, noise, paper.shape)
    return np.clip(cv2.GaussianBlur(paper, (0, 0), 0.8) + grain, 0, 255).astype(np.uint8)


def hand_shadow(paper):
    """The shadow of a hand: neither straight nor wide, and with an edge of some px."""
    mask = np.zeros(paper.shape, np.float32)
    cv2.ellipse(mask, (560, 420), (90, 200), 20, 0, 360, 1, -1)
    return paper * (1 - 0.5 * cv2.GaussianBlur(mask, (0, 0), 6))


def straight_shadow(paper):
    edge = (np.add.outer(np.arange(600) / 3, np.arange(900)) > 500).astype(np.float32)
    return paper * (1 - 0.55 * cv2.GaussianBlur(edge, (0, 0), 5))


def dark_desk(paper):
    corners = np.array([[40, 30], [870, 50], [850, 575], [25, 560]], np.int32)
    covered = cv2.fillPoly(np.zeros(paper.shape, np.float32), [corners], 1.0)
    return paper * covered + 45 * (1 - covered)


def small_note(paper):
    """The sheet at less than half its size, on a desk."""
    desk = np.full(paper.shape, 50, np.float32)
    desk[180:450, 200:605] = cv2.resize(paper, (405, 270), interpolation=cv2.INTER_AREA)
    return desk


def squared(paper):
    ruled = paper.copy()
    ruled[20::55] = ruled[21::55] = np.minimum(ruled[20::55], 90)
    ruled[:, 15::55] = ruled[:, 16::55] = np.minimum(ruled[:, 15::55], 90)
    return ruled


def form_line(paper):
    """A line as black as the pen, on which the number nearly stands."""
    ruled = paper.copy()
    ruled[358:361] = 40
    return ruled


PAPERS = [hand_shadow, straight_shadow, dark_desk, small_note, squared, form_line]


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("inverted", [False, True])
def test_a_number_is_read_on_any_paper_and_in_any_light(reader, paper, inverted):
    picture = taken(paper(on_paper("4702")))
    assert reader.read(Image.fromarray(255 - picture if inverted else picture)).text == "4702"


@pytest.mark.parametrize("paper", PAPERS)
def test_the_polarity_of_a_negative_is_the_opposite(paper):
    picture = taken(paper(on_paper("4702")))
    assert polarities(picture) == [not answer for answer in polarities(255 - picture)]
    assert False in polarities(picture)


@pytest.mark.parametrize("distance", [25, 40, 55])
@pytest.mark.parametrize("light", [straight_shadow, dark_desk])
def test_nothing_is_read_on_empty_squared_paper(reader, distance, light):
    sheet = np.full((600, 900), 220, np.float32)
    for rows in (sheet, sheet.T):
        rows[20::distance] = rows[21::distance] = 185
    assert reader.read(Image.fromarray(taken(0.6 * light(sheet)))).text == ""


@pytest.mark.parametrize("text", ["4702", "58"])
def test_chalk_is_read_where_a_shadow_lies_on_it_too(reader, text):
    board = 255 - on_paper(text)
    assert reader.read(Image.fromarray(taken(straight_shadow(board)))).text == text


def test_of_what_may_be_the_ink_that_with_more_sure_digits_counts():
    def digit(doubt):
        return Digit((0, 0, 9, 9), 1, np.eye(10, dtype=np.float32)[1], doubt, np.zeros((28, 28), np.uint8))

    assert surety([digit(0.01)] * 4) > surety([digit(0.001)]) > surety([digit(0.3)] * 30) > surety([])
    assert surety([digit(0.01), digit(0.9)]) < surety([digit(0.01)])


def test_where_the_pen_cannot_be_told_from_holes_the_surer_reading_counts(reader):
    picture = taken(straight_shadow(on_paper("08", pen=26)))
    assert len(polarities(picture)) == 2
    assert reader.read(Image.fromarray(picture)).text == reader.read(Image.fromarray(255 - picture)).text == "08"


@pytest.mark.parametrize("light", [hand_shadow, straight_shadow, dark_desk])
def test_the_paper_is_found_by_the_width_of_the_pen_whatever_lies_on_it(light):
    sheet = on_paper("4702")
    assert square_for(shrunk(taken(light(sheet)), PEN_SIDE)) == square_for(shrunk(taken(sheet), PEN_SIDE))
    assert square_for(shrunk(taken(on_paper("08", pen=26)), PEN_SIDE)) > square_for(shrunk(taken(sheet), PEN_SIDE))


def test_what_is_lighter_than_paper_can_be_does_not_change_its_level():
    picture = taken(dark_desk(on_paper("4702")))
    counts = histogram(even_out(picture, find_paper(picture)))
    counts[255] = 10 * counts.sum()
    paper, pen = levels_in_noise(counts)
    assert abs(paper - 200) < 10
    assert pen < 150


def test_thick_strokes_are_ink_inside_too():
    sheet = straight_shadow(on_paper("08", pen=26))
    pen = on_paper("08", pen=26) < 100
    assert max((ink[pen] > 0.5).mean() for ink in find_inks(taken(sheet))) > 0.98


def test_evened_paper_is_not_dark_along_a_shadows_edge():
    picture = taken(straight_shadow(np.full((600, 900), 220, np.float32)), noise=0)
    even = even_out(picture, find_paper(picture))
    assert np.quantile(even, 0.01) >= 0.92 * np.median(even)


def test_a_line_goes_and_the_stroke_that_crosses_it_stays():
    ink = np.zeros((100, 400), np.float32)
    ink[60:63] = 1
    ink[20:90, 200:206] = 1
    cleaned = without_lines(ink)
    assert (cleaned[20:90, 200:206] == 1).all()
    assert cleaned[:, :195].sum() == cleaned[:, 211:].sum() == 0


def test_the_roof_of_a_tightly_cropped_7_is_no_line():
    ink = np.zeros((120, 90), np.float32)
    cv2.polylines(ink, [np.array([(0, 4), (86, 4), (30, 118)])], False, 1, 8)
    assert np.array_equal(without_lines(ink), ink)


def test_a_desk_goes_and_what_is_written_stays_even_at_the_border():
    ink = np.zeros((300, 400), np.float32)
    ink[:, :40] = 1
    ink[100:150, 200:206] = ink[0:50, 300:306] = 1
    cleaned = without_surroundings(ink)
    assert cleaned[:, :41].sum() == 0
    assert np.array_equal(cleaned[:, 50:], ink[:, 50:])


def test_ink_that_is_all_there_is_stays_though_it_touches_the_border():
    ink = np.zeros((50, 30), np.float32)
    ink[:, 10:20] = 1
    assert np.array_equal(without_surroundings(ink), ink)
