"""What the factors of Bio CorEx tell about each column, less what chance would tell."""

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
_ROUNDING = 1e-6  # nats: permutations that change nothing are no lower
_SHARE = 64  # of a block's memory: what fits in a processor's cache is done sooner


def information(table: Table, q: Tensor, smooth: bool) -> Tensor:
    """Return ``I(X_i; Y_j)`` in nats, ``(r, m, p)``, for responsibilities ``(r, m, k, n)``.

    Averaged over the observed entries of a column, and above zero by chance alone.
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
    """Return ``I(X_i; Y_j)`` in nats ``(m, p)`` above its mean over permuted samples.

    Zero where it is not above the second highest of 20 permutations (as the authors' program): what
    chance gives in one case of ten.

    Parameters
    ----------
    table : Table
        The data.
    q : Tensor of shape (1, m, k, n)
        Responsibilities.
    smooth : bool
        Whether `q` came from shrunk estimates.
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

    def shuffled(some: Tensor) -> Tensor:  # in its worker: all copies at once would take much room
        return information(table, q[0][..., some].permute(2, 0, 1, 3).contiguous(), smooth)

    parts = orders.split(together)  # type: ignore[no-untyped-call]
    null = torch.cat(parallel_map([partial(shuffled, some) for some in parts], q.device))
    second = null.topk(2, 0).values[1]
    return torch.where(raw > second + _ROUNDING, raw - null.mean(0), 0.0).clamp(min=0.0)


def agreement(q: Tensor, other: Tensor) -> Tensor:
    """Return how well each factor of `q` ``(m, k, n)`` is found again in `other`, ``(m,)``.

    The highest normalized mutual information, from 0 to 1, between its likeliest states and those
    of a factor of `other`.
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
