import numpy as np
import pytest

from export.classifier import Classifier
from train.cutouts import NEARLY, STRIP, cutouts, enlarge, linked_zeros, parts, pushed_together
from train.negatives import laid, place_beside


@pytest.fixture(scope="module")
def made(digits):
    return cutouts(digits.train, 600, np.random.default_rng(1))


def test_parts_of_numbers_repeat_themselves(digits, made):
    again = cutouts(digits.train, 600, np.random.default_rng(1))
    assert all((one == other).all() for one, other in zip(made, again, strict=True))


def test_only_parts_that_are_nearly_whole_say_which_digit_they_are(made):
    pictures, targets = made
    nearly = targets[:, -1] <= NEARLY
    assert 0.3 < nearly.mean() < 0.8
    assert targets[nearly].sum(axis=1) == pytest.approx(1)
    assert not targets[~nearly, :-1].any()
    assert targets[:, :-1].any(axis=0).all()
    assert pictures.any(axis=(1, 2)).all()


def side_by_side(digits, *labels):
    """Digits of the small data set 3 px apart, as a number."""
    rng = np.random.default_rng(0)
    inks = [enlarge(digits.train.pictures[digits.train.labels == label][0], 0, 0, rng) for label in labels]
    whole, places = inks[0], [0]
    for ink in inks[1:]:
        places.append(whole.shape[1] + 3)
        whole = laid(whole, ink, places[-1])
    blank = np.zeros_like(whole)
    return whole, [(label, laid(blank, ink, place)) for label, ink, place in zip(labels, inks, places, strict=True)]


def test_whole_digits_are_parts_without_doubt_and_more_than_one_says_no_digit(digits):
    targets = np.stack([target for _, target in parts(*side_by_side(digits, 3, 0))])
    assert {3, 0} <= set(targets[targets[:, -1] == 0].argmax(axis=1))
    # No 6 is wider than high.
    wide = [target for picture, target in parts(*side_by_side(digits, 6, 6)) if np.ptp(picture.any(0).nonzero()) > 18]
    assert wide
    assert not any(target[:-1].any() for target in wide)


def test_the_digits_of_a_number_are_all_of_its_ink(digits):
    rng = np.random.default_rng(3)
    for _ in range(20):
        whole, alone = pushed_together(digits.train, rng)
        assert whole.shape[0] == STRIP
        assert (np.max([ink for _, ink in alone], axis=0) == whole).all()
        assert 2 <= len(alone) <= 3


def test_digits_share_so_many_px_where_they_are_nearest():
    left, right = np.zeros((20, 9), bool), np.zeros((20, 6), bool)
    left[4, :3], left[14, :9], right[4, 0:6], right[14, 4:6] = 1, 1, 1, 1
    assert place_beside(left, right, 0) == 5
    assert place_beside(left, right, 2) == 3
    assert place_beside(left, right, 9) == 0
    right[12, 0] = True
    assert [place_beside(left, right, 0, reach) for reach in (0, 2)] == [5, 9]


def test_most_zeros_in_one_stroke_are_read_as_zeros_when_they_are_cut_out():
    rng = np.random.default_rng(4)
    made = [part for _ in range(40) for part in parts(*linked_zeros(rng)) if part[1][0]]
    probabilities, _ = Classifier()(np.stack([picture for picture, _ in made]))
    assert len(made) > 100
    assert (probabilities.argmax(axis=1) == 0).mean() > 0.9
