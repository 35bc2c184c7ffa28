import numpy as np
import pytest

from export.classifier import Classifier
from train import negatives as no_digits
from train import written
from train.augment import COARSE, augment, box, scan_coarsely
from train.numbers import push_together


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


def test_two_digits_pushed_together_touch_and_no_more():
    left, right = np.zeros((28, 5), np.uint8), np.zeros((28, 6), np.uint8)
    left[4:14, 1], left[14:24, 4], right[4:24, 3] = 255, 255, 255
    both = push_together(left, right, 0)
    assert [both[20].nonzero()[0].tolist(), both[8].nonzero()[0].tolist()] == [[4, 5], [1, 5]]
    assert push_together(left, right, 1)[20].nonzero()[0].tolist() == [4]


def test_digits_written_by_program_are_of_all_kinds_and_repeat_themselves():
    first, again = (written.written(300, np.random.default_rng(1)) for _ in range(2))
    assert (first.pictures == again.pictures).all()
    assert set(first.labels) == set(range(10))
    assert len(written.DIGITS) == 10


def test_nearly_all_digits_written_by_program_are_read_as_what_they_were_meant_to_be():
    made = written.written(1000, np.random.default_rng(2))
    probabilities, _ = Classifier()(made.pictures)
    assert (probabilities.argmax(axis=1) == made.labels).mean() > 0.95


def test_no_way_of_writing_leaves_the_grid_of_its_points():
    for strokes in (*written.LETTERS, *(way for ways in written.DIGITS for way in ways)):
        for stroke in written.points(strokes):
            assert len(stroke) > 1
            assert (stroke >= 0).all()
            assert (stroke <= (7, 9)).all()


def test_a_curve_without_rounds_is_left_alone_and_rounding_keeps_the_ends():
    stroke = np.array([[0.0, 0.0], [2.0, 8.0], [6.0, 1.0]])
    assert (written.round_off(stroke, 0) == stroke).all()
    rounded = written.round_off(stroke, 3)
    assert (rounded[[0, -1]] == stroke[[0, -1]]).all()
    assert rounded[:, 1].max() < 8
