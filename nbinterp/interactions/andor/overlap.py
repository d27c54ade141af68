"""Which primitives models share, and how many they would share by chance."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbinterp import _checks
from nbinterp._typing import BoolArray, FloatArray
from nbinterp.interactions.subsets import relabelled, sizes

_NEGLIGIBLE = 1e-9  # of the largest strength: zero, but for rounding


@dataclass(frozen=True, eq=False)
class Overlap:
    """The share of the `k` strongest primitives of a model that all models have, averaged.

    Attributes
    ----------
    k : int
        How many primitives were taken of each model, or fewer where fewer differ from zero.
    and_, or_ : ndarray of shape (..., samples)
        Between 0 and 1.
    chance_and, chance_or : ndarray of shape (..., samples)
        What random sets of as many primitives would share.
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


def strongest(strengths: FloatArray, k: int, floor: FloatArray) -> BoolArray:
    """Return which `k` entries of the last axis are largest; none that are at most `floor`.

    Zeros would be told apart by their place only, which is the same in all models.
    """
    order = np.argsort(-strengths, axis=-1, kind="stable")[..., :k]
    chosen = np.zeros(strengths.shape, dtype=bool)
    np.put_along_axis(chosen, order, True, axis=-1)
    result: BoolArray = chosen & (strengths > floor[..., None])
    return result


def negligible(strengths: FloatArray, resolution: FloatArray) -> FloatArray:
    """Return the strength (samples, models) below which a primitive counts as zero.

    `resolution` (samples,) is the gap of the objective, shared out among all interactions.
    """
    floor: FloatArray = np.maximum(_NEGLIGIBLE * strengths.max(-1), resolution[:, None])
    return floor


def shared_fraction(chosen: BoolArray) -> FloatArray:
    """Return ``|shared| / |chosen|``, averaged over the models of ``(..., models, 2^n)`` flags."""
    shared = chosen.all(axis=-2).sum(-1, keepdims=True)
    result: FloatArray = (shared / np.maximum(chosen.sum(-1), 1)).mean(-1)
    return result


def chance_fraction(chosen: BoolArray, n_candidates: int) -> FloatArray:
    """Return what `shared_fraction` is on average for random sets as large, of `n_candidates`."""
    counts = chosen.sum(-1)
    expected = n_candidates * (counts / n_candidates).prod(-1, keepdims=True)
    result: FloatArray = (expected / np.maximum(counts, 1)).mean(-1)
    return result


def overlap(and_: FloatArray, or_: FloatArray, k: int, resolution: FloatArray) -> Overlap:
    """Return the overlap of the `k` strongest primitives of models.

    Parameters
    ----------
    and_, or_ : ndarray of shape (samples, models, 2^n)
        Interactions, those of orders 0 and 1 merged into `and_`. The empty set does not count.
    k : int
    resolution : ndarray of shape (samples,)
        As `negligible` takes it.
    """
    order = sizes(int(and_.shape[-1]).bit_length() - 1)
    found = []
    for table, least in ((and_, 1), (or_, 2)):
        strengths = np.abs(table) * (order >= least)
        chosen = strongest(strengths, k, negligible(strengths, resolution))
        candidates = max(int((order >= least).sum()), 1)
        found.append((shared_fraction(chosen), chance_fraction(chosen, candidates)))
    return Overlap(k, found[0][0], found[1][0], found[0][1], found[1][1])


def mismatched(values: FloatArray, random: np.random.RandomState) -> FloatArray:
    """Return outputs in which the players of all models but the first are relabelled at random.

    Each model keeps its own sparsity and its own profile over orders; what players it speaks of
    is no longer what the first model speaks of.
    """
    n = int(values.shape[-1]).bit_length() - 1
    moved = values.copy()
    for model in range(1, values.shape[1]):
        order = random.permutation(n)
        while n > 1 and (order == np.arange(n)).all():
            order = random.permutation(n)
        moved[:, model] = values[:, model, relabelled(n, order.tolist())]
    return moved


def replaced(values: FloatArray, others: FloatArray, first: int) -> FloatArray:
    """Return outputs in which unrelated models stand for all but the first, from `first` on."""
    changed = values.copy()
    for model in range(1, values.shape[1]):
        changed[:, model] = others[:, (first + model - 1) % others.shape[1]]
    return changed


def stacked(overlaps: list[Overlap]) -> Overlap:
    """Return overlaps of repetitions, on a first axis."""

    def along(part: Callable[[Overlap], FloatArray]) -> FloatArray:
        return np.stack([part(one) for one in overlaps])

    return Overlap(
        overlaps[0].k,
        along(lambda one: one.and_),
        along(lambda one: one.or_),
        along(lambda one: one.chance_and),
        along(lambda one: one.chance_or),
    )


def transfer(
    tables: tuple[FloatArray, FloatArray],
    held_out: tuple[FloatArray, FloatArray],
    k: int,
    resolutions: tuple[FloatArray, FloatArray],
) -> Overlap:
    """Return the share of primitives common to all models that are strong in another one too.

    Parameters
    ----------
    tables, held_out : pair of ndarray of shape (samples, models, 2^n)
        AND and OR interactions; of the held-out model, (samples, 1, 2^n).
    k : int
        How many count as strong in each.
    resolutions : pair of ndarray of shape (samples,)
        As `negligible` takes them.
    """
    order = sizes(int(tables[0].shape[-1]).bit_length() - 1)
    found = []
    for ours, theirs, least in zip(tables, held_out, (1, 2), strict=True):
        chosen = []
        for table, resolution in zip((ours, theirs), resolutions, strict=True):
            strengths = np.abs(table) * (order >= least)
            chosen.append(strongest(strengths, k, negligible(strengths, resolution)))
        common, other = chosen[0].all(axis=1), chosen[1][:, 0]
        count = common.sum(-1)
        kept = np.divide((common & other).sum(-1), count, out=np.zeros(len(count)), where=count > 0)
        found.append((kept, other.sum(-1) / max(int((order >= least).sum()), 1)))
    return Overlap(k, found[0][0], found[1][0], found[0][1], found[1][1])


def check_several(models: Sequence[str]) -> None:
    """Refuse a result of one model, which shares with none."""
    _checks.require(
        len(models) > 1,
        "() of one model",
        "must have at least two models",
        "Explain several together: AndOr().explain([first, second], x).",
    )


def check_same(one: Any, other: Any, *, samples: bool = True) -> None:
    """Refuse two `AndOrInteractions` of different players, or of different `samples`."""
    ours, theirs = one.outputs.shape, other.outputs.shape
    _checks.require(
        ours[2] == theirs[2] and (not samples or ours[0] == theirs[0]),
        f"(<of {theirs[0]} samples, {len(other.players)} players>)",
        f"must have the same players{' and samples' if samples else ''}, "
        f"{ours[0]} samples and {len(one.players)} players",
        "Explain the same samples with the same groups.",
    )
