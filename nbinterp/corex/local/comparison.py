"""Factors beside what can fail: halves of their samples, and random samples of all data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from nbinterp._state import HasState, fields
from nbinterp._typing import BoolArray, FloatArray, IntArray
from nbinterp.corex.local.held_out import Measured
from nbinterp.corex.matching import assign, listed_factors, similarity

# Below this cosine, no more than half of a factor (the square of the cosine) was found again.
_HALF = 0.71
# The largest similarity of a fit by chance: its 95th percentile over shuffled names of nodes. For
# fits to shuffled columns, of 4 to 210 columns, 2 to 10 factors and 20 to 300 samples, the median
# and the 95th percentile of the largest similarity agree with those of shuffled names to 0.05.
_CHANCE = 0.95
_SHUFFLES = 100


@dataclass(frozen=True, eq=False, kw_only=True)
class Comparison(HasState):
    """The factors of a group of samples beside what can fail.

    Attributes
    ----------
    stability : array of shape (n_factors,)
        How alike a factor is in two halves of the samples that share none, from 0 to 1: the cosine
        of the mutual information of its partners in the fits of both halves, the mean over splits.
        The largest node of each counts only as much as the second: a factor of noise often takes
        one node for itself. NaN if there are too few samples for halves.
    threshold : float
        A factor is stable above it: the larger of 0.71 (half of the factor, as the square of the
        cosine, is found again) and what the most similar factor of a fit reaches by chance: 95 % of
        fits stay below it when the names of the nodes are shuffled in one half.
    held_out : array of shape (n_factors,)
        The total correlation, in nats, of each factor in samples of the group that it was not
        fitted to: of its partner in one half, measured in the other, the mean of both. NaN where
        the method does not tell, as BioCorEx. It may be negative: then it explains nothing there.
    held_out_total : float
        The same of all factors together.
    random : array of shape (n_random, n_factors)
        The same factors measured in random selections of as many samples of all data.
    random_total : array of shape (n_random,)
        The same of all factors together.
    """

    stability: FloatArray
    threshold: float
    held_out: FloatArray
    held_out_total: float
    random: FloatArray
    random_total: FloatArray

    _STATE = fields("stability threshold held_out held_out_total random random_total")

    @classmethod
    def of(cls, stability: FloatArray, threshold: float, measured: Measured) -> Self:
        """Return the comparison of these parts."""
        return cls(
            stability=stability,
            threshold=threshold,
            held_out=measured.factors,
            held_out_total=measured.total,
            random=measured.random,
            random_total=measured.random_total,
        )

    @property
    def stable(self) -> BoolArray:
        """Whether each factor is found again in halves of the samples, shape (n_factors,)."""
        found: BoolArray = self.stability > self.threshold
        return found

    @property
    def rank(self) -> FloatArray:
        """The rank of `held_out` among `random`, shape (n_factors,), from near 0 to 1.

        ``(1 + random selections that have as much or more) / (1 + random selections)``: where the
        group is itself a random selection, the p-value of each factor. NaN without a comparison.
        """
        return _rank(self.held_out, self.random)

    @property
    def rank_total(self) -> float:
        """The same of all factors together."""
        return float(_rank(np.array(self.held_out_total), self.random_total))

    @property
    def special(self) -> BoolArray | None:
        """Whether each factor is stable and explains more here than in all random selections.

        None if that is not known: the method does not tell what a factor explains in samples that
        it was not fitted to, as BioCorEx, or there are too few samples.
        """
        if not len(self.random):
            return None
        found: BoolArray = self.stable & (self.held_out > self.random.max(axis=0))
        return found

    def __repr__(self) -> str:
        """Return the figures that fit in a line."""
        special = "not known" if self.special is None else int(self.special.sum())
        counted = f"stable={int(self.stable.sum())}, special={special}"
        return f"Comparison({counted}, of {len(self.stability)} factors)"

    def describe(self) -> str:
        """Describe what all factors explain here and elsewhere, or why that is not known."""
        if self.special is None:
            why = "the method does not tell what factors explain in samples not fitted to"
            if np.isnan(self.stability).all():
                why = "too few samples for halves, or no factor"
            return f"special to this region: not known ({why})"
        found = np.flatnonzero(self.special)
        elsewhere = float(np.median(self.random_total))
        return (
            f"in samples not fitted to: {self.held_out_total:.2f} nats · "
            f"in random selections: {elsewhere:.2f} · "
            f"special to this region: {listed_factors(found) if len(found) else 'none'}"
        )


def _rank(own: FloatArray, random: FloatArray) -> FloatArray:
    as_much = (random >= own).sum(axis=0)
    known = np.isfinite(own) & (len(random) > 0)
    rank: FloatArray = np.where(known, (1 + as_much) / (1 + len(random)), np.nan)
    return rank


def split(rng: np.random.Generator, rows: IntArray, n_splits: int) -> list[IntArray]:
    """Return both halves of `rows`, at random, `n_splits` times."""
    halves: list[IntArray] = []
    for _ in range(n_splits):
        order = rng.permutation(rows)
        halves += [np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])]
    return halves


def stability_of(
    fit: FloatArray, halves: Sequence[FloatArray], rng: np.random.Generator
) -> tuple[FloatArray, float]:
    """Return the stability of each factor, and the threshold of a stable one.

    Parameters
    ----------
    fit : array of shape (m, p)
        The mutual information of the factors of all samples.
    halves : sequence of such arrays
        Of the fits to halves, two for each split.
    rng : Generator
        Shuffles names of nodes.
    """
    if not halves:
        return np.full(len(fit), np.nan), _HALF
    own = levelled(fit)
    found = [levelled(half)[partners(fit, half)] for half in halves]
    pairs = list(zip(found[::2], found[1::2], strict=True))
    stability = np.mean([_cosines(one, other) for one, other in pairs], axis=0)
    largest = []
    for _ in range(_SHUFFLES):
        order = rng.permutation(own.shape[1])
        by_chance = np.mean([assign(one, other[:, order])[1] for one, other in pairs], axis=0)
        largest.append(by_chance.max())
    return stability, max(_HALF, float(np.quantile(largest, _CHANCE)))


def partners(fit: FloatArray, half: FloatArray) -> IntArray:
    """Return which factor of `half` each of `fit` is, one to one."""
    found: IntArray = assign(levelled(fit), levelled(half))[0]
    return found


def levelled(information: FloatArray) -> FloatArray:
    """Return mutual information ``(m, p)``, the largest of each row no larger than the second."""
    known = np.nan_to_num(information)
    if known.shape[1] < 2:
        return known
    second = np.partition(known, -2, axis=1)[:, -2:-1]
    result: FloatArray = np.minimum(known, second)
    return result


def _cosines(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the cosine of each row with the same row of the other."""
    result: FloatArray = np.diagonal(similarity(first, second)).copy()
    return result
