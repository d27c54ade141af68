"""How well the strongest primitives alone give the outputs back."""

import numpy as np
import numpy.typing as npt

from nbinterp.interactions.moebius import and_values, or_values

Floats = npt.NDArray[np.float64]


def rebuilt(and_: Floats, or_: Floats) -> Floats:
    """Return the outputs of all coalitions that these interactions add up to (Theorem 2).

    An AND interaction counts once all its players are on, an OR interaction once any is.
    """
    total: Floats = np.asarray(and_values(and_)) + np.asarray(or_values(or_))
    return total


def only_strongest(and_: Floats, or_: Floats, k: int) -> tuple[Floats, Floats]:
    """Return both tables with all but the `k` strongest entries zero; the empty set stays."""
    both = np.concatenate([np.abs(and_), np.abs(or_)], axis=-1)
    size = and_.shape[-1]
    both[..., [0, size]] = -1
    order = np.argsort(-both, axis=-1, kind="stable")[..., :k]
    keep = np.zeros(both.shape, dtype=bool)
    np.put_along_axis(keep, order, True, axis=-1)
    keep[..., [0, size]] = True
    return and_ * keep[..., :size], or_ * keep[..., size:]


def errors(and_: Floats, or_: Floats, denoised: Floats, k: int) -> Floats:
    """Return ``|v - v of the k strongest|`` of each coalition, (samples, models, 2^n)."""
    result: Floats = np.abs(denoised - rebuilt(*only_strongest(and_, or_, k)))
    return result


def precision(and_: Floats, or_: Floats, denoised: Floats, k: int) -> Floats:
    """Return the matching precision m(k), (samples, models): 1 if `k` primitives explain all.

    With A the summed strength of the k strongest and R what they miss of v(N) - v(∅), it is
    ``A / (A + |R|)``.
    """
    few_and, few_or = only_strongest(and_, or_, k)
    strength = np.abs(few_and[..., 1:]).sum(-1) + np.abs(few_or[..., 1:]).sum(-1)
    reached = few_and[..., 1:].sum(-1) + few_or[..., 1:].sum(-1)
    missed = np.abs(denoised[..., -1] - denoised[..., 0] - reached)
    whole = strength + missed
    result: Floats = np.divide(strength, whole, out=np.ones_like(whole), where=whole > 0)
    return result
