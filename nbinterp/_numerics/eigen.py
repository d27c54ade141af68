"""Leading eigenpairs of large symmetric operators, from products with blocks of vectors."""

from collections.abc import Callable

import numpy as np
import torch


def leading_eigenpairs(
    multiply: Callable[[torch.Tensor], torch.Tensor],
    n: int,
    k: int,
    random: np.random.RandomState,
    *,
    n_iter: int,
    like: torch.Tensor,
    oversampling: int = 10,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the `k` eigenpairs with the largest modulus, by randomised subspace iteration.

    Parameters
    ----------
    multiply : callable
        Takes a block ``(n, b)`` and returns its product with the symmetric operator.
    n : int
        Size of the operator.
    k : int
        Number of eigenpairs to return, at most `n`.
    random : RandomState
        Draws the first subspace.
    n_iter : int
        Number of products with the operator before the last, at least one; more are more accurate.
    like : Tensor
        Gives the dtype and the device.
    oversampling : int
        Number of extra directions beyond `k`.

    Returns
    -------
    values : Tensor of shape (k,)
        Eigenvalues in order of decreasing modulus.
    vectors : Tensor of shape (n, k)
        Orthonormal columns.

    References
    ----------
    Halko, Martinsson, Tropp, Finding structure with randomness, SIAM Review 2011, algorithm 4.4.

    Examples
    --------
    >>> matrix = torch.diag(torch.tensor([1.0, -3.0, 2.0]))
    >>> values, _ = leading_eigenpairs(
    ...     lambda block: matrix @ block, 3, 2, np.random.RandomState(0), n_iter=20, like=matrix)
    >>> values.round(decimals=4)
    tensor([-3.,  2.])
    """
    width = min(n, k + oversampling)
    draw = np.random.default_rng(random.randint(2**31 - 1)).standard_normal  # ten times as fast
    basis = torch.as_tensor(draw((n, width), dtype=np.float32)).to(like.device, like.dtype)
    for left in reversed(range(n_iter)):
        # Before the last product, the columns only have to be far from linearly dependent.
        basis = orthonormal(multiply(basis), n_rounds=1 if left else 2)
    values, vectors = torch.linalg.eigh(basis.T @ multiply(basis))
    order = values.abs().argsort(descending=True)[:k]
    return values[order], basis @ vectors[:, order]


def orthonormal(block: torch.Tensor, n_rounds: int = 2) -> torch.Tensor:
    """Return an orthonormal basis of the columns of a tall block ``(n, b)``.

    It uses Cholesky factors of ``block' block``, which take a fraction of the time of Householder
    reflections. Householder reflections remain for columns that are nearly dependent. One round is
    accurate to three digits, two rounds to all.

    References
    ----------
    Yamamoto, Nakatsukasa, Yanagisawa, Fukaya, Roundoff error analysis of the CholeskyQR2
    algorithm, Electronic Transactions on Numerical Analysis 44, 2015.

    Examples
    --------
    >>> basis = orthonormal(torch.tensor([[3.0, 1.0], [4.0, 0.0], [0.0, 0.0]]))
    >>> torch.allclose(basis.T @ basis, torch.eye(2), atol=1e-6)
    True
    """
    # The part of a column orthogonal to the columns before it must be far above rounding.
    least = torch.finfo(block.dtype).eps ** 0.25
    basis = block
    for _ in range(n_rounds):
        gram = (basis.T @ basis).double()
        lengths = gram.diagonal().sqrt()
        factor, failed = torch.linalg.cholesky_ex(gram / lengths / lengths[:, None])
        if failed or not factor.diagonal().min() >= least:
            reflected: torch.Tensor = torch.linalg.qr(block).Q
            return reflected
        basis = basis @ (torch.linalg.inv(factor).T / lengths[:, None]).to(block.dtype)
    return basis
