"""Subset transforms: from the outputs of all coalitions to AND and OR interactions and back.

Tables have 2^n entries on their last axis, and bit i of an index says whether player i is on.
All run in O(n 2^n), in float64, over any axes before the last. What comes as a tensor comes back
as one and can be differentiated; anything else comes back as a NumPy array.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from nbinterp import _checks

Transform = Callable[[torch.Tensor], torch.Tensor]


@_checks.named
def and_interactions(v: Any) -> Any:
    """Return the AND interactions of outputs `v`, known as Harsanyi dividends.

    ``I(S) = sum over T within S of (-1)^(|S| - |T|) v(T)``: what the players of S add only when
    all of them are on.

    Parameters
    ----------
    v : array or tensor of shape (..., 2^n)
        Outputs of all coalitions; bit i of the index is player i.

    Returns
    -------
    ndarray or tensor of shape (..., 2^n)
        In the units of `v`, float64.

    Raises
    ------
    ValueError
        If the last axis is not a power of two.

    References
    ----------
    Chen, Lou, Huang and Zhang (2024), Defining and extracting generalizable interaction
    primitives from DNNs, ICLR. Eq. 1.

    Examples
    --------
    The AND of two players is one interaction of both, in the last place:

    >>> from nbinterp.interactions import and_interactions
    >>> and_interactions([0, 0, 0, 1])
    array([0., 0., 0., 1.])
    """
    return _apply(v, and_, and_adjoint)


@_checks.named
def or_interactions(v: Any) -> Any:
    """Return the OR interactions of outputs `v`.

    ``I(S) = -sum over T within S of (-1)^(|S| - |T|) v(N without T)``, and ``v`` of the empty
    coalition for the empty set: what the players of S add as soon as any of them is on.

    Parameters
    ----------
    v : array or tensor of shape (..., 2^n)
        Outputs of all coalitions; bit i of the index is player i.

    Returns
    -------
    ndarray or tensor of shape (..., 2^n)
        In the units of `v`, float64.

    Raises
    ------
    ValueError
        If the last axis is not a power of two.

    References
    ----------
    Chen, Lou, Huang and Zhang (2024), Eq. 2.

    Examples
    --------
    >>> from nbinterp.interactions import or_interactions
    >>> or_interactions([0, 1, 1, 1])
    array([0., 0., 0., 1.])
    """
    return _apply(v, or_, or_adjoint)


@_checks.named
def and_values(interactions: Any) -> Any:
    """Return the outputs (..., 2^n) that have these AND interactions (..., 2^n)."""
    return _apply(interactions, _subset_sum, _superset_sum)


@_checks.named
def or_values(interactions: Any) -> Any:
    """Return the outputs (..., 2^n) that have these OR interactions (..., 2^n)."""
    return _apply(interactions, or_inverse, or_inverse_adjoint)


def and_(v: torch.Tensor) -> torch.Tensor:
    """Return the AND interactions of a float64 tensor (Möbius transform)."""
    return _butterfly(v, into=1, sign=-1)


def and_adjoint(y: torch.Tensor) -> torch.Tensor:
    """Return the transpose of `and_` applied to `y`."""
    return _butterfly(y, into=0, sign=-1)


def or_(v: torch.Tensor) -> torch.Tensor:
    """Return the OR interactions of a float64 tensor."""
    # Reversing the indices takes complements; subtracting leaves no negative zeros.
    table = 0.0 - and_(v.flip(-1))
    table[..., 0] = v[..., 0]
    return table


def or_adjoint(y: torch.Tensor) -> torch.Tensor:
    """Return the transpose of `or_` applied to `y`."""
    rest = y.clone()
    rest[..., 0] = 0
    table = and_adjoint(rest).neg_().flip(-1)
    table[..., 0] += y[..., 0]
    return table


def or_inverse(table: torch.Tensor) -> torch.Tensor:
    """Return the float64 outputs that have the OR interactions `table`."""
    rest = table.clone()
    rest[..., 0] = 0
    everything = table.sum(-1, keepdim=True)
    return everything - _subset_sum(rest).flip(-1)


def or_inverse_adjoint(y: torch.Tensor) -> torch.Tensor:
    """Return the transpose of `or_inverse` applied to `y`."""
    everything = y.sum(-1, keepdim=True)
    table = everything - _superset_sum(y.flip(-1))
    table[..., 0] = everything[..., 0]
    return table


def superset_sum(table: torch.Tensor) -> torch.Tensor:
    """Return the sum of `table` over all supersets of each set, both (..., 2^n)."""
    return _superset_sum(table)


def _subset_sum(table: torch.Tensor) -> torch.Tensor:
    return _butterfly(table, into=1, sign=1)


def _superset_sum(table: torch.Tensor) -> torch.Tensor:
    return _butterfly(table, into=0, sign=1)


def _butterfly(table: torch.Tensor, into: int, sign: int) -> torch.Tensor:
    """Add (`sign`) the half without a player to the half with it (`into` 1), or the reverse."""
    out = table.clone(memory_format=torch.contiguous_format)
    for player in range(n_players(out)):
        halves = out.view(*out.shape[:-1], -1, 2, 1 << player)
        halves[..., into, :].add_(halves[..., 1 - into, :], alpha=sign)
    return out


def n_players(table: torch.Tensor) -> int:
    """Return n of a table with 2^n entries on its last axis."""
    return int(table.shape[-1]).bit_length() - 1


class _Linear(torch.autograd.Function):
    """A linear map whose gradient is its adjoint, and not a walk back through the butterflies."""

    @staticmethod
    def forward(ctx: Any, v: torch.Tensor, forth: Transform, back: Transform) -> torch.Tensor:
        ctx.forth, ctx.back = forth, back
        return forth(v)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        # Through `apply`, so that gradients have gradients.
        return _Linear.apply(gradients[0], ctx.back, ctx.forth), None, None  # type: ignore[no-untyped-call]


def _apply(table: Any, forth: Transform, back: Transform) -> Any:
    is_tensor = isinstance(table, torch.Tensor)
    tensor = table if is_tensor else torch.from_numpy(np.array(table, dtype=np.float64))
    size = tensor.shape[-1] if tensor.ndim else 0
    _checks.require(
        size > 0 and size & (size - 1) == 0,
        f"(<table of shape {tuple(tensor.shape)}>)",
        "must have 2^n entries on its last axis, one a coalition of n players",
        "Pass the outputs of all coalitions.",
    )
    mapped = _Linear.apply(tensor.to(torch.float64), forth, back)  # type: ignore[no-untyped-call]
    return mapped if is_tensor else mapped.numpy()
