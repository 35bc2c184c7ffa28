"""Digits in a row: what the network of rows says, what it learns from, and what the reader makes of it."""

import itertools

import numpy as np
import pytest

from export.reader import weigh
from export.reading import Digit
from export.rows import (
    BESIDE,
    HEIGHT,
    INK,
    NONE,
    STEP,
    Opinion,
    Place,
    Rows,
    chances_of_one,
    is_row,
    mean,
    opinion,
    slanted,
    to_row,
)
from train import rows
from train.evaluate import texts
from train.model import row_accuracy, row_loss
from train.numbers import STRIP, Number, beside, enlarge, linked_zeros
from train.rows import BLANK, MOST

EYE = np.eye(NONE + 1, dtype=np.float32)


def said(*answers, sure=1.0):
    """The steps of a row with these answers, each so sure, the rest shared by the others."""
    return sure * EYE[list(answers)] + (1 - sure) * (1 - EYE[list(answers)]) / NONE


def test_runs_of_the_same_answer_are_digits_and_the_paper_between_two_is_shared():
    found = opinion(said(NONE, 3, 3, NONE, 3, 7, NONE, sure=0.9), width=20, scale=1)
    assert [place.probabilities.argmax() for place in found.places] == [3, 3, 7]
    assert [(place.left, place.right) for place in found.places] == [(0, 10), (10, 16), (16, 20)]
    assert [place.doubt for place in found.places] == pytest.approx([0.1] * 3)
    assert all(place.probabilities.sum() == pytest.approx(1) for place in found.places)


def test_the_columns_of_a_digit_are_those_of_the_ink_not_of_the_row():
    steps = said(NONE, 3, NONE, 7)
    single, double = (opinion(steps, width=16 * times, scale=1 / times) for times in (1, 2))
    assert [2 * place.right for place in single.places] == [place.right for place in double.places]


def test_the_chance_of_one_digit_is_that_of_all_ways_to_say_it():
    steps = np.random.default_rng(0).dirichlet(np.ones(NONE + 1), 4)
    expected = np.zeros(NONE)
    for way in itertools.product(range(NONE + 1), repeat=4):
        digits = [answer for answer, _ in itertools.groupby(way) if answer != NONE]
        if len(digits) == 1:
            expected[digits[0]] += np.prod(steps[range(4), way])
    assert chances_of_one(steps) == pytest.approx(expected)
    whole = opinion(steps, 16, 1)
    assert whole.none == pytest.approx(np.prod(steps[:, NONE]))
    assert whole.one.sum() + whole.none + whole.several == pytest.approx(1)


@pytest.mark.parametrize("size", [(56, 33), (9, 4), (28, 300)])
def test_ink_becomes_a_row_of_one_height_with_paper_around_it(size):
    row = to_row(np.ones(size, np.float32))
    inked = np.argwhere(row)
    assert row.shape[0] == HEIGHT
    assert row.shape[1] % STEP == 0
    assert np.ptp(inked[:, 0]) + 1 == INK
    assert inked[:, 1].min() == BESIDE <= row.shape[1] - 1 - inked[:, 1].max()
    assert np.ptp(inked[:, 1]) + 1 == pytest.approx(size[1] * INK / size[0], abs=0.6)


def test_a_long_line_is_no_row():
    assert is_row(np.ones((10, 80), np.float32))
    assert not is_row(np.ones((10, 81), np.float32))


@pytest.mark.parametrize("slant", [-0.4, 0.25])
def test_a_slanted_stem_leans_by_its_height_and_keeps_it(slant):
    ink = np.zeros((40, 12), np.float32)
    ink[:, 4:8] = 1
    leaning = slanted(ink, slant)
    assert leaning.shape == pytest.approx((40, 4 + 40 * abs(slant)), abs=1.5)
    top, foot = (np.flatnonzero(leaning[row] >= 0.5).mean() for row in (0, -1))
    assert top - foot == pytest.approx(39 * slant, abs=1)
    assert leaning.sum() == pytest.approx(ink.sum(), rel=0.05)


def test_opinions_of_the_same_row_are_averaged_and_its_places_are_those_of_the_first():
    first, second = heard(3, 0.8, none=0.1, several=(1, 4)), heard(5, 0.4, none=0.5)
    both = mean([first, second])
    assert both.places == first.places
    assert both.one == pytest.approx((first.one + second.one) / 2)
    assert (both.none, both.several) == pytest.approx((0.3, 0.1))


def test_rows_are_read_alike_alone_and_beside_wider_ones():
    rng = np.random.default_rng(2)
    inks = [linked_zeros(rng, rng.uniform(3, 8)).ink for _ in range(6)]
    inks = [ink[(ink >= 0.5).any(axis=1)] for ink in inks]
    read = Rows()
    for together, ink in zip(read(inks), inks, strict=True):
        (alone,) = read([ink])
        assert [place.probabilities.argmax() for place in together.places] == [0] * len(alone.places)
        assert together.one == pytest.approx(alone.one, abs=0.05)


def test_most_zeros_in_one_stroke_are_read_as_so_many_zeros():
    rng, right = np.random.default_rng(4), 0
    for _ in range(40):
        ink, digits = linked_zeros(rng, rng.uniform(3, 8))
        (found,) = Rows()([ink[(ink >= 0.5).any(axis=1)]])
        right += [place.probabilities.argmax() for place in found.places] == [0] * len(digits)
    assert right > 32


def mark(doubt, label=3):
    return Digit((0, 0, 40, 60), label, EYE[label, :NONE], doubt, np.zeros((28, 28), np.uint8))


