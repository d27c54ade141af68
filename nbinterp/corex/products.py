"""Products with the correlation matrix, formed once or, of few samples, never.

Where there are fewer samples than half the variables, multiplying by the scores twice is cheaper
than by the matrix, and a matrix of thousands of variables need not fit in memory.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

_ROWS_AT_ONCE = 512


@dataclass(frozen=True)
class Product(ABC):
    """The correlation matrices of K problems; subclasses say how they are kept in `table`."""

    table: Tensor

    @abstractmethod
    def times(self, w: Tensor) -> Tensor:
        """Return ``w S`` of weights ``(K, m, p)``."""

    @abstractmethod
    def variances(self) -> Tensor:
        """Return the diagonals ``(K, p)``: 1, or 0 for a constant."""

    @abstractmethod
    def padded(self, columns: Tensor, rows: int, width: int) -> Tensor:
        """Return the table of one problem with only `columns`, filled up with zeros."""

    @abstractmethod
    def lift(self, w: Tensor, noise: Tensor) -> Tensor:
        """Return weights ``(K, m, p)`` in coordinates that know their inner products.

        These are of ``S_e = (1 - noise) S + noise I``. The coordinates ``(K, sides, m, d)`` are
        linear in `w`; how `inner` reads them depends on the number of sides.
        """

    @abstractmethod
    def weights(self, v: Tensor, noise: Tensor) -> Tensor:
        """Return the weights at coordinates `v`."""

    @abstractmethod
    def rho(self, v: Tensor, noise: Tensor) -> Tensor:
        """Return ``w S_e`` ``(K, m, p)`` of the weights at coordinates `v`."""

    def take(self, kept: Tensor) -> Self:
        """Return the product of the problems `kept`."""
        return type(self)(self.table[kept])

    def single(self) -> Self:
        """Return the product in float32."""
        return type(self)(self.table.float())

    def copies(self, noise_floor: float) -> int:
        """Return how many variables of one problem differ from another by less than the noise."""
        p, found = self.table.shape[-1], 0
        for begin in range(0, p, _ROWS_AT_ONCE):
            rows = torch.arange(begin, min(p, begin + _ROWS_AT_ONCE), device=self.table.device)
            unit = self.table.new_zeros((1, len(rows), p))
            unit[0, torch.arange(len(rows)), rows] = 1.0
            like_others = self.times(unit)[0].abs()
            like_others[torch.arange(len(rows)), rows] = 0.0
            found += int((like_others.amax(1) > 1.0 - noise_floor**2).sum())
        return found


class Dense(Product):
    """Correlation matrices, a table ``(K, p, p)``."""

    def times(self, w: Tensor) -> Tensor:
        """Return ``w S``."""
        return torch.bmm(w, self.table)

    def variances(self) -> Tensor:
        """Return the diagonals."""
        return self.table.diagonal(dim1=-2, dim2=-1)

    def lift(self, w: Tensor, noise: Tensor) -> Tensor:
        """Return `w` and its product with ``S_e``: two sides, of which `inner` takes one each."""
        v = w.new_empty((w.shape[0], 2, *w.shape[1:]))
        v[:, 0] = w
        torch.lerp(self.times(w), w, noise, out=v[:, 1])
        return v

    def weights(self, v: Tensor, noise: Tensor) -> Tensor:
        """Return the first side."""
        return v[:, 0]

    def rho(self, v: Tensor, noise: Tensor) -> Tensor:
        """Return the second side."""
        return v[:, 1]

    def padded(self, columns: Tensor, rows: int, width: int) -> Tensor:
        """Return the matrix of `columns` and their columns, filled up to `width`."""
        out = self.table.new_zeros((width, width))
        out[: len(columns), : len(columns)] = self.table[0][columns][:, columns]
        return out


class Scores(Product):
    """Scores divided by the root of the number of samples, a table ``(K, n, p)``."""

    def times(self, w: Tensor) -> Tensor:
        """Return ``w S`` as two products with the scores."""
        return torch.bmm(torch.bmm(w, self.table.mT), self.table)

    def variances(self) -> Tensor:
        """Return the diagonals."""
        return (self.table**2).sum(-2)

    def lift(self, w: Tensor, noise: Tensor) -> Tensor:
        """Return ``w`` times a root of ``S_e``, ``[sqrt(1 - noise) Z', sqrt(noise) I]``."""
        data, own = _shares(noise)
        return torch.cat([torch.bmm(w, self.table.mT) * data, w * own], -1).unsqueeze(1)

    def weights(self, v: Tensor, noise: Tensor) -> Tensor:
        """Return the part that is the weights, scaled."""
        return v[:, 0, :, self.table.shape[1] :] / _shares(noise)[1]

    def rho(self, v: Tensor, noise: Tensor) -> Tensor:
        """Return the coordinates times the root's transpose."""
        n = self.table.shape[1]
        data, own = _shares(noise)
        return torch.baddbmm(v[:, 0, :, n:] * own, v[:, 0, :, :n] * data, self.table)

    def padded(self, columns: Tensor, rows: int, width: int) -> Tensor:
        """Return the scores of `columns`, filled up to `rows` and `width`."""
        out = self.table.new_zeros((rows, width))
        out[: self.table.shape[1], : len(columns)] = self.table[0][:, columns]
        return out


def _shares(noise: Tensor) -> tuple[Tensor, Tensor]:
    """Return the roots of the shares of data and noise, of which none is zero."""
    return (1.0 - noise).sqrt(), noise.clamp(min=torch.finfo(noise.dtype).eps).sqrt()


def inner(a: Tensor, b: Tensor) -> Tensor:
    """Return the inner products ``(K, 1, m, 1)`` of coordinates, row by row."""
    return (a[:, :1] * b[:, -1:]).sum(-1, keepdim=True)


def inner_of_all(a: Tensor, b: Tensor) -> Tensor:
    """Return the inner products ``(K, 1, 1, 1)`` of coordinates, summed over the rows."""
    k = a.shape[0]  # `len` takes as long as a small product
    return torch.bmm(a[:, 0].reshape(k, 1, -1), b[:, -1].reshape(k, -1, 1)).unsqueeze(-1)


def stack(products: Sequence[Product], columns: Sequence[Tensor]) -> Product:
    """Return one product of K problems of the same kind, each with only its `columns`."""
    rows = max(product.table.shape[1] for product in products)
    width = max(len(each) for each in columns)
    tables = [
        product.padded(each, rows, width) for product, each in zip(products, columns, strict=True)
    ]
    return type(products[0])(torch.stack(tables))
