"""Matrices over coalitions that stay the same when players are renumbered.

Sums, products and inverses of Kronecker powers are such matrices. They couple only entries of the
same total spin: with "off" and "on" as the two states of a spin 1/2, n players are n such spins.
In the basis of total spins (Schur-Weyl duality) the matrices are block-diagonal, with blocks of
at most n + 1 rows, each repeated many times.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch

from nbinterp.interactions.kronecker import KroneckerPower

_DENSE_PLAYERS = 8  # up to here, one product with the whole matrix is faster


class _Spin(NamedTuple):
    """The multiplets of one total spin: where they lie, how many there are, and their size."""

    start: int
    copies: int
    size: int

    @property
    def rows(self) -> torch.Tensor:
        """The positions of the basis, one multiplet per row."""
        return self.start + torch.arange(self.copies * self.size).reshape(self.copies, self.size)


class Invariant:
    """A function of Kronecker powers, as a map of tables of coalitions: an inverse, for example.

    The players are split into two halves, whose spins are added up separately. Then a product costs
    four products with matrices of 2^(n/2) rows, and some with small blocks.

    Parameters
    ----------
    factors : sequence of tensor of shape (2, 2)
        The factors of the Kronecker powers.
    n_players : int
        The last axis of tables holds ``2**n_players`` entries.
    combine : callable
        From the list of Kronecker powers to the matrix, for any number of rows: a function of
        matrices, such as their sum or its inverse.

    Examples
    --------
    The inverse of the identity plus twice a Kronecker power:

    >>> gram = torch.tensor([[1.0, 1.0], [1.0, 2.0]], dtype=torch.float64)
    >>> unit = torch.eye(2, dtype=torch.float64)
    >>> matrix = Invariant([unit, gram], 4, lambda powers: powers[0] + 2 * powers[1])
    >>> inverse = Invariant([unit, gram], 4, lambda p: torch.linalg.inv(p[0] + 2 * p[1]))
    >>> x = torch.arange(16, dtype=torch.float64)
    >>> torch.allclose(inverse(matrix(x)), x)
    True
    """

    def __init__(
        self,
        factors: Sequence[torch.Tensor],
        n_players: int,
        combine: Callable[[list[torch.Tensor]], torch.Tensor],
    ) -> None:
        self._whole: torch.Tensor | None = None
        if n_players <= _DENSE_PLAYERS:
            unit = torch.eye(2**n_players, dtype=factors[0].dtype, device=factors[0].device)
            self._whole = combine([KroneckerPower(each, n_players)(unit).T for each in factors]).T
            return
        low = n_players // 2
        device, dtype = factors[0].device, factors[0].dtype
        bases = [total_spins(n) for n in (n_players - low, low)]
        self._high, self._low = (basis.to(device, dtype) for basis, _ in bases)
        powers = [
            [_blocks(factor, basis.to(device, dtype), spins) for basis, spins in bases]
            for factor in factors
        ]
        order, self._blocks, self._slices, start = [], [], [], 0
        for i, first in enumerate(bases[0][1]):
            for j, second in enumerate(bases[1][1]):
                places = first.rows[:, None, :, None] * len(self._low) + second.rows[:, None]
                order.append(places.flatten())
                matrices = [torch.kron(above[i], below[j]) for above, below in powers]
                self._blocks.append(combine(matrices).T.contiguous())
                self._slices.append(slice(start, start + places.numel()))
                start += places.numel()
        self._order = torch.cat(order).to(device)
        self._back = self._order.argsort()

    def __call__(self, table: torch.Tensor) -> torch.Tensor:
        """Return the product of the matrix with `table` ``(..., 2^n)``."""
        if self._whole is not None:
            return table @ self._whole
        square = table.reshape(-1, len(self._high), len(self._low))
        spins = (self._high @ square @ self._low.T).flatten(1)[:, self._order]
        mapped = torch.empty_like(spins)
        for block, at in zip(self._blocks, self._slices, strict=True):
            part = spins[:, at].reshape(-1, len(block)) @ block
            mapped[:, at] = part.reshape(len(spins), -1)
        square = mapped[:, self._back].reshape(square.shape)
        return (self._high.T @ square @ self._low).reshape(table.shape)


def total_spins(n: int) -> tuple[torch.Tensor, list[_Spin]]:
    """Return the orthogonal basis of total spins of n spins 1/2, one vector per row.

    The multiplets of one spin follow each other; within each, the basis vectors ascend in the
    number of players that are on.

    Examples
    --------
    Two spins: a triplet and a singlet.

    >>> basis, spins = total_spins(2)
    >>> [(spin.copies, spin.size) for spin in spins]
    [(1, 3), (1, 1)]
    """
    # From the size of a multiplet to its copies, (copies, size, 2^n).
    found = {1: torch.ones(1, 1, 1, dtype=torch.float64)}
    for _ in range(n):
        grown: dict[int, list[torch.Tensor]] = {}
        for size, vectors in found.items():
            grown.setdefault(size + 1, []).append(_coupled(vectors, size, up=True))
            if size > 1:
                grown.setdefault(size - 1, []).append(_coupled(vectors, size, up=False))
        found = {size: torch.cat(parts) for size, parts in grown.items()}
    spins, start = [], 0
    for size in sorted(found, reverse=True):
        spins.append(_Spin(start, len(found[size]), size))
        start += len(found[size]) * size
    rows = [found[spin.size].reshape(-1, 2**n) for spin in spins]
    return torch.cat(rows), spins


def _coupled(vectors: torch.Tensor, size: int, up: bool) -> torch.Tensor:
    """Add one spin to multiplets (copies, size, 2^n): Clebsch-Gordan coefficients.

    The new player is the highest bit. With `up`, the total spin grows by one half.
    """
    copies, _, length = vectors.shape
    n = torch.arange(size + 1 if up else size - 1, dtype=torch.float64)  # players on, from lowest
    joined = vectors.new_zeros(copies, len(n), 2, length)
    if up:  # n of them on: the new one off and n of the others, or on and n - 1 of the others
        joined[:, :-1, 0] = ((size - n[:-1]) / size).sqrt()[:, None] * vectors
        joined[:, 1:, 1] = (n[1:] / size).sqrt()[:, None] * vectors
    else:
        joined[:, :, 0] = ((n + 1) / size).sqrt()[:, None] * vectors[:, 1:]
        joined[:, :, 1] = -((size - 1 - n) / size).sqrt()[:, None] * vectors[:, :-1]
    return joined.reshape(copies, len(n), 2 * length)


def _blocks(factor: torch.Tensor, basis: torch.Tensor, spins: list[_Spin]) -> list[torch.Tensor]:
    """Return the Kronecker power of `factor` within the first multiplet of each spin."""
    power = KroneckerPower(factor.T, basis.shape[1].bit_length() - 1)  # its rows are mapped
    firsts = [basis[spin.start : spin.start + spin.size] for spin in spins]
    return [power(first) @ first.T for first in firsts]
