"""Which entries of an estimated matrix differ from zero by more than noise."""

import numpy as np
from scipy.special import ndtr, stdtr

from nbinterp._typing import AnyArray, BoolArray


def significant(
    values: AnyArray, standard_error: AnyArray, n_blocks: int | None = None, *, rate: float = 0.05
) -> BoolArray:
    """Return which entries of each symmetric matrix differ from zero by more than noise.

    On average, at most the share `rate` of the returned pairs is noise: this is Benjamini and
    Hochberg's false discovery rate over all pairs of a matrix. A fixed threshold of two standard
    errors would report 5 % of all pairs in pure noise, 15,000 for 784 inputs.

    Parameters
    ----------
    values, standard_error : array of shape (..., width, width)
        Symmetric. An exact zero is never significant; another value without error always is.
    n_blocks : int, optional
        The number of independent estimates behind the error. With few, the error is uncertain
        itself, so Student's t is used. None for an error that is known.
    rate : float
        Between 0 and 1.

    Returns
    -------
    array of bool, of the shape of `values`

    References
    ----------
    Benjamini and Hochberg, "Controlling the false discovery rate", JRSS B 57 (1995).

    Examples
    --------
    >>> import numpy as np
    >>> significant(np.array([[9.0, 1.0], [1.0, 0.0]]), np.ones((2, 2)))
    array([[ True, False],
           [False, False]])
    """
    rows, columns = np.triu_indices(values.shape[-1])
    found = beyond_noise(
        values[..., rows, columns], standard_error[..., rows, columns], n_blocks, rate=rate
    )
    flags = np.zeros(values.shape, dtype=bool)
    flags[..., rows, columns] = flags[..., columns, rows] = found
    return flags


def beyond_noise(
    values: AnyArray, standard_error: AnyArray, n_blocks: int | None = None, *, rate: float = 0.05
) -> BoolArray:
    """Return which of the numbers (..., m) are significant, tested together along the last axis."""
    size = np.abs(values).astype(np.float64)
    error = standard_error.astype(np.float64)
    ratio = np.divide(size, error, out=np.where(size > 0, np.inf, 0.0), where=error > 0)
    below = ndtr(-ratio) if n_blocks is None else stdtr(n_blocks - 1, -ratio)
    found = _benjamini_hochberg(2.0 * below.reshape(-1, values.shape[-1]), rate)
    return found.reshape(values.shape)


def _benjamini_hochberg(p: AnyArray, rate: float) -> BoolArray:
    """Return which p-values (rows, m) are significant, each row by itself."""
    m = p.shape[1]
    ordered = np.sort(p, axis=1)
    passing = ordered <= rate * np.arange(1, m + 1) / m
    last = m - 1 - passing[:, ::-1].argmax(axis=1)  # of the largest p-value that passes
    level = np.where(passing.any(axis=1), ordered[np.arange(len(p)), last], -1.0)
    rejected: BoolArray = p <= level[:, None]
    return rejected
