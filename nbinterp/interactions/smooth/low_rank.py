"""A symmetric matrix, held as itself or as the rows that it is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from nbinterp._state import HasState, fields


class Symmetric(Protocol):
    """What is asked of a matrix of shape (width, width)."""

    def product(self, v: Tensor) -> Tensor:
        """Return ``H v`` for ``v (width, k)``."""

    def eigenpairs(self, k: int) -> tuple[Tensor, Tensor]:
        """Return the `k` eigenvalues of largest size, and their vectors ``(width, k)``."""


@dataclass(frozen=True)
class Dense:
    """The matrix itself."""

    matrix: Tensor

    def product(self, v: Tensor) -> Tensor:
        """Return ``H v``."""
        return self.matrix @ v.to(self.matrix.dtype)

    def eigenpairs(self, k: int) -> tuple[Tensor, Tensor]:
        """Return the pairs of largest size."""
        return _largest(self.matrix, k)


@dataclass(frozen=True)
class LowRank(HasState):
    """``(UᵀG + GᵀU) / 2`` of rows ``U, G (n, width)``: 2 n width numbers instead of width²."""

    u: Tensor
    g: Tensor

    _STATE = fields("u g")

    @classmethod
    def mean(cls, parts: Sequence["LowRank"]) -> "LowRank":
        """Return the mean of several, as all their rows."""
        u = torch.cat([part.u for part in parts]) / len(parts)
        return cls(u, torch.cat([part.g for part in parts]))

    def product(self, v: Tensor) -> Tensor:
        """Return ``H v``, in O(n width) for each column."""
        w = v.to(self.g.dtype)
        return 0.5 * (self.u.T @ (self.g @ w) + self.g.T @ (self.u @ w))

    def entries(self, rows: Tensor, columns: Tensor, n_blocks: int) -> tuple[Tensor, Tensor]:
        """Return the entries at `rows` × `columns` and their errors, in O(n rows columns).

        The rows this is made of come in as many blocks of one size, each an estimate by itself.
        """
        rows, columns = rows.to(self.u.device), columns.to(self.u.device)
        total = self.u.new_zeros((len(rows), len(columns)), dtype=torch.float64)
        squares = torch.zeros_like(total)
        for u, g in zip(self.u.chunk(n_blocks), self.g.chunk(n_blocks), strict=True):
            one = u[:, rows].T @ g[:, columns] + g[:, rows].T @ u[:, columns]
            block = (0.5 * n_blocks * one).to(torch.float64)
            total += block
            squares.addcmul_(block, block)
        spread = (squares - total.square() / n_blocks).clamp(min=0.0)
        return total / n_blocks, (spread / (n_blocks * max(n_blocks - 1, 1))).sqrt()

    def eigenpairs(self, k: int) -> tuple[Tensor, Tensor]:
        """Return the pairs of largest size, exactly: H maps all into the span of its rows."""
        span, _ = torch.linalg.qr(torch.cat([self.u, self.g]).T)
        values, vectors = _largest(span.T @ self.product(span), k)
        return values, span @ vectors


def _largest(matrix: Tensor, k: int) -> tuple[Tensor, Tensor]:
    values, vectors = torch.linalg.eigh(matrix)
    order = values.abs().argsort(descending=True, stable=True)[:k]
    return values[order], vectors[:, order]
