"""How strong interactions are: which differ from zero, are salient, or are among the strongest."""

from dataclasses import dataclass

import numpy as np

from nbinterp._typing import BoolArray, FloatArray
from nbinterp.interactions.subsets import sizes

_NEGLIGIBLE = 1e-9  # of the largest strength; anything below is rounding error

# Flags of AND and of OR interactions, each of shape (samples, models, 2^n).
Flags = tuple[BoolArray, BoolArray]


@dataclass(frozen=True, eq=False)
class Strengths:
    """Absolute values of interactions, and the limit below which they count as zero.

    Parameters
    ----------
    and_, or_ : ndarray of shape (samples, models, 2^n)
        Absolute values. Sets of one player are in `and_`.
    resolution : ndarray of shape (samples,)
        The duality gap of the split, shared out among all interactions. Weaker ones may be zero
        in the optimal split.
    """

    and_: FloatArray
    or_: FloatArray
    resolution: FloatArray

    @property
    def n_players(self) -> int:
        """Return n."""
        return int(self.and_.shape[-1]).bit_length() - 1

    @property
    def strongest_value(self) -> FloatArray:
        """Return the largest strength of each sample and model; the empty set does not count."""
        both = np.maximum(self.and_, self.or_)
        largest: FloatArray = both[..., 1:].max(-1)
        return largest

    @property
    def floor(self) -> FloatArray:
        """Return the strength, (samples, models), up to which an interaction counts as zero."""
        return _floor(self.strongest_value, self.resolution)

    def nonzero(self) -> Flags:
        """Return which interactions differ from zero."""
        floor = self.floor[..., None]
        return self.and_ > floor, self.or_ > floor

    def salient(self, tau: float) -> Flags:
        """Return which interactions are stronger than `tau` times the strongest."""
        level = np.maximum(tau * self.strongest_value, self.floor)[..., None]
        has_players = np.arange(self.and_.shape[-1]) > 0
        return (self.and_ > level) & has_players, (self.or_ > level) & has_players

    def strongest(self, k: int) -> Flags:
        """Return which interactions are among the `k` strongest of their kind."""
        found = []
        for table, candidates in zip((self.and_, self.or_), self.candidates(), strict=True):
            counted = table * candidates
            found.append(strongest(counted, k, _floor(counted.max(-1), self.resolution)))
        return found[0], found[1]

    def candidates(self) -> Flags:
        """Return which sets can have an AND and an OR interaction, (2^n,): not the empty set.

        An OR interaction needs two players, as one player's is its AND interaction.
        """
        order = sizes(self.n_players)
        return order >= 1, order >= 2

    def curve(self) -> FloatArray:
        """Return all strengths, largest first, as shares of the largest."""
        both = np.concatenate([self.and_[..., 1:], self.or_[..., 1:]], axis=-1)
        ordered = -np.sort(-both, axis=-1)
        shares: FloatArray = ordered / np.maximum(ordered[..., :1], np.finfo(np.float64).tiny)
        return shares


def strongest(strengths: FloatArray, k: int, floor: FloatArray) -> BoolArray:
    """Return the `k` largest entries of the last axis as flags, without those up to `floor`.

    Zeros are never taken: ties between them would be broken by their place, alike in all models.
    """
    order = np.argsort(-strengths, axis=-1, kind="stable")[..., :k]
    chosen = np.zeros(strengths.shape, dtype=bool)
    np.put_along_axis(chosen, order, True, axis=-1)
    flags: BoolArray = chosen & (strengths > floor[..., None])
    return flags


def _floor(largest: FloatArray, resolution: FloatArray) -> FloatArray:
    floor: FloatArray = np.maximum(_NEGLIGIBLE * largest, resolution[:, None])
    return floor
