"""Photos of numbers on paper, made by program: what the reader has to make of them."""

import numpy as np
import pytest

from export.photos import HEIGHT, KINDS, WIDTH, take
from export.reader import Reader

TEXTS = ("7", "4096", "18035272")


@pytest.fixture(scope="module")
def reader():
    return Reader()


@pytest.mark.parametrize("kind", KINDS)
def test_numbers_on_photos_are_read(reader, kind):
    assert [reader.read(take(text, kind, seed)).text for seed, text in enumerate(TEXTS)] == list(TEXTS)


@pytest.mark.parametrize("kind", ["even light", "all at once"])
def test_a_photo_depends_on_its_arguments_alone(kind):
    once, again, other = (np.asarray(take("58", kind, seed)) for seed in (3, 3, 4))
    assert once.shape == (HEIGHT, WIDTH, 3)
    assert (once == again).all()
    assert (once != other).any()


def test_a_desk_is_seen_beside_the_paper_and_a_shadow_on_it():
    edges = {kind: np.asarray(take("3", kind, 1).convert("L"), int)[-3:].mean() for kind in ("even light", "desk")}
    assert edges["desk"] < 0.5 * edges["even light"]
    lit = np.asarray(take("3", "shadow", 1).convert("L"), int)
    assert np.quantile(lit, 0.9) > 1.6 * np.quantile(lit, 0.1)
