"""How wide a pen is, and ink with another one: of bars and rings, whose strokes are as wide as they are drawn."""

import cv2
import numpy as np
import pytest

from export.pen import pen_width
from export.preprocess import thickened
from train.numbers import ROOM, with_pen


def ring(pen):
    """A ring on a stem, (h, w) float32 in 0…1, cropped to its box: how far px are from its line tells which are ink."""
    y, x = np.mgrid[:160, :160].astype(np.float32)
    circle = np.abs(np.hypot(x - 80, y - 50) - 30)
    stem = np.hypot(x - 80, y - y.clip(80, 140))
    ink = (pen / 2 + 0.5 - np.minimum(circle, stem)).clip(0, 1)
    return ink[np.ix_((ink >= 0.5).any(axis=1), (ink >= 0.5).any(axis=0))]


@pytest.mark.parametrize("pen", [3, 4.5, 7, 12])
def test_the_pen_is_as_wide_as_it_was_drawn_at_any_size_and_scale_of_grey(pen):
    ink = ring(pen)
    assert pen_width(ink) == pytest.approx(pen, rel=0.1)
    assert pen_width(255 * ink) == pytest.approx(pen_width(ink))
    large = cv2.resize(ink, None, fx=3, fy=3, interpolation=cv2.INTER_LINEAR)
    assert pen_width(large) == pytest.approx(3 * pen_width(ink), rel=0.1)


@pytest.mark.parametrize("pen", [1, 2, 4, 6])
def test_a_fine_pen_has_its_share_of_the_box_afterwards(pen):
    thick = thickened(ring(pen), 0.1, max(ring(pen).shape))
    assert pen_width(thick) / max(thick.shape) == pytest.approx(0.1, rel=0.12)
    assert (thick >= 0.5)[[0, -1]].any(axis=1).all()
    assert (thick >= 0.5)[:, [0, -1]].any(axis=0).all()


def test_a_pen_that_is_wide_enough_stays_as_it_is_and_so_does_what_is_faint():
    for ink in (ring(16), 0.4 * ring(1)):
        assert thickened(ink, 0.1, max(ink.shape)) is ink


@pytest.mark.parametrize("drawn", [5, 9])
@pytest.mark.parametrize("pen", [2.5, 4, 6, 9])
def test_a_pen_becomes_another_and_the_strokes_stay_whole(drawn, pen):
    other = with_pen(np.pad(ring(drawn) > 0.5, ROOM), pen)
    assert pen_width(other) == pytest.approx(pen, abs=0.7)
    pieces, _ = cv2.connectedComponents((other >= 0.5).astype(np.uint8))
    holes, _ = cv2.connectedComponents((other < 0.5).astype(np.uint8), connectivity=4)
    assert (pieces, holes) == (2, 3)
