"""A symmetric matrix, stored whole or as a product of a few rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import torch
from torch import Tensor

from nbinterp._state import HasState, fields


class Symmetric(Protocol):
    """A symmetric matrix H of shape (width, width), estimated in blocks."""

    def product(self, v: Tensor) -> Tensor:
        """Return ``H v`` for ``v (width, k)``."""

    def eigenpairs(self, k: int) -> tuple[Tensor, Tensor]:
        """Return the `k` eigenvalues of largest size, and their eigenvectors ``(width, k)``."""

    def entries(self, rows: Tensor, columns: Tensor, n_blocks: int) -> tuple[Tensor, Tensor]:
        """Return the entries at `rows` × `columns` and their standard errors."""

    def scaled(self, by: Tensor) -> Self:
        """Return ``R H R`` for the diagonal R of `by`, ``(width,)``."""


@dataclass(frozen=True)
class Dense:
    """The whole matrix, with the standard error of each entry."""

    matrix: Tensor
    standard_error: Tensor

    def product(self, v: Tensor) -> Tensor:
        """Return ``H v``."""
        return self.matrix @ v.to(self.matrix.dtype)

    def eigenpairs(self, k: int) -> tuple[Tensor, Tensor]:
        """Return the eigenpairs of largest size."""
        return _largest(self.matrix, k)

    def entries(self, rows: Tensor, columns: Tensor, n_blocks: int) -> tuple[Tensor, Tensor]:
        """Return the entries at `rows` × `columns` and their standard errors."""
        place = rows.to(self.matrix.device)[:, None], columns.to(self.matrix.device)
        return self.matrix[place], self.standard_error[place]

    def scaled(self, by: Tensor) -> "Dense":
        """Return ``R H R``."""
        square = by[:, None] * by
        return Dense(self.matrix * square, self.standard_error * square)


@dataclass(frozen=True)
class LowRank(HasState):
    """``(UᵀG + GᵀU) / 2`` for ``U, G (n, width)``: 2 n width numbers instead of width²."""

    u: Tensor
    g: Tensor

    _STATE = fields("u g")

    @classmethod
    def mean(cls, parts: Sequence["LowRank"]) -> "LowRank":
        """Return the mean of several, by stacking their rows."""
        u = torch.cat([part.u for part in parts]) / len(parts)
        return cls(u, torch.cat([part.g for part in parts]))

    def product(self, v: Tensor) -> Tensor:
        """Return ``H v``, in O(n width) for each column."""
        w = v.to(self.g.dtype)
        return 0.5 * (self.u.T @ (self.g @ w) + self.g.T @ (self.u @ w))

    def entries(self, rows: Tensor, columns: Tensor, n_blocks: int) -> tuple[Tensor, Tensor]:
        """Return the entries at `rows` × `columns` and their standard errors.

        U and G hold `n_blocks` blocks of equal size, each an independent estimate; the error is
        that of their mean. The cost is O(n rows columns).
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

    def scaled(self, by: Tensor) -> "LowRank":
        """Return ``R H R``."""
        return LowRank(self.u * by.to(self.u), self.g * by.to(self.g))

    def eigenpairs(self, k: int) -> tuple[Tensor, Tensor]:
        """Return the eigenpairs of largest size, exactly: H maps all vectors into few rows."""
        span, _ = torch.linalg.qr(torch.cat([self.u, self.g]).T)
        values, vectors = _largest(span.T @ self.product(span), k)
        return values, span @ vectors


def _largest(matrix: Tensor, k: int) -> tuple[Tensor, Tensor]:
    values, vectors = torch.linalg.eigh(matrix)
    order = values.abs().argsort(descending=True, stable=True)[:k]
    return values[order], vectors[:, order]
