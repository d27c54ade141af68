"""Interaction indices of game theory, from the outputs of all coalitions.

All follow from the AND interactions (Möbius transform) by sums over supersets, weighted by the
sizes of both sets.
"""

from math import comb
from typing import Any

import numpy as np
import torch

from nbinterp import _checks
from nbinterp._typing import FloatArray
from nbinterp.interactions.moebius import and_interactions, superset_sum
from nbinterp.interactions.subsets import sizes

INDICES = ("SV", "SII", "k-SII", "STII", "FSII")


@_checks.named
def interaction_index(v: Any, index: str = "SII", order: int = 2) -> FloatArray:
    """Return an interaction index of outputs `v` up to an order.

    Parameters
    ----------
    v : array or tensor of shape (..., 2^n)
        Outputs of all coalitions; bit i of the index is player i.
    index : {"SV", "SII", "k-SII", "STII", "FSII"}
        Shapley values, Shapley interactions, their n-Shapley sums, Shapley-Taylor or faithful
        Shapley interactions.
    order : int
        The largest size of sets; not used for Shapley values.

    Returns
    -------
    ndarray of shape (..., 2^n)
        In the units of `v`, at the place of each set; zero for sets of more than `order`
        players, and for the empty set the output of the empty coalition.

    Raises
    ------
    ValueError
        If `v` has no 2^n entries, or the index or the order is not one of those.

    References
    ----------
    Grabisch and Roubens (1999); Sundararajan, Dhamdhere and Agarwal (2020); Tsai, Yeh and
    Ravikumar (2023); Bordt and von Luxburg (2023).

    Examples
    --------
    Two players that work together share what they bring:

    >>> from nbinterp.interactions import interaction_index
    >>> interaction_index([0, 0, 0, 1], "SV")
    array([0. , 0.5, 0.5, 0. ])
    """
    _checks.choice("index", index, INDICES)
    moebius = torch.as_tensor(_checks.to_numpy(and_interactions(v)))
    n = int(moebius.shape[-1]).bit_length() - 1
    if index == "SV":
        order = 1
    top = _checks.integer("order", order, 1, max(n, 1), of="the players")
    if index == "k-SII":
        summed = _summed(moebius, n, lambda s, t: 1 / (t - s + 1), n)
        # Sums over supersets of at most `order` players, with Bernoulli numbers as weights.
        table = _summed(summed, top, lambda s, t: _bernoulli(t - s), top)
    else:
        table = _summed(moebius, n, _weights(index, top), top)
    table[..., 0] = moebius[..., 0]
    return np.asarray(table.numpy())


def _weights(index: str, top: int) -> Any:
    """Return the weight of the Möbius coefficient of t players in the index of s of them."""
    if index in ("SV", "SII"):
        return lambda s, t: 1 / (t - s + 1)
    if index == "STII":
        return lambda s, t: float(s == t) if s < top else 1 / comb(t, top)

    def faithful(s: int, t: int) -> float:
        if t <= top:
            return float(s == t)
        ratio = comb(top, s) * comb(t - 1, top) / comb(t + top - 1, top + s)
        return (-1.0 if (top - s) % 2 else 1.0) * s / (top + s) * ratio

    return faithful


def _summed(table: torch.Tensor, largest: int, weight: Any, top: int) -> torch.Tensor:
    """Return for each set of s <= `top` players the weighted sum over its supersets."""
    count = torch.from_numpy(sizes(int(table.shape[-1]).bit_length() - 1))
    found = torch.zeros_like(table)
    for t in range(1, largest + 1):
        above = superset_sum(torch.where(count == t, table, 0.0))
        by_size = [weight(s, t) if 1 <= s <= t else 0.0 for s in range(top + 1)]
        by_size += [0.0] * (int(count.max()) - top)
        found += torch.tensor(by_size, dtype=table.dtype)[count] * above
    return found


def _bernoulli(n: int) -> float:
    """Return the Bernoulli number B_n, with B_1 = -1/2."""
    numbers: list[float] = [1.0]
    for k in range(1, n + 1):
        total = sum(comb(k + 1, j) * number for j, number in enumerate(numbers))
        numbers.append(-total / (k + 1))
    return float(numbers[n])