def heard(one=None, chance=0.0, none=0.0, several=()):
    """An opinion: this digit with that chance, none with that, and otherwise several."""
    places = [Place(20 * place, 20 * place + 20, EYE[label, :NONE], 0.1) for place, label in enumerate(several)]
    return Opinion(places, chance * EYE[one, :NONE] if one is not None else np.zeros(NONE), none)


def weighed(marks, says, is_one=False):
    ink = np.ones((60, 40), np.float32)
    digits = weigh(marks, (5, 7, 45, 67), ink, says, is_one)
    return [(digit.label, digit.is_read) for digit in digits], digits


def test_what_is_doubted_alone_is_several_digits_if_the_row_says_so_and_it_may_be():
    says = heard(several=(1, 4))
    labels, digits = weighed([mark(0.9)], says)
    assert labels == [(1, True), (4, True)]
    assert [digit.box for digit in digits] == [(5, 7, 25, 67), (25, 7, 45, 67)]
    assert weighed([mark(0.9)], says, is_one=True)[0] == [(3, False)]
    assert weighed([mark(0.1)], says)[0] == [(3, True)]


def test_what_is_surely_none_is_no_digit_and_no_error():
    (digit,) = weighed([mark(1.0)], heard(none=1.0))[1]
    assert digit.doubt == pytest.approx(1)
    assert digit.probabilities.sum() == pytest.approx(1)


def test_several_digits_of_which_the_likeliest_answers_show_but_one_are_none():
    assert weighed([mark(0.9)], heard(several=(1,)))[0] == [(3, False)]


def test_the_row_tells_several_digits_from_none():
    assert weighed([mark(0.9)], heard(none=0.9, several=(1, 4)))[0] == [(1, True), (4, True)]
    assert weighed([mark(0.9)], heard(none=1.0))[0] == [(3, False)]


def test_a_doubtful_mark_gains_by_a_row_that_agrees_and_loses_by_one_that_does_not():
    assert weighed([mark(0.6)], heard(3, 1.0))[0] == [(3, True)]
    assert weighed([mark(0.4)], heard(none=1.0))[0] == [(3, False)]
    assert weighed([mark(0.9)], heard(5, 1.0))[0] == [(5, False)]


def test_marks_that_are_not_read_are_put_together_only_where_the_row_reads_them():
    marks = [mark(0.9), mark(0.8)]
    assert weighed(marks, heard(5, 0.9))[0] == [(5, True)]
    assert weighed(marks, heard(several=(1, 4)))[0] == [(1, True), (4, True)]
    assert weighed(marks, heard(5, 0.2, none=0.8))[1] == marks


@pytest.fixture(scope="module")
def made(digits):
    return list(rows.batches(digits.train, 16, 3, range(12)))


def test_a_batch_of_rows_depends_on_the_seed_and_its_number_alone(digits, made):
    ((row, labels),) = rows.batches(digits.train, 16, 3, range(7, 8))
    assert (row == made[7][0]).all()
    assert (labels == made[7][1]).all()
    ((other, _),) = rows.batches(digits.train, 16, 4, range(7, 8))
    assert other.shape != row.shape or (other != row).any()


def test_rows_show_all_digits_one_to_many_and_letters_that_say_nothing(made):
    labels = np.concatenate([labels for _, labels in made])
    assert labels.shape[1] == MOST
    assert set(labels.ravel()) == set(range(BLANK + 1))
    counts = (labels != BLANK).sum(axis=1)
    assert {0, 1, 2, 3} <= set(counts)
    assert all((row[:n] != BLANK).all() for row, n in zip(labels, counts, strict=True))
    for row, _ in made:
        assert row.shape[1] == HEIGHT
        assert (row.max(axis=(1, 2)) > 200).all()


def test_digits_beside_each_other_are_all_of_a_number_s_ink_unless_they_are_linked(digits, monkeypatch):
    monkeypatch.setattr("train.numbers.LINKED", 0)
    rng = np.random.default_rng(1)
    for touching in (True, False):
        number = None
        for picture in digits.train.pictures[:4]:
            ink = enlarge(picture, 0, 5, rng)
            more = Number(ink, [(1, ink, 0)])
            number = beside(number, more, touching, rng) if number else more
        whole = np.zeros_like(number.ink)
        for _, ink, place in number.digits:
            part = whole[:, place : place + ink.shape[1]]
            np.maximum(part, ink, out=part)
        assert number.ink.shape[0] == STRIP
        assert (whole == number.ink).all()
        empty = (number.ink >= 0.5).sum(axis=0) == 0
        assert touching or empty.any()


def logits(*answers):
    return 20 * said(*answers)[None]


def padded(*labels):
    return np.array([[*labels, *[BLANK] * (MOST - len(labels))]], np.int32)


@pytest.mark.parametrize(
    ("answers", "right"),
    [((3, 3, 10, 3, 7), True), ((10, 3, 10, 3, 7), True), ((3, 3, 3, 3, 7), False), ((3, 10, 3, 10, 10), False)],
)
def test_a_row_is_right_when_all_its_digits_are_and_there_are_no_more(answers, right):
    assert bool(row_accuracy(padded(3, 3, 7), logits(*answers))[0]) == right
    assert (texts(np.array([answers])) == ["337"]) == right
    assert (float(row_loss(padded(3, 3, 7), logits(*answers))[0]) < 0.1) == right


def test_a_row_of_letters_is_right_when_nothing_is_read():
    assert row_accuracy(padded(), logits(10, 10, 10))[0]
    assert not row_accuracy(padded(), logits(10, 4, 10))[0]
    assert float(row_loss(padded(), logits(10, 10, 10))[0]) == pytest.approx(0, abs=0.01)
