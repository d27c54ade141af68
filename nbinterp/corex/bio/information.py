"""Mutual information between the factors of Bio CorEx and the columns, corrected for chance."""

from functools import partial

import numpy as np
import torch
from torch import Tensor

from nbinterp import _device
from nbinterp._numerics.parallel import parallel_map
from nbinterp.corex.bio.marginals import Table
from nbinterp.corex.bio.model import Likelihoods, estimate, total

_N_PERMUTATIONS = 20
_TINY = 1e-12
_ROUNDING = 1e-6  # in nats; a permutation that changes nothing may differ by this much
_SHARE = 64  # of a block's memory: smaller pieces fit in the processor's cache


def information(table: Table, q: Tensor, smooth: bool) -> Tensor:
    """Return ``I(X_i; Y_j)`` in nats, ``(r, m, p)``, for responsibilities ``(r, m, k, n)``.

    It is averaged over the observed entries of a column. By chance alone it is above zero.
    """
    model, sums = estimate(table, q, smooth)
    by_state = [(c * s).sum((2, -1)) for c, s in zip(model.relative, sums, strict=True)]
    told = torch.cat(by_state, -1)
    mixtures = Likelihoods(table, model, q).each(lambda block: block.mixture().sum(-1))
    told = told - total(mixtures).permute(1, 2, 0)
    return told / table.n_observed * table.varying


def corrected_information(
    table: Table, q: Tensor, smooth: bool, rng: np.random.RandomState
) -> Tensor:
    """Return ``I(X_i; Y_j)`` in nats ``(m, p)``, minus its mean over permuted samples.

    It is zero unless it exceeds the second highest of 20 permutations, as in the authors' program.
    Chance alone exceeds that in one case of ten.

    Parameters
    ----------
    table : Table
        The data.
    q : Tensor of shape (1, m, k, n)
        Responsibilities.
    smooth : bool
        Whether to shrink the estimates, as in the fit that gave `q`.
    rng : RandomState
        Draws the permutations.
    """
    raw = information(table, q, smooth)[0]
    orders = torch.as_tensor(
        np.stack([rng.permutation(q.shape[-1]) for _ in range(_N_PERMUTATIONS)]), device=q.device
    )
    together = _device.rows_per_block(
        q.device, _SHARE * q.numel() * len(table.varying) * q.element_size()
    )

    def shuffled(some: Tensor) -> Tensor:  # in a worker: all copies at once would take much memory
        return information(table, q[0][..., some].permute(2, 0, 1, 3).contiguous(), smooth)

    parts = orders.split(together)  # type: ignore[no-untyped-call]
    null = torch.cat(parallel_map([partial(shuffled, some) for some in parts], q.device))
    second = null.topk(2, 0).values[1]
    return torch.where(raw > second + _ROUNDING, raw - null.mean(0), 0.0).clamp(min=0.0)


def agreement(q: Tensor, other: Tensor) -> Tensor:
    """Return how well `other` reproduces each factor of `q` ``(m, k, n)``, ``(m,)``.

    This is the highest normalized mutual information, from 0 to 1, between the likeliest states of
    the factor and of any factor of `other`.
    """
    k, n = q.shape[1:]
    mine, theirs = (
        torch.nn.functional.one_hot(each.argmax(1), k).to(q.dtype) for each in (q, other)
    )
    joint = torch.einsum("inc,jnd->ijcd", mine, theirs) / n
    outer = joint.sum(3, keepdim=True) * joint.sum(2, keepdim=True)
    shared = torch.xlogy(joint, (joint / outer.clamp(min=_TINY)).clamp(min=_TINY)).sum((2, 3))
    entropies = [-torch.xlogy(each.mean(1), each.mean(1)).sum(-1) for each in (mine, theirs)]
    most = torch.maximum(entropies[0][:, None], entropies[1])
    return (shared / most.clamp(min=_TINY)).clamp(0.0, 1.0).amax(1)
