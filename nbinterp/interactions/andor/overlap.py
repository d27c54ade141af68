"""Which interactions models share, and how many they would share by chance."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbinterp import _checks
from nbinterp._typing import BoolArray, FloatArray
from nbinterp.interactions.andor.strengths import Strengths
from nbinterp.interactions.subsets import relabelled


@dataclass(frozen=True, eq=False)
class Overlap:
    """The share of the `k` strongest interactions of a model that all models have.

    Shares are averaged over the models.

    Attributes
    ----------
    k : int
        How many interactions of each model count, or fewer where fewer differ from zero.
    and_, or_ : ndarray of shape (..., samples)
        Between 0 and 1.
    chance_and, chance_or : ndarray of shape (..., samples)
        The expected overlap of random sets of as many interactions.
    """

    k: int
    and_: FloatArray
    or_: FloatArray
    chance_and: FloatArray
    chance_or: FloatArray

    def __repr__(self) -> str:
        """Return the means."""
        return (
            f"Overlap(k={self.k}: AND {self.and_.mean():.2f} (chance {self.chance_and.mean():.2f})"
            f", OR {self.or_.mean():.2f} (chance {self.chance_or.mean():.2f}))"
        )


def shared_fraction(chosen: BoolArray) -> FloatArray:
    """Return ``|shared| / |chosen|``, averaged over the models of ``(..., models, 2^n)`` flags."""
    shared = chosen.all(axis=-2).sum(-1, keepdims=True)
    result: FloatArray = (shared / np.maximum(chosen.sum(-1), 1)).mean(-1)
    return result


def chance_fraction(chosen: BoolArray, n_candidates: int) -> FloatArray:
    """Return the expected `shared_fraction` of random sets of the same sizes."""
    counts = chosen.sum(-1)
    expected = n_candidates * (counts / n_candidates).prod(-1, keepdims=True)
    result: FloatArray = (expected / np.maximum(counts, 1)).mean(-1)
    return result


def overlap(strengths: Strengths, k: int) -> Overlap:
    """Return the overlap of the `k` strongest interactions of each kind."""
    found = [
        (shared_fraction(chosen), chance_fraction(chosen, max(int(candidates.sum()), 1)))
        for chosen, candidates in zip(strengths.strongest(k), strengths.candidates(), strict=True)
    ]
    return Overlap(k, found[0][0], found[1][0], found[0][1], found[1][1])


def transfer(strengths: Strengths, held_out: Strengths, k: int) -> Overlap:
    """Return the share of interactions common to all models that are strong in another one too.

    Parameters
    ----------
    strengths : Strengths
        Of the models.
    held_out : Strengths
        Of the other model, with arrays of shape (samples, 1, 2^n).
    k : int
        How many interactions of each kind count as strong.
    """
    found = []
    for ours, theirs, candidates in zip(
        strengths.strongest(k), held_out.strongest(k), strengths.candidates(), strict=True
    ):
        common, other = ours.all(axis=1), theirs[:, 0]
        count = common.sum(-1)
        kept = np.divide((common & other).sum(-1), count, out=np.zeros(len(count)), where=count > 0)
        found.append((kept, other.sum(-1) / max(int(candidates.sum()), 1)))
    return Overlap(k, found[0][0], found[1][0], found[0][1], found[1][1])


def mismatched(values: FloatArray, random: np.random.RandomState) -> FloatArray:
    """Return outputs with the players of all models but the first relabelled at random.

    Each model keeps how sparse it is and the orders of its interactions, but its players no longer
    match those of the first model.
    """
    n = int(values.shape[-1]).bit_length() - 1
    shuffled = values.copy()
    for model in range(1, values.shape[1]):
        order = random.permutation(n)
        while n > 1 and (order == np.arange(n)).all():
            order = random.permutation(n)
        shuffled[:, model] = values[:, model, relabelled(n, order.tolist())]
    return shuffled


def replaced(values: FloatArray, others: FloatArray, first: int) -> FloatArray:
    """Return outputs with unrelated models, from `first` on, in place of all but the first."""
    changed = values.copy()
    for model in range(1, values.shape[1]):
        changed[:, model] = others[:, (first + model - 1) % others.shape[1]]
    return changed


def stacked(overlaps: list[Overlap]) -> Overlap:
    """Return the overlaps of repetitions, stacked on a new first axis."""

    def stack(part: Callable[[Overlap], FloatArray]) -> FloatArray:
        return np.stack([part(one) for one in overlaps])

    return Overlap(
        overlaps[0].k,
        stack(lambda one: one.and_),
        stack(lambda one: one.or_),
        stack(lambda one: one.chance_and),
        stack(lambda one: one.chance_or),
    )


def check_several(models: Sequence[str]) -> None:
    """Refuse a result of one model: it has nothing to share with."""
    _checks.require(
        len(models) > 1,
        "() of one model",
        "must have at least two models",
        "Explain several together: AndOr().explain([first, second], x).",
    )


def check_same(one: Any, other: Any, *, samples: bool = True) -> None:
    """Refuse two `AndOrInteractions` of different players, or of different `samples`."""
    _checks.require(
        isinstance(other, type(one)),
        f"({_checks.show(other)})",
        "must be AndOrInteractions",
        "Pass what AndOr().explain returned for other models or samples.",
        TypeError,
    )
    ours, theirs = one.outputs.shape, other.outputs.shape
    _checks.require(
        ours[2] == theirs[2] and (not samples or ours[0] == theirs[0]),
        f"(<of {theirs[0]} samples, {len(other.players)} players>)",
        f"must have the same players{' and samples' if samples else ''}, "
        f"{ours[0]} samples and {len(one.players)} players",
        "Explain the same samples with the same groups.",
    )
