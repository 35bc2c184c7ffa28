import numpy as np
import pytest

from export.classifier import Classifier
from train.cutouts import NEARLY, cutouts, parts
from train.numbers import Number, enlarge, laid, linked_zeros, place_beside


@pytest.fixture(scope="module")
def made(digits):
    return cutouts(digits.train, 600, np.random.default_rng(1))


def test_parts_of_numbers_repeat_themselves(digits, made):
    again = cutouts(digits.train, 600, np.random.default_rng(1))
    assert all((one == other).all() for one, other in zip(made, again, strict=True))


def test_only_parts_that_are_nearly_whole_say_which_digit_they_are(made):
    pictures, targets = made
    nearly = targets[:, -1] <= NEARLY
    assert 0.6 < nearly.mean() < 1
    assert targets[nearly].sum(axis=1) == pytest.approx(1)
    assert not targets[~nearly, :-1].any()
    assert targets[:, :-1].any(axis=0).all()
    assert pictures.any(axis=(1, 2)).all()


def side_by_side(digits, *labels, apart=3):
    """Digits of the small data set, as a number."""
    rng, number = np.random.default_rng(0), Number(np.zeros((96, 0), np.float32), [])
    for label in labels:
        ink = enlarge(digits.train.pictures[digits.train.labels == label][0], 0, 5, rng)
        place = number.ink.shape[1] + apart
        number = Number(laid(number.ink, ink, place), [*number.digits, (label, ink, place)])
    return number


def test_digits_cut_out_with_care_are_parts_without_doubt(digits, monkeypatch):
    monkeypatch.setattr("train.cutouts.CARELESS", 0)
    targets = [target for _, target in parts(side_by_side(digits, 3, 0, 7), np.random.default_rng(0))]
    assert [target.argmax() for target in targets] == [3, 0, 7]
    assert [target.max() for target in targets] == [1, 1, 1]


def test_the_more_of_a_neighbour_is_on_a_part_the_more_it_is_doubted(digits, monkeypatch):
    number, doubts = side_by_side(digits, 0, 8, 0, apart=1), []
    for careless in (0, 0.05, 0.3):
        monkeypatch.setattr("train.cutouts.CARELESS", careless)
        rng = np.random.default_rng(0)
        doubts.append(np.mean([target[-1] for _ in range(50) for _, target in parts(number, rng)]))
    assert doubts[0] == 0
    assert doubts == sorted(doubts)
    assert doubts[2] > 0.2


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
    made = [part for _ in range(120) for part in parts(linked_zeros(rng, rng.uniform(3, 8)), rng) if part[1][0]]
    probabilities, _ = Classifier()(np.stack([picture for picture, _ in made]))
    assert len(made) > 100
    assert (probabilities.argmax(axis=1) == 0).mean() > 0.9
