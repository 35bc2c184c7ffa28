"""Whole numbers, from pictures that the tests make of their own strokes."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from conftest import NO_DIGITS, draw_number, draw_strokes
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from export.marks import among_digits, is_one_mark, without_commas
from export.preprocess import find_inks, turned
from export.reader import TURNS, Reader
from export.reading import MOST_DOUBT, Digit
from export.segment import Line, find_lines, tidy


@pytest.fixture(scope="module")
def reader():
    return Reader()


def shade(picture, kind):
    """The same writing on other paper: light falling off, a shadow's edge, noise and blur, ruled in grey."""
    paper = np.asarray(picture, np.float32)
    h, w = paper.shape
    if kind == "gradient":
        paper = paper * np.linspace(0.45, 1, w, dtype=np.float32)
    elif kind == "shadow":
        edge = cv2.GaussianBlur((np.add.outer(np.arange(h) / 2, np.arange(w)) > 0.55 * w).astype(np.float32), (0, 0), 9)
        paper = paper * (1 - 0.5 * edge)
    elif kind == "noise":
        noise = np.random.default_rng(0).normal(0, 6, paper.shape)
        paper = cv2.GaussianBlur(0.35 * paper + 110 + noise.astype(np.float32), (0, 0), 1.5)
    return Image.fromarray(np.clip(paper, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("text", ["2026", "10", "77", "0123456789", "3804571"])
def test_spaced_digits_are_read_in_their_order(reader, text):
    reading = reader.read(draw_number(text))
    assert reading.text == text
    lefts = [digit.box[0] for digit in reading.digits]
    assert lefts == sorted(lefts)


@pytest.mark.parametrize("kind", ["gradient", "shadow", "noise"])
def test_light_and_noise_change_nothing(reader, kind):
    assert reader.read(shade(draw_number("4702"), kind)).text == "4702"


@given(
    margin=st.integers(0, 300),
    scale=st.floats(0.5, 3),
    inverted=st.booleans(),
    shift=st.integers(0, 60),
)
@settings(max_examples=25, deadline=None)
def test_size_margin_place_and_polarity_change_nothing(margin, scale, inverted, shift):
    picture = ImageOps.expand(draw_number("7204", side=100, pen=8), (margin + shift, margin, margin, margin), 255)
    picture = picture.resize([round(side * scale) for side in picture.size], Image.Resampling.LANCZOS)
    assert Reader().read(ImageOps.invert(picture) if inverted else picture).text == "7204"


@given(
    text=st.sampled_from(["7204", "3915", "86", "5"]),
    angle=st.floats(0, 2 * np.pi),
    darkest=st.floats(0.5, 1),
    inverted=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_light_that_falls_off_to_one_side_changes_nothing(text, angle, darkest, inverted):
    picture = np.asarray(ImageOps.expand(draw_number(text, side=120, pen=9), 40, 255), np.float32)
    across = [np.linspace(-1, 1, side, dtype=np.float32) for side in picture.shape]
    towards = np.add.outer(across[0] * np.sin(angle), across[1] * np.cos(angle)) / 2**0.5
    paper = 0.9 * picture + 20
    lit = Image.fromarray(
        ((255 - paper if inverted else paper) * (darkest + (1 - darkest) * (1 + towards) / 2)).astype(np.uint8)
    )
    assert Reader().read(lit).text == text


@given(
    text=st.sampled_from(["7204", "3915", "86", "5"]),
    ink=st.sampled_from([(0, 0, 0), (255, 255, 255), (20, 40, 160), (240, 220, 90)]),
    hidden=st.tuples(*[st.integers(0, 255)] * 3),
)
@settings(max_examples=25, deadline=None)
def test_strokes_on_nothing_read_alike_whatever_the_colour_that_is_not_seen(text, ink, hidden):
    opacity = ImageOps.invert(draw_number(text, side=100, pen=8))
    picture = Image.new("RGBA", opacity.size, (*hidden, 0))
    picture.paste(Image.new("RGB", opacity.size, ink), mask=opacity)
    picture.putalpha(opacity)
    assert Reader().read(picture).text == text


def test_two_lines_and_a_column_are_read_from_top_to_bottom(reader):
    lines = [np.asarray(draw_number(text, side=140, pen=9)) for text in ("208", "745")]
    assert reader.read(Image.fromarray(np.vstack(lines))).text == "208745"
    column = np.vstack([np.asarray(draw_number(digit, side=140, pen=9)) for digit in "4072"])
    assert reader.read(Image.fromarray(column)).text == "4072"


def test_digits_that_touch_are_told_apart(reader):
    touching = [text for text in ("20", "53", "38", "62", "08") if reader.read(draw_number(text, gap=-16)).text == text]
    assert len(touching) >= 3


def test_a_digit_in_pieces_is_one_digit(reader):
    roof, body = [(70, 12), (36, 12)], [(32, 20), (30, 44), (54, 42), (72, 58), (66, 80), (46, 90), (26, 82)]
    assert reader.read(draw_strokes([roof, body], pen=10)).text == "5"


def test_an_eight_of_two_rings_is_one_digit_and_two_zeros_further_apart_are_two(reader):
    def rings(apart):
        around = np.linspace(0, 2 * np.pi, 40)[:, None]
        ring = 18 * np.hstack([np.cos(around), np.sin(around)])
        return draw_strokes([np.add(ring, (50, y)).astype(int) for y in (25, 25 + apart)], pen=9)

    assert reader.read(rings(46)).text == "8"
    assert reader.read(rings(56)).text == "00"


def test_dots_commas_and_dashes_are_no_digits(reader):
    picture = np.asarray(draw_number("1250", side=160, pen=10)).copy()
    cv2.circle(picture, (picture.shape[1] // 2, 145), 7, 0, -1, cv2.LINE_AA)
    cv2.line(picture, (picture.shape[1] - 18, 80), (picture.shape[1] - 2, 80), 0, 8, cv2.LINE_AA)
    assert reader.read(Image.fromarray(picture)).text == "1250"


def test_boxes_hold_their_digits_in_px_of_the_picture(reader):
    picture = draw_number("27", side=600, pen=30)
    for digit, place in zip(reader.read(picture).digits, (0, 1), strict=True):
        left, top, right, bottom = digit.box
        assert place * 600 < left < right < (place + 1) * 600
        ink = np.argwhere(np.asarray(picture)[:, place * 600 : (place + 1) * 600] < 128)
        assert (top, bottom) == pytest.approx((ink[:, 0].min(), ink[:, 0].max() + 1), abs=12)


def test_letters_are_not_cut_into_digits(reader):
    assert [name for name in NO_DIGITS if reader.read(draw_strokes(NO_DIGITS[name])).text] == []


def strips(n):
    """A line of `n` pieces beside each other, each 6 px wide and 64 high."""
    pieces = np.tile(np.repeat(np.arange(1, n + 1), 6), (64, 1))
    return tidy(Line(np.ones(pieces.shape, np.float32), pieces, np.zeros((n + 1, 4), int), 0, 0, 1.0, 64.0))


def test_a_digit_has_few_pieces_and_is_not_wider_than_digits_are():
    spans = set(strips(20).may_be_digits())
    assert {(1, 1), (1, 6), (15, 20), (20, 20)} <= spans
    assert (1, 7) not in spans
    wide = replace(strips(6), height=16)  # 26 px is the widest
    assert {(1, 4), (3, 6)} <= set(wide.may_be_digits())
    assert (1, 5) not in set(wide.may_be_digits())


def marks(*doubts, height=64):
    """Read as fives 40 px wide, beside each other, with these doubts."""
    five, image = np.eye(10, dtype=np.float32)[5], np.zeros((28, 28), np.uint8)
    return [Digit((50 * i, 0, 50 * i + 40, height), 5, five, doubt, image) for i, doubt in enumerate(doubts)]


def test_a_doubtful_mark_among_digits_is_read_unless_it_is_small_or_very_doubtful_or_most_are():
    def read(digits):
        return [digit.is_read for digit in among_digits(digits, 64)]

    assert read(marks(0.0, 0.8, 0.1)) == [True, True, True]
    assert read(marks(0.0, 0.99, 0.1)) == [True, False, True]
    assert read(marks(0.0, 0.8)) == [True, False]
    assert read(marks(0.0, 0.8, 0.8)) == [True, False, False]
    assert read([*marks(0.0, 0.1), *marks(0.8, height=20)]) == [True, True, False]
    assert [digit.doubt for digit in among_digits(marks(0.0, 0.8, 0.1), 64)] == [0.0, MOST_DOUBT, 0.1]


def test_what_is_small_among_digits_is_left_out_unless_it_is_a_zero_or_the_digits_are_too_few_to_tell():
    def heights(digits):
        return [digit.box[3] for digit in without_commas(digits)]

    small, digits = marks(0.0, height=30), marks(0.0, 0.0, 0.2)
    assert heights([*digits, *small]) == [64, 64, 64]
    assert heights([*digits, replace(small[0], label=0)]) == [64, 64, 64, 30]
    assert heights([*digits[:1], *small]) == [64, 30]
    assert heights([*digits[:1], *marks(0.9, 0.9, height=30)]) == [64, 30, 30]  # only one of the three is read


@pytest.mark.parametrize("top", [112, 124, 136])
def test_a_long_comma_is_no_digit_whether_it_stands_on_the_line_or_hangs_below_it(reader, top):
    picture = np.asarray(ImageOps.expand(draw_number("1250", side=160, pen=10), (0, 0, 40, 40), 255)).copy()
    cv2.line(picture, (640, top), (628, top + 50), 0, 9, cv2.LINE_AA)
    assert reader.read(Image.fromarray(picture)).text == "1250"


def test_a_wavy_line_is_no_number(reader):
    wave = np.full((300, 2000), 255, np.uint8)
    across = np.linspace(10, 1990, 400)
    points = np.stack([across, 150 + 100 * np.sin(across / 13)], axis=1).astype(np.int32)
    cv2.polylines(wave, [points], False, 0, 6, cv2.LINE_AA)
    assert reader.read(Image.fromarray(wave)).text == ""


def test_touching_digits_pass_for_a_letter_unless_they_are_wide_or_many_or_each_is_surely_read():
    def is_letter(*digits, apart=0, pieces=1, wide=48):
        boxes = [(place * (wide + apart), 0, place * (wide + apart) + wide, 64) for place in range(len(digits))]
        return is_one_mark([Digit(box, *digit) for box, digit in zip(boxes, digits, strict=True)], 64, pieces)

    def digit(label, doubt):
        return label, np.eye(10, dtype=np.float32)[label], doubt, np.zeros((28, 28), np.uint8)

    assert not is_letter(digit(7, 0.01), digit(8, 0.01))
    assert is_letter(digit(7, 0.05), digit(8, 0.01))  # a stroke and half of a letter
    assert not is_letter(digit(2, 0.05), digit(8, 0.05))
    assert is_letter(digit(2, 0.2), digit(8, 0.01))
    assert is_letter(digit(1, 0.0), digit(1, 0.0))  # an H
    assert not is_letter(digit(7, 0.05), digit(8, 0.01), apart=8)
    for wide in (30, 48):
        assert not is_letter(digit(7, 0.05), digit(8, 0.01), digit(8, 0.01), wide=wide)
        assert is_letter(digit(7, 0.5), digit(8, 0.01), digit(8, 0.01), wide=wide)
    assert is_letter(digit(7, 0.5), digit(7, 0.01), digit(2, 0.01))  # an m
    assert is_letter(*[digit(7, 0.01)] * 4)
    assert not is_letter(*[digit(7, 0.01)] * 4, pieces=2)
    assert not is_letter(*[digit(7, 0.5)] * 2, *[digit(8, 0.01)] * 2)  # too many parts for a letter
    assert not is_letter(digit(1, 0.0))


def test_what_is_doubtful_is_the_average_of_three_views(reader):
    (line,) = find_lines(find_inks(np.asarray(draw_strokes(NO_DIGITS["A"])))[0])
    ((_, _, mark),) = reader.best_way(line)
    views = np.stack([mark.image, *(turned(mark.image, turn) for turn in TURNS)])
    probabilities, doubt = reader.classifier(views)
    assert mark.doubt == pytest.approx(doubt.mean(), abs=1e-5)
    assert mark.probabilities == pytest.approx(probabilities.mean(axis=0), abs=1e-5)


def test_at_most_64_digits_come_back_and_the_reading_says_that_there_were_more(reader):
    line = np.asarray(draw_number("7" * 20, side=60, pen=5))
    page = reader.read(Image.fromarray(np.vstack([line] * 4)))
    assert page.text == "7" * 64
    assert page.more
    assert not reader.read(Image.fromarray(line)).more


def test_a_picture_full_of_specks_takes_no_time_to_speak_of(reader):
    specks = np.full((800, 800), 255, np.uint8)
    specks[::6, ::6] = specks[1::6, ::6] = 0
    assert len(reader.read(Image.fromarray(specks)).digits) <= 64


def test_lines_of_nothing_are_none():
    assert find_lines(np.zeros((10, 10), np.float32)) == []


@pytest.mark.parametrize(("doubt", "digits"), [(0.0099, 1), (0.3, 2)])
def test_of_two_ways_about_as_sure_that_with_fewer_digits_is_taken(reader, monkeypatch, doubt, digits):
    (line,) = find_lines(find_inks(np.asarray(draw_number("11")))[0])
    assert line.count == 2

    def classify(line, spans):
        blank = np.zeros((28, 28), np.uint8)
        doubts = [0.004 if first == last else doubt for first, last in spans]
        sure = np.eye(10, dtype=np.float32)[1]
        return [Digit(line.box(*span), 1, sure, each, blank) for span, each in zip(spans, doubts, strict=True)]

    monkeypatch.setattr(reader, "classify", classify)
    monkeypatch.setattr(reader, "look_again", lambda way: way)
    assert len(reader.best_way(line)) == digits
