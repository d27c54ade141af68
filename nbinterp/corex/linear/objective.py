"""Objective, gradient and information measures of Linear CorEx, from its weights.

Everything depends on the data only through the correlation matrix S, by way of ``rho = w S``
(Ver Steeg, Harutyunyan, Moyer and Galstyan, 2019, https://arxiv.org/abs/1706.03353). All tensors
carry a leading dimension of problems: weights ``(K, m, p)`` for m factors of p variables.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from nbinterp._numerics.arrays import Array, cast, diagonal, namespace


class Moments(NamedTuple):
    """Second moments of variables and factors at given weights.

    Attributes
    ----------
    u : Array of shape (K, m)
        Variance of the noiseless factor, ``1 - 1/E[Z_j^2]``; feasible below 1.
    inverse : Array of shape (K, m, p)
        ``1 / (1 - rho^2)``.
    b : Array of shape (K, m, p)
        ``B = rho / (1 - rho^2)``.
    q_full : Array of shape (K, m, p)
        ``Q_ji = sum_k corr(Z_j, Z_k) B_ki``.
    r : Array of shape (K, p)
        ``r_i = sum_j rho_ji B_ji``.
    q : Array of shape (K, p)
        ``Q_i - r_i^2``, written so that large B do not cancel.
    total_correlation : Array of shape (K,), float64
        The lower bound of the total correlation that is maximized, in nats; NaN where infeasible.
    """

    u: Array
    inverse: Array
    b: Array
    q_full: Array
    r: Array
    q: Array
    total_correlation: Array


def moments(w: Array, rho: Array) -> Moments:
    """Return the moments at weights `w`, of which ``rho = w S`` is known."""
    xp = namespace(w)
    cross = w @ rho.mT
    own = diagonal(cross)
    u = 1.0 * own
    own[:] = 1.0
    inverse = 1.0 / (1.0 - rho * rho)
    b = rho * inverse
    q_full = cross @ b
    r = (rho * b).sum(-2)
    excess = q_full - r[:, None] * rho
    excess *= b
    q = excess.sum(-2)
    # In float64: a total of hundreds of nats in float32 would hide the last improvements.
    terms = cast(xp.log1p(xp.concat([r, q, -u], -1)), xp.float64)
    total_correlation = terms @ _signs(xp, q.shape[-1], u.shape[-1], w.device)
    return Moments(u, inverse, b, q_full, r, q, total_correlation)


@cache
def _signs(xp: Any, p: int, m: int, device: Any) -> Array:
    """Return the factors of the terms of the total correlation: of r, q and -u."""
    shares = np.repeat([1.0, -0.5, 0.5], [p, p, m])
    with torch.inference_mode(False):
        return shares if xp is np else torch.as_tensor(shares, device=device)


def half_gradient(w: Array, at: Moments) -> Array:
    """Return g, with which the gradient of minus the total correlation by `w` is ``g S``."""
    narrow = 1.0 / (1.0 + at.q)
    pull = (1.0 / (1.0 + at.r) + at.r * narrow)[:, None]
    narrow = narrow[:, None]
    coupling = (at.b * narrow) @ at.b.mT
    diagonal(coupling)[:] = 1.0 / (1.0 - at.u)
    # Few passes over the (m, p) tensors, by rho * inverse = b and (1 + rho^2) inverse =
    # 2 inverse - 1.
    spread = at.q_full * narrow
    spread *= at.inverse
    excess = spread - pull * at.b
    excess *= at.inverse
    excess *= 2.0
    excess -= spread
    excess += coupling @ w
    return excess


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
    # Not lstsq: on the CPU its last bits differ from call to call.
    left_over = 1.0 - (torch.linalg.pinv(cross, hermitian=True) @ rho * rho).sum(0)
    # As fine as `u`: a coarser floor would count less of a near copy here than for its factor.
    about_variable = -0.5 * torch.log(left_over.clamp(torch.finfo(rho.dtype).eps, 1.0))
    return Information(
        mutual,
        mutual.sum(1) - about_factor,
        float(at.total_correlation[0]),
        float(about_variable.sum() - about_factor.sum()),
        float(mutual.amax(0).sum() - about_factor.sum()),
        float((mutual.sum(0) - about_variable).sum()),
    )
