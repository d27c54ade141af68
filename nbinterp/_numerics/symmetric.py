"""Symmetric products, computed on one side of the diagonal."""

from collections.abc import Iterable
from functools import partial

import torch

from nbinterp._numerics.parallel import interruptible

# Number of strips of rows; four strips save three eighths of the work.
_N_STRIPS = 4
# A strip of more multiplications takes too long for an interrupt to wait for it.
_LONG = 2**34


def symmetric_product(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return ``a @ b`` ``(n, n)`` that is known to be symmetric, exactly symmetric.

    Examples
    --------
    >>> X = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> symmetric_product(X.T, X)
    tensor([[10., 14.],
            [14., 20.]])
    """
    n = len(a)
    product = a.new_empty((n, n))
    is_long = n * n * a.shape[1] > _LONG
    for rows, columns in _strips(n):
        strip = partial(torch.mm, a[rows], b[:, columns], out=product[rows, columns])
        if is_long:
            interruptible(strip, a.device)
        else:
            strip()
    return _mirrored(product)


def gram(blocks: Iterable[torch.Tensor], like: torch.Tensor) -> torch.Tensor:
    """Return the sum of ``X.T @ X`` ``(p, p)`` over blocks ``X`` ``(n, p)``, typed as `like`.

    Examples
    --------
    >>> X = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> gram([X[:1], X[1:]], like=X[0])
    tensor([[10., 14.],
            [14., 20.]])
    """
    n = like.shape[-1]
    product = like.new_zeros((n, n))
    for X in blocks:
        for rows, columns in _strips(n):
            product[rows, columns].addmm_(X.T[rows], X[:, columns])
    return _mirrored(product)


def _strips(n: int) -> list[tuple[slice, slice]]:
    """Return rows and columns of the strips on and above the diagonal."""
    step = -(-n // _N_STRIPS)
    return [(slice(start, start + step), slice(start, n)) for start in range(0, n, step)]


def _mirrored(product: torch.Tensor) -> torch.Tensor:
    """Mirror the computed strips of a product, in place."""
    for rows, columns in _strips(len(product)):
        strip = product[rows, columns]
        own = strip[:, : len(strip)]
        own.copy_(own.triu() + own.triu(1).T)
        product[columns, rows][len(strip) :] = strip[:, len(strip) :].T
    return product
