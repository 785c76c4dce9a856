"""How many bands of how many rows, and what that means for the chance to find a pair."""

from fractions import Fraction
from math import comb


def candidate_probability(similarity: float, bands: int, rows: int) -> float:
    """The chance that two documents of this Jaccard similarity agree in at least one band.

    >>> round(candidate_probability(0.5, bands=42, rows=3), 4)
    0.9963
    """
    return 1.0 - (1.0 - similarity**rows) ** bands


def choose_bands(threshold: float, target_recall: float, num_perm: int) -> tuple[int, int]:
    """Bands and rows: the most rows with which a pair at the threshold is still found with `target_recall`.

    More rows mean fewer pairs that must be verified in vain. All permutations are used that fill whole bands. If even single
    rows fall short, bands of one row are the best there is.

    >>> choose_bands(0.5, 0.99, 128)
    (42, 3)
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold is {threshold}; more than 0 and at most 1 was expected")
    for rows in range(num_perm, 1, -1):
        if candidate_probability(threshold, num_perm // rows, rows) >= target_recall:
            return num_perm // rows, rows
    return num_perm, 1


def exact_fraction(threshold: float) -> tuple[int, int]:
    """The threshold as numerator and denominator (below a million), so that similarities are compared in integers.

    >>> exact_fraction(0.7)
    (7, 10)
    """
    fraction = max(Fraction(str(threshold)).limit_denominator(1_000_000), Fraction(1, 1_000_000))
    return fraction.numerator, fraction.denominator


def least_agreeing(threshold: float, num_perm: int, one_in: int = 1_000_000) -> int:
    """The least number of equal signature places that a pair at the threshold reaches, but for one pair in `one_in`.

    Binomial, summed in integers, so that it is the same on every machine.

    >>> least_agreeing(0.5, 128)
    37
    """
    num, den = exact_fraction(threshold)
    below, total = 0, den**num_perm
    for places in range(num_perm + 1):
        below += comb(num_perm, places) * num**places * (den - num) ** (num_perm - places)
        if below * one_in > total:
            return places
    return num_perm
