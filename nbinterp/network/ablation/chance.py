"""How often random nodes cost as much, for one row of a study and for the largest of many rows."""

import numpy as np

from nbinterp._typing import FloatArray, IntArray

_ROUNDING = 1e-9  # rounding of sums must not decide whether two draws cost the same
_LEAST_SPREAD = 1e-3  # of the largest spread of outputs over draws


def ranks(change: FloatArray, random: FloatArray) -> FloatArray:
    """Return ``(1 + draws that cost as much or more) / (1 + draws)`` of each row.

    Parameters
    ----------
    change : array of shape (n_cases, n_sizes, n_groups)
        The change of each case.
    random : array of shape (n_random, n_sizes, n_groups)
        The same of random draws.
    """
    as_much = (random[:, None] <= change + _ROUNDING).sum(axis=0)
    result: FloatArray = (1 + as_much) / (1 + len(random))
    return result


def corrected_ranks(change: FloatArray, random: FloatArray, least: FloatArray) -> FloatArray:
    """Return the ranks of losses among the largest loss of each draw over all sizes and groups.

    A loss counts in standard deviations of the draws, of its size and group, that of a draw in
    those of the others; `least` is the least of them that counts, (n_groups,). Of a draw of random
    nodes, some row has a corrected rank below 0.05 with a probability of 0.05, however many rows
    there are (Westfall and Young 1993, "Resampling-based multiple testing": the largest statistic).
    """
    n = len(random)
    if n < 2:
        return np.ones(change.shape)
    mean, variance = random.mean(axis=0), random.var(axis=0)
    off = random - mean
    # Without the draw itself, which would pull mean and spread to where it is.
    others = (variance - off**2 / (n - 1)) * n / (n - 1)
    largest = -off * n / (n - 1) / np.maximum(np.sqrt(np.maximum(others, 0.0)), least)
    largest = np.sort(largest.max(axis=(1, 2)))
    spread = np.maximum(np.sqrt(variance), least)
    as_much = n - np.searchsorted(largest, (mean - change) / spread - _ROUNDING / spread)
    result: FloatArray = (1 + as_much) / (1 + n)
    return result


def least_spreads(random: FloatArray, group_sizes: IntArray | None) -> FloatArray:
    """Return the least standard deviation that counts in each group, (n_groups,).

    Of accuracies that is one sample of the group, of outputs a small share of the largest one.
    """
    if group_sizes is not None:
        return 1.0 / np.maximum(group_sizes, 1)
    largest = random.std(axis=0).max() if len(random) else 0.0
    return np.full(random.shape[2], max(_LEAST_SPREAD * float(largest), 1e-12))
