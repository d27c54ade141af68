"""Products with the correlation matrix, which is not formed where there are few samples.

Where there are fewer samples than half the variables, multiplying by the scores twice is cheaper
than by the matrix, and a matrix of thousands of variables need not fit in memory.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from nbinterp._numerics.arrays import Array, cast, empty, namespace, row_dots
from nbinterp.corex.linear.copies import copies_in_matrix, copies_in_scores, least_correlation


@dataclass(frozen=True)
class Product(ABC):
    """The correlation matrices of K problems; subclasses say how they are kept in `table`."""

    table: Array

    @abstractmethod
    def times(self, w: Array) -> Array:
        """Return ``w S`` of weights ``(K, m, p)``."""

    @abstractmethod
    def variances(self) -> Array:
        """Return the diagonals ``(K, p)``: 1, or 0 for a constant."""

    @abstractmethod
    def padded(self, columns: Tensor, rows: int, width: int) -> Tensor:
        """Return the table of one problem with only `columns`, filled up with zeros."""

    @abstractmethod
    def lift(self, w: Array, noise: Array) -> Array:
        """Return weights ``(K, m, p)`` in coordinates that know their inner products.

        These are of ``S_e = (1 - noise) S + noise I``. The coordinates ``(K, sides, m, d)`` are
        linear in `w`; how `inner` reads them depends on the number of sides.
        """

    @abstractmethod
    def weights(self, v: Array, noise: Array) -> Array:
        """Return the weights at coordinates `v`."""

    @abstractmethod
    def rho(self, v: Array, noise: Array) -> Array:
        """Return ``w S_e`` ``(K, m, p)`` of the weights at coordinates `v`."""

    def take(self, kept: Array) -> Self:
        """Return the product of the problems `kept`."""
        return type(self)(self.table[kept])

    def single(self) -> Self:
        """Return the product in float32."""
        return type(self)(cast(self.table, namespace(self.table).float32))

    @abstractmethod
    def copies(self, noise_floor: float) -> int:
        """Return how many variables of one problem differ from another by less than the noise."""


class Dense(Product):
    """Correlation matrices, a table ``(K, p, p)``."""

    def times(self, w: Array) -> Array:
        """Return ``w S``."""
        return w @ self.table

    def variances(self) -> Array:
        """Return the diagonals."""
        return self.table.diagonal(0, -2, -1)

    def lift(self, w: Array, noise: Array) -> Array:
        """Return `w` and its product with ``S_e``: two sides, of which `inner` takes one each."""
        v = empty(w, (w.shape[0], 2, *w.shape[1:]))
        v[:, 0] = w
        image = self.times(w)
        namespace(w).add(image, noise * (w - image), out=v[:, 1])
        return v

    def weights(self, v: Array, noise: Array) -> Array:
        """Return the first side."""
        return v[:, 0]

    def rho(self, v: Array, noise: Array) -> Array:
        """Return the second side."""
        return v[:, 1]

    def copies(self, noise_floor: float) -> int:
        """Return how many rows of the matrix have such an entry beside the diagonal."""
        return copies_in_matrix(self.table[0], least_correlation(noise_floor))

    def padded(self, columns: Tensor, rows: int, width: int) -> Tensor:
        """Return the matrix of `columns` and their columns, filled up to `width`."""
        out: Tensor = self.table.new_zeros((width, width))
        out[: len(columns), : len(columns)] = self.table[0][columns][:, columns]
        return out


class Scores(Product):
    """Scores divided by the root of the number of samples, a table ``(K, n, p)``."""

    def times(self, w: Array) -> Array:
        """Return ``w S`` as two products with the scores."""
        return w @ self.table.mT @ self.table

    def variances(self) -> Array:
        """Return the diagonals."""
        return (self.table**2).sum(-2)

    def lift(self, w: Array, noise: Array) -> Array:
        """Return ``w`` times a root of ``S_e``, ``[sqrt(1 - noise) Z', sqrt(noise) I]``."""
        data, own = _shares(noise)
        return namespace(w).concat([w @ self.table.mT * data, w * own], -1)[:, None]

    def weights(self, v: Array, noise: Array) -> Array:
        """Return the part that is the weights, scaled."""
        return v[:, 0, :, self.table.shape[1] :] / _shares(noise)[1]

    def rho(self, v: Array, noise: Array) -> Array:
        """Return the coordinates times the root's transpose."""
        n = self.table.shape[1]
        data, own = _shares(noise)
        return v[:, 0, :, n:] * own + v[:, 0, :, :n] * data @ self.table

    def copies(self, noise_floor: float) -> int:
        """Return how many columns of scores lie as near to another."""
        return copies_in_scores(self.table[0], least_correlation(noise_floor))

    def padded(self, columns: Tensor, rows: int, width: int) -> Tensor:
        """Return the scores of `columns`, filled up to `rows` and `width`."""
        out: Tensor = self.table.new_zeros((rows, width))
        out[: self.table.shape[1], : len(columns)] = self.table[0][:, columns]
        return out


def _shares(noise: Array) -> tuple[Array, Array]:
    """Return the roots of the shares of data and noise, of which none is zero."""
    xp = namespace(noise)
    return xp.sqrt(1.0 - noise), xp.sqrt(xp.clip(noise, xp.finfo(noise.dtype).eps, None))


def inner(a: Array, b: Array) -> Array:
    """Return the inner products ``(K, 1, m, 1)`` of coordinates, row by row."""
    return row_dots(a[:, 0], b[:, -1])[:, None, :, None]


def inner_of_all(a: Array, b: Array) -> Array:
    """Return the inner products ``(K, 1, 1, 1)`` of coordinates, summed over the rows."""
    k = len(a)
    products = row_dots(a[:, 0].reshape(k, -1), b[:, -1].reshape(k, -1))
    return products[:, None, None, None]


def stack(products: Sequence[Product], columns: Sequence[Tensor]) -> Product:
    """Return one product of K problems of the same kind, each with only its `columns`."""
    rows = max(product.table.shape[1] for product in products)
    width = max(len(each) for each in columns)
    tables = [
        product.padded(each, rows, width) for product, each in zip(products, columns, strict=True)
    ]
    return type(products[0])(torch.stack(tables))
