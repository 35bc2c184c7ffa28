import numpy as np
import pytest
from conftest import STROKES, draw

from export.classifier import Classifier
from export.explain import explain
from export.reader import Reader


@pytest.fixture(scope="module")
def reader():
    return Reader()


@pytest.fixture(scope="module", params=sorted(STROKES))
def image(request, reader):
    (digit,) = reader.read(draw(request.param)).digits
    return digit.image


@pytest.fixture(scope="module")
def label(image, reader):
    return int(reader.classifier(image[None])[0][0].argmax())


def odds(classifier, image, label):
    p = classifier(image[None])[0][0, label].clip(1e-6, 1 - 1e-6)
    return np.log(p / (1 - p))


def test_there_is_heat_on_ink_alone(reader, image, label):
    heat = explain(reader.classifier, image, label)
    assert heat.shape == (28, 28)
    assert heat.dtype == np.float32
    assert (heat[image == 0] == 0).all()
    assert heat.max() > 0


def test_nearly_all_digits_are_less_likely_without_their_hottest_ink_than_without_their_coldest(reader):
    lost = []
    for shown in sorted(STROKES):
        (digit,) = reader.read(draw(shown)).digits
        heat, ink = explain(reader.classifier, digit.image, digit.label), np.flatnonzero(digit.image > 128)
        order = ink[np.argsort(heat.ravel()[ink])]
        for taken in (order[: len(order) // 4], order[-len(order) // 4 :]):
            part = digit.image.copy()
            part.ravel()[taken] = 0
            lost.append(odds(reader.classifier, part, digit.label))
    without_coldest, without_hottest = np.reshape(lost, (-1, 2)).T
    assert (without_hottest < without_coldest).sum() >= 9
    assert (without_coldest - without_hottest).mean() > 3


def test_everything_is_asked_of_the_network_at_once(image, label):
    classifier, calls = Classifier(), []

    def counting(pictures):
        calls.append(len(pictures))
        return classifier(pictures)

    explain(counting, image, label)
    assert len(calls) == 1


def test_the_ink_speaks_more_for_the_label_than_for_the_others(reader, image, label):
    heats = [explain(reader.classifier, image, each).sum() for each in range(10)]
    assert np.argmax(heats) == label


def test_a_picture_without_ink_has_no_heat(reader):
    assert not explain(reader.classifier, np.zeros((28, 28), np.uint8), 3).any()
