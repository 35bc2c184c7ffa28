"""Why a digit was read as it was: which of its ink spoke for the label, by covering it a patch at a time."""

import numpy as np

from export.classifier import Classifier
from export.preprocess import SIDE

STEP = 3  # px between the middles of the patches
SPREAD = 2.0  # px, standard deviation of a patch, which covers its middle wholly and ever less around it
LEAST_COVERED = 0.02  # share of the ink; what covers less tells nothing
ALMOST = 1e-6  # keeps the odds finite

_places = np.arange(SIDE)
_steps = np.exp(-0.5 * ((np.arange(STEP // 2, SIDE, STEP)[:, None] - _places) / SPREAD) ** 2)
PATCHES = (
    np.einsum("iy,jx->ijyx", _steps, _steps).reshape(-1, SIDE, SIDE).astype(np.float32)
)  # 0…1, how much is covered


def explain(classifier: Classifier, image: np.ndarray, label: int) -> np.ndarray:
    """(28, 28) uint8, white ink on black -> (28, 28) float32, which of its ink spoke for the label 0…9: a heat map.

    In nats of the label's log odds that are lost (> 0, the ink spoke for it) or won (< 0, against it) when the ink
    around a px is covered; 0 where there is no ink. Occlusion, after Zeiler & Fergus 2014 ("Visualizing and
    understanding convolutional networks"), with soft patches; all of it is one call of the network.
    """
    ink = image.astype(np.float32)
    covered = np.tensordot(PATCHES, ink, 2)
    patches = PATCHES[covered > LEAST_COVERED * max(1.0, float(ink.sum()))]
    variants = np.concatenate([ink[None], ink * (1 - patches)])
    probabilities, _ = classifier(np.round(variants).astype(np.uint8))
    chance = probabilities[:, label].clip(ALMOST, 1 - ALMOST)
    odds = np.log(chance / (1 - chance))
    weight = patches.sum(axis=0)
    heat = np.tensordot(odds[0] - odds[1:], patches, 1) / np.maximum(weight, ALMOST)
    return (heat * ink / 255).astype(np.float32)
