"""How well the strongest interactions alone reproduce the outputs."""

import numpy as np

from nbinterp._typing import FloatArray
from nbinterp.interactions.moebius import and_values, or_values


def rebuilt(and_: FloatArray, or_: FloatArray) -> FloatArray:
    """Return the outputs of all coalitions as sums of interactions (Theorem 2).

    An AND interaction counts once all its players are on, an OR interaction once any is.
    """
    total: FloatArray = np.asarray(and_values(and_)) + np.asarray(or_values(or_))
    return total


def only_strongest(and_: FloatArray, or_: FloatArray, k: int) -> tuple[FloatArray, FloatArray]:
    """Return both tables with all but the `k` strongest entries zero, and the empty set kept."""
    both = np.concatenate([np.abs(and_), np.abs(or_)], axis=-1)
    size = and_.shape[-1]
    both[..., [0, size]] = -1
    order = np.argsort(-both, axis=-1, kind="stable")[..., :k]
    keep = np.zeros(both.shape, dtype=bool)
    np.put_along_axis(keep, order, True, axis=-1)
    keep[..., [0, size]] = True
    return and_ * keep[..., :size], or_ * keep[..., size:]


def errors(and_: FloatArray, or_: FloatArray, denoised: FloatArray, k: int) -> FloatArray:
    """Return ``|v - v of the k strongest|`` for each coalition, (samples, models, 2^n)."""
    result: FloatArray = np.abs(denoised - rebuilt(*only_strongest(and_, or_, k)))
    return result


def precision(and_: FloatArray, or_: FloatArray, denoised: FloatArray, k: int) -> FloatArray:
    """Return the matching precision m(k), (samples, models): 1 if `k` interactions explain all.

    It is ``A / (A + |R|)`` with A the summed strength of the k strongest and R the part of
    v(N) - v(∅) that they do not explain.
    """
    few_and, few_or = only_strongest(and_, or_, k)
    strength = np.abs(few_and[..., 1:]).sum(-1) + np.abs(few_or[..., 1:]).sum(-1)
    reached = few_and[..., 1:].sum(-1) + few_or[..., 1:].sum(-1)
    missed = np.abs(denoised[..., -1] - denoised[..., 0] - reached)
    whole = strength + missed
    result: FloatArray = np.divide(strength, whole, out=np.ones_like(whole), where=whole > 0)
    return result
