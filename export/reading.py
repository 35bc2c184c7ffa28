"""What a picture says: a Digit for each mark that was found, a Reading for all of them."""

from dataclasses import dataclass, field

import numpy as np

# Chosen on validation data and on sketches, envelopes and photos by others: of those, less than 1 % is doubted more.
MOST_DOUBT = 0.6


@dataclass(frozen=True)
class Digit:
    """One digit found in a picture.

    box: left, top, right, bottom in px of the picture, ends excluded; label: 0…9; probabilities: (10,) float32, if it
    is a digit; doubt: 0…1, the probability that it is not the label; image: (28, 28) uint8, white on black, what the
    network saw.
    """

    box: tuple[int, int, int, int]
    label: int
    probabilities: np.ndarray
    doubt: float
    image: np.ndarray

    @property
    def confidence(self) -> float:
        """The probability of the label, 0…1."""
        return 1 - self.doubt

    @property
    def chances(self) -> np.ndarray:
        """(10,) float32, the probability that it is this digit, all of them less than 1 together: it may be none."""
        return self.probabilities * (self.confidence / max(float(self.probabilities.max()), 1e-6))

    @property
    def is_read(self) -> bool:
        """Whether the doubt is small enough for the label to be given out."""
        return self.doubt <= MOST_DOUBT


@dataclass(frozen=True)
class Reading:
    """What a picture says: its digits in reading order, those that are too doubtful to be read among them.

    more: whether there were more than the reader's MOST_DIGITS, of which these are the first.
    """

    digits: list[Digit] = field(default_factory=list)
    more: bool = False

    @property
    def text(self) -> str:
        """The digits that are read, as text; "" when there is none."""
        return "".join(str(digit.label) for digit in self.digits if digit.is_read)

    @property
    def confidence(self) -> float:
        """The probability that all digits that are read are right, taken as independent; 0 when there is none."""
        return float(np.prod([digit.confidence for digit in self.digits if digit.is_read])) if self.text else 0.0
