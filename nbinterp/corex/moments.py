"""What Linear CorEx reads off its weights: objective, gradient and information measures.

Everything depends on the data only through the correlation matrix S, by way of ``rho = w S``
(Ver Steeg, Harutyunyan, Moyer and Galstyan, 2019, https://arxiv.org/abs/1706.03353). All tensors
carry a leading dimension of problems: weights ``(K, m, p)`` for m factors of p variables.
"""

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor


class Moments(NamedTuple):
    """Second moments of variables and factors at given weights.

    Attributes
    ----------
    u : Tensor of shape (K, m)
        Variance of the noiseless factor, ``1 - 1/E[Z_j^2]``; feasible below 1.
    inverse : Tensor of shape (K, m, p)
        ``1 / (1 - rho^2)``.
    b : Tensor of shape (K, m, p)
        ``B = rho / (1 - rho^2)``.
    q_full : Tensor of shape (K, m, p)
        ``Q_ji = sum_k corr(Z_j, Z_k) B_ki``.
    r : Tensor of shape (K, p)
        ``r_i = sum_j rho_ji B_ji``.
    q : Tensor of shape (K, p)
        ``Q_i - r_i^2``, written so that large B do not cancel.
    total_correlation : Tensor of shape (K,), float64
        The lower bound of the total correlation that is maximized, in nats; NaN where infeasible.
    """

    u: Tensor
    inverse: Tensor
    b: Tensor
    q_full: Tensor
    r: Tensor
    q: Tensor
    total_correlation: Tensor


def moments(w: Tensor, rho: Tensor) -> Moments:
    """Return the moments at weights `w`, of which ``rho = w S`` is known."""
    one = one_like(w)
    cross = torch.bmm(w, rho.mT)
    diagonal = cross.diagonal(dim1=-2, dim2=-1)
    u = diagonal.clone()
    diagonal.fill_(1.0)
    inverse = torch.addcmul(one, rho, rho, value=-1.0).reciprocal_()
    b = rho * inverse
    q_full = torch.bmm(cross, b)
    r = (rho * b).sum(-2)
    q = torch.addcmul(q_full, r.unsqueeze(-2), rho, value=-1.0).mul_(b).sum(-2)
    # In float64: a total of hundreds of nats in float32 would hide the last improvements.
    terms = torch.cat([r, q, u.neg()], -1).log1p_().double()
    total_correlation = torch.mv(terms, _signs(q.shape[-1], u.shape[-1], w.device))
    return Moments(u, inverse, b, q_full, r, q, total_correlation)


@cache
def _signs(p: int, m: int, device: torch.device) -> Tensor:
    """Return the factors of the terms of the total correlation: of r, q and -u."""
    with torch.inference_mode(False):
        shares = torch.tensor([1.0, -0.5, 0.5], dtype=torch.float64, device=device)
        return shares.repeat_interleave(torch.tensor([p, p, m], device=device))


def one_like(tensor: Tensor) -> Tensor:
    """Return 1: a number of Python would cost a conversion each time it is used."""
    return _one(tensor.device, tensor.dtype)


@cache
def _one(device: torch.device, dtype: torch.dtype) -> Tensor:
    with torch.inference_mode(False):
        return torch.ones((), device=device, dtype=dtype)


def half_gradient(w: Tensor, at: Moments) -> Tensor:
    """Return g, with which the gradient of minus the total correlation by `w` is ``g S``."""
    one = one_like(w)
    narrow = (at.q + one).reciprocal_()
    pull = torch.addcmul((at.r + one).reciprocal_(), at.r, narrow).unsqueeze(-2)
    narrow = narrow.unsqueeze(-2)
    coupling = torch.bmm(at.b * narrow, at.b.mT)
    coupling.diagonal(dim1=-2, dim2=-1).copy_((one - at.u).reciprocal_())
    # Few passes over the (m, p) tensors, by rho * inverse = b and (1 + rho^2) inverse =
    # 2 inverse - 1.
    spread = (at.q_full * narrow).mul_(at.inverse)
    excess = torch.addcmul(spread, pull, at.b, value=-1.0)
    minus_own = torch.addcmul(spread, at.inverse, excess, value=-2.0)
    return torch.baddbmm(minus_own, coupling, w, beta=-1.0)


class Information(NamedTuple):
    """The information measures of one fitted problem, in nats.

    Attributes
    ----------
    mutual_information : Tensor of shape (m, p)
        ``I(X_i; Z_j) = -log(1 - rho_ji^2) / 2``.
    total_correlations : Tensor of shape (m,)
        ``TC(X; Z_j) = sum_i I(X_i; Z_j) - I(Z_j; X)``.
    total_correlation : float
        The objective: a lower bound of ``TC(X; Z)``, exact when every variable has one parent.
    direct : float
        ``sum_i I(X_i; Z) - sum_j I(Z_j; X)``.
    no_overlap : float
        ``sum_i max_j I(X_i; Z_j) - sum_j I(Z_j; X)``.
    additivity : float
        ``sum_i (sum_j I(X_i; Z_j) - I(X_i; Z))``: above zero where factors repeat one another.
    """

    mutual_information: Tensor
    total_correlations: Tensor
    total_correlation: float
    direct: float
    no_overlap: float
    additivity: float


def information(w: Tensor, rho: Tensor) -> Information:
    """Return the information measures of one problem with weights `w` ``(m, p)``."""
    at = moments(w.unsqueeze(0), rho.unsqueeze(0))
    mutual = -0.5 * torch.log1p(-rho * rho)
    about_factor = -0.5 * torch.log1p(-at.u[0])
    cross = w @ rho.mT
    cross.fill_diagonal_(1.0)
    left_over = 1.0 - (torch.linalg.lstsq(cross, rho).solution * rho).sum(0)
    about_variable = -0.5 * torch.log(left_over.clamp(1e-6, 1.0))
    return Information(
        mutual,
        mutual.sum(1) - about_factor,
        float(at.total_correlation[0]),
        float(about_variable.sum() - about_factor.sum()),
        float(mutual.amax(0).sum() - about_factor.sum()),
        float((mutual.sum(0) - about_variable).sum()),
    )
