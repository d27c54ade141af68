"""Interaction indices of game theory, from the outputs of all coalitions.

Each index is a sum of AND interactions (the Möbius transform) over supersets, weighted by the
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
    """Return an interaction index of outputs `v`, for sets of up to `order` players.

    Parameters
    ----------
    v : array or tensor of shape (..., 2^n)
        Outputs of all coalitions; bit i of the index is player i.
    index : {"SV", "SII", "k-SII", "STII", "FSII"}
        Shapley values, Shapley interactions, n-Shapley values, Shapley-Taylor or faithful Shapley
        interactions.
    order : int
        Largest number of players of a set; not used for Shapley values.

    Returns
    -------
    ndarray of shape (..., 2^n)
        One entry per set, in the units of `v`; zero for sets of more than `order` players. The
        empty set has the output of the empty coalition.

    Raises
    ------
    ValueError
        If the last axis of `v` has not 2^n entries, or if `index` or `order` is out of range.

    References
    ----------
    Grabisch and Roubens (1999); Sundararajan, Dhamdhere and Agarwal (2020); Tsai, Yeh and
    Ravikumar (2023); Bordt and von Luxburg (2023).

    Examples
    --------
    Two players that add something only together share it equally:

    >>> from nbinterp.interactions import interaction_index
    >>> interaction_index([0, 0, 0, 1], "SV")
    array([0. , 0.5, 0.5, 0. ])
    """
    _checks.choice("index", index, INDICES)
    moebius = torch.as_tensor(_checks.to_numpy(and_interactions(v)))
    n = int(moebius.shape[-1]).bit_length() - 1
    if index == "SV":
        order = 1
    largest = _checks.integer("order", order, 1, max(n, 1), of="the players")
    if index == "k-SII":
        summed = _summed(moebius, n, lambda s, t: 1 / (t - s + 1), n)
        # Sum over supersets of at most `order` players, with Bernoulli numbers as weights.
        table = _summed(summed, largest, lambda s, t: _bernoulli(t - s), largest)
    else:
        table = _summed(moebius, n, _weights(index, largest), largest)
    table[..., 0] = moebius[..., 0]
    return np.asarray(table.numpy())


def _weights(index: str, largest: int) -> Any:
    """Return the function from sizes s <= t to the weight of a superset of t players."""
    if index in ("SV", "SII"):
        return lambda s, t: 1 / (t - s + 1)
    if index == "STII":
        return lambda s, t: float(s == t) if s < largest else 1 / comb(t, largest)

    def faithful(s: int, t: int) -> float:
        if t <= largest:
            return float(s == t)
        ratio = comb(largest, s) * comb(t - 1, largest) / comb(t + largest - 1, largest + s)
        return (-1.0 if (largest - s) % 2 else 1.0) * s / (largest + s) * ratio

    return faithful


def _summed(table: torch.Tensor, n: int, weight: Any, largest: int) -> torch.Tensor:
    """Return for each set of s <= `largest` players the weighted sum over its supersets.

    Supersets of up to `n` players count.
    """
    count = torch.from_numpy(sizes(int(table.shape[-1]).bit_length() - 1))
    found = torch.zeros_like(table)
    for t in range(1, n + 1):
        above = superset_sum(torch.where(count == t, table, 0.0))
        by_size = [weight(s, t) if 1 <= s <= t else 0.0 for s in range(largest + 1)]
        by_size += [0.0] * (int(count.max()) - largest)
        found += torch.tensor(by_size, dtype=table.dtype)[count] * above
    return found


def _bernoulli(n: int) -> float:
    """Return the Bernoulli number B_n, with B_1 = -1/2."""
    numbers: list[float] = [1.0]
    for k in range(1, n + 1):
        total = sum(comb(k + 1, j) * number for j, number in enumerate(numbers))
        numbers.append(-total / (k + 1))
    return float(numbers[n])
