"""How wide the pen of some ink is, and the same ink with a wider one."""

import cv2
import numpy as np


def pen_width(ink: np.ndarray) -> float:
    """Ink (h, w) with some, at any scale of grey -> how wide its strokes are on average, px.

    A stroke of length l and width w has mass l·w and twice its length of edge.
    """
    ink = np.pad(ink.astype(np.float32), 1)
    edge = np.hypot(np.diff(ink, axis=0)[:, :-1], np.diff(ink, axis=1)[:-1]).sum()
    return float(2 * ink.sum() / edge)


def widened(ink: np.ndarray, by: float) -> np.ndarray:
    """Ink (h, w) float32 in 0…1 -> the same with strokes that are `by` px wider, half of it on either side."""
    away = cv2.distanceTransform((ink < 0.5).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.maximum(ink, (1 + by / 2 - away).clip(0, 1))
