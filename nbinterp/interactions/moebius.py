"""Subset transforms: from the outputs of all coalitions to AND and OR interactions and back.

A coalition is a set of players that are on. Arrays have 2^n entries on their last axis, one per
coalition; bit i of an index says whether player i is on. All transforms run in O(n 2^n), in
float64, over any leading axes. A tensor gives a tensor, through which gradients flow; anything
else gives a NumPy array.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from nbinterp import _checks

Transform = Callable[[torch.Tensor], torch.Tensor]


@_checks.named
def and_interactions(v: Any) -> Any:
    """Return the AND interactions of outputs `v`, also called Harsanyi dividends.

    ``I(S) = sum over T within S of (-1)^(|S| - |T|) v(T)``: what the players of S add to the
    output only when all of them are on.

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
    The AND of two players is one interaction of both, in the last entry:

    >>> from nbinterp.interactions import and_interactions
    >>> and_interactions([0, 0, 0, 1])
    array([0., 0., 0., 1.])
    """
    return _apply(v, and_, and_adjoint)


@_checks.named
def or_interactions(v: Any) -> Any:
    """Return the OR interactions of outputs `v`.

    ``I(S) = -sum over T within S of (-1)^(|S| - |T|) v(N without T)``: what the players of S add
    to the output as soon as any of them is on. The empty set gets the output of the empty
    coalition.

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
    """Return the outputs with given AND interactions, both (..., 2^n): undo `and_interactions`."""
    return _apply(interactions, _subset_sum, _superset_sum)


@_checks.named
def or_values(interactions: Any) -> Any:
    """Return the outputs with given OR interactions, both (..., 2^n): undo `or_interactions`."""
    return _apply(interactions, or_inverse, or_inverse_adjoint)


def and_(v: torch.Tensor) -> torch.Tensor:
    """Return the AND interactions of a float64 tensor (Möbius transform)."""
    return _butterfly(v, into=1, sign=-1)


def and_adjoint(y: torch.Tensor) -> torch.Tensor:
    """Return the transpose of `and_` applied to `y`."""
    return _butterfly(y, into=0, sign=-1)


def or_(v: torch.Tensor) -> torch.Tensor:
    """Return the OR interactions of a float64 tensor."""
    # Flipping the axis takes complements. Subtracting from 0.0 leaves no negative zeros.
    table = 0.0 - and_(v.flip(-1))
    table[..., 0] = v[..., 0]
    return table


def or_adjoint(y: torch.Tensor) -> torch.Tensor:
    """Return the transpose of `or_` applied to `y`."""
    nonempty = y.clone()
    nonempty[..., 0] = 0
    table = and_adjoint(nonempty).neg_().flip(-1)
    table[..., 0] += y[..., 0]
    return table


def or_inverse(table: torch.Tensor) -> torch.Tensor:
    """Return the float64 outputs with the OR interactions `table`."""
    nonempty = table.clone()
    nonempty[..., 0] = 0
    everything = table.sum(-1, keepdim=True)
    return everything - _subset_sum(nonempty).flip(-1)


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
    """For each player, add `sign` times the half without it to the half with it (`into` 1).

    With `into` 0, the half with the player is added to the half without.
    """
    out = table.clone(memory_format=torch.contiguous_format)
    for player in range(n_players(out)):
        halves = out.view(*out.shape[:-1], -1, 2, 1 << player)
        halves[..., into, :].add_(halves[..., 1 - into, :], alpha=sign)
    return out


def n_players(table: torch.Tensor) -> int:
    """Return n for a table with 2^n entries on its last axis."""
    return int(table.shape[-1]).bit_length() - 1


class _Linear(torch.autograd.Function):
    """A linear map whose gradient is its adjoint, without recording each step of the transform."""

    @staticmethod
    def forward(
        ctx: Any, v: torch.Tensor, transform: Transform, adjoint: Transform
    ) -> torch.Tensor:
        ctx.transform, ctx.adjoint = transform, adjoint
        return transform(v)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        # Through `apply`, so that gradients have gradients themselves.
        return _Linear.apply(gradients[0], ctx.adjoint, ctx.transform), None, None  # type: ignore[no-untyped-call]


def _apply(table: Any, transform: Transform, adjoint: Transform) -> Any:
    is_tensor = isinstance(table, torch.Tensor)
    tensor = table if is_tensor else torch.from_numpy(np.array(table, dtype=np.float64))
    size = tensor.shape[-1] if tensor.ndim else 0
    _checks.require(
        size > 0 and size & (size - 1) == 0,
        f"(<table of shape {tuple(tensor.shape)}>)",
        "must have 2^n entries on its last axis, one per coalition of n players",
        "Pass the outputs of all coalitions.",
    )
    mapped = _Linear.apply(tensor.to(torch.float64), transform, adjoint)  # type: ignore[no-untyped-call]
    return mapped if is_tensor else mapped.numpy()
