"""Moments of rows that arrive in batches."""

from copy import deepcopy
from typing import Self

import numpy as np
from torch import Tensor

from nbinterp._numerics.arrays import (
    Array,
    as_array,
    cast,
    empty,
    full,
    namespace,
    on_host,
    to_device,
)
from nbinterp._state import HasState, State, fields
from nbinterp._typing import FloatArray


class Moments(HasState):
    """Count, mean and sums of powers about the mean, of all rows or of each group of rows.

    The sums are about the current mean and move with it, so that no digits are lost when the mean
    is much larger than the deviations (Chan, Golub and LeVeque, 1979; Pébay, 2008). They are NumPy
    arrays or tensors, with the dtype and device of the rows: pass float64 if precision matters.

    Parameters
    ----------
    order : {1, 2, 3, 4}, default=1
        Highest power of the columns to sum.
    n_groups : int, default=1
        Number of groups of rows; each has its own mean and powers.
    products : bool, default=False
        Whether to sum the products of columns over all rows; not with groups.
    lengths : bool, default=False
        Whether to sum the fourth powers of the lengths of rows; only with `products`.

    Attributes
    ----------
    count : array of shape (n_groups,)
        Rows.
    mean : array of shape (n_groups, p)
        Mean of each column; 0 for a group without rows.
    powers : list of arrays of shape (n_groups, p)
        Sums of ``u²``, ``u³`` and ``u⁴`` up to `order`, where u is a row minus the mean.
    products : array of shape (p, p) or None
        Sum of ``u uᵀ``.
    fourth : array of shape () or None
        Sum of ``|u|⁴``.

    Examples
    --------
    >>> moments = Moments(order=2)
    >>> for rows in (np.array([[1.0], [2.0]]), np.array([[6.0]])):
    ...     moments.add(rows)
    >>> moments.mean, moments.powers[0]
    (array([[3.]]), array([[14.]]))
    """

    _STATE = fields("n_samples mean products")

    def __init__(
        self, *, order: int = 1, n_groups: int = 1, products: bool = False, lengths: bool = False
    ) -> None:
        self._order, self._n_groups = order, n_groups
        self._with_products, self._with_lengths = products, lengths
        self.count: Array = np.zeros(n_groups)
        self.mean: Array = None
        self.powers: list[Array] = []
        self.products: Array = None
        self.cubes: Array = None  # sum of |u|² u, needed to move `fourth`
        self.fourth: Array = None

    def to_state(self) -> State:
        """Return the count, mean and products of all rows."""
        n = int(self.count[0])
        return {"n_samples": n, "mean": self.mean[0], "products": self.products}

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Return the moments with the count, mean and products of `state`."""
        made = super().from_state(state)
        whole = cls(products=True)
        whole.count = np.array([float(vars(made).pop("n_samples"))])
        whole.mean, whole.products = made.mean[None], made.products
        return whole

    def add(self, rows: Array, codes: Array = None) -> None:
        """Add rows ``(n, p)``; `codes` ``(n,)`` are the groups of the rows."""
        if self.mean is None:
            self._begin(rows)
        xp, n = namespace(rows), len(rows)
        member = None
        if self._n_groups > 1:
            groups = to_device(np.arange(self._n_groups), rows)[:, None]
            member = cast(codes == groups, rows.dtype)
        added = full(rows, (1,), float(n)) if member is None else member.sum(1)
        mean = rows.sum(0)[None] if member is None else member @ rows
        mean /= xp.clip(added, 1.0, None)[:, None]
        total = self.count + added
        mean = self.mean + (mean - self.mean) * (added / xp.clip(total, 1.0, None))[:, None]
        if self._order > 1 or self._with_products:
            # With this extra last row, the product of the new rows also moves the old products.
            u = empty(rows, (n + 1, rows.shape[1]))
            u[n] = (self.mean - mean)[0] * self.count[0] ** 0.5
            self._move(mean)
            xp.subtract(rows, mean if member is None else mean[codes], out=u[:n])
            self._add_products(u)
            self._add_powers(u[:n], member)
        self.mean, self.count = mean, total

    def add_one(self, row: Tensor) -> None:
        """Add one row, a tensor of any shape, in few passes; the row is overwritten.

        Only without groups and products, and with powers up to the second.
        """
        if self.mean is None:
            self._begin(row[None])
        self.count += 1.0
        share = 1.0 / float(self.count[0])
        row -= self.mean[0]
        self.mean[0].add_(row, alpha=share)
        for power in self.powers:
            power[0].addcmul_(row, row, value=1.0 - share)

    def _begin(self, rows: Array) -> None:
        shape = rows.shape[1:]
        self.count = full(rows, (self._n_groups,), 0.0)
        self.mean = full(rows, (self._n_groups, *shape), 0.0)
        self.powers = [full(rows, self.mean.shape, 0.0) for _ in range(1, self._order)]
        if self._with_products:
            self.products = full(rows, shape * 2, 0.0)
        if self._with_lengths:
            self.cubes, self.fourth = full(rows, shape, 0.0), full(rows, (), 0.0)

    def _move(self, point: Array) -> None:
        """Turn sums about the mean into sums about `point`, except the products."""
        s, n = self.mean - point, self.count[:, None]
        second, third, fourth = [*self.powers, None, None, None][:3]
        if fourth is not None:
            fourth += 4.0 * s * third + 6.0 * s**2 * second + n * s**4
        if third is not None:
            third += 3.0 * s * second + n * s**3
        if second is not None:
            second += n * s**2
        if self.fourth is not None:
            s, image, trace = s[0], self.products @ s[0], self.products.trace()
            square = s @ s
            self.fourth = self.fourth + 4.0 * (s @ (self.cubes + image)) + 2.0 * square * trace
            self.fourth = self.fourth + self.count[0] * square**2
            self.cubes = self.cubes + trace * s + 2.0 * image + self.count[0] * square * s

    def _add_products(self, u: Array) -> None:
        if self.products is None:
            return
        if on_host(u) or u.device.type == "cpu":
            # NumPy detects that the product is symmetric: half the work.
            host = u if on_host(u) else as_array(u)
            self.products += to_device(host.T @ host, u)
        else:
            self.products.addmm_(u.T, u)
        if self.fourth is not None:
            rows = u[:-1]
            squares = (rows * rows).sum(1)
            self.cubes = self.cubes + squares @ rows
            self.fourth = self.fourth + squares @ squares

    def _add_powers(self, u: Array, member: Array) -> None:
        if not self.powers:
            return
        squares = u * u
        terms = [squares, u * squares if self._order > 2 else None, None]
        if self._order > 3:
            terms[2] = squares * squares
        for power, term in zip(self.powers, terms, strict=False):
            power += term.sum(0) if member is None else member @ term

    def groups(self, wanted: Array) -> "Moments":
        """Return the moments of some groups, given as a mask or as numbers."""
        part = deepcopy(self)
        part.count, part.mean = part.count[wanted], part.mean[wanted]
        part.powers = [power[wanted] for power in part.powers]
        part._n_groups = len(part.count)
        return part

    def pooled(self) -> "Moments":
        """Return the moments of all rows, over all groups."""
        whole = deepcopy(self)
        n = self.count.sum()
        mean = (self.count @ self.mean / n)[None]
        whole._move(mean)
        whole._n_groups, whole.count, whole.mean = 1, n[None], mean
        whole.powers = [power.sum(0)[None] for power in whole.powers]
        return whole

    @property
    def variance(self) -> Array:
        """The variance ``(n_groups, p)``, divided by the number of rows."""
        return self.powers[0] / self._at_least_one()

    @property
    def covariance(self) -> Array:
        """The covariance ``(p, p)``, divided by the number of rows."""
        return self.products / self.count[0]

    @property
    def standard_error(self) -> Array:
        """The standard error of `mean`, from the variance of the rows."""
        n = self.count.reshape(-1, *[1] * (self.mean.ndim - 1))
        xp = namespace(self.mean)
        return xp.sqrt(self.powers[0] / (n * xp.clip(n - 1.0, 1.0, None)))

    def shape(self, floor: FloatArray) -> tuple[Array, Array]:
        """Return skewness and excess kurtosis ``(n_groups, p)``; both are 0 for a Gaussian.

        They are also 0 where the variance is at most `floor` ``(p,)``.
        """
        xp, n = namespace(self.mean), self._at_least_one()
        varies = self.variance > to_device(floor, self.mean)
        safe = xp.where(varies, self.variance, 1.0)
        skewness = xp.where(varies, self.powers[1] / n / safe**1.5, 0.0)
        return skewness, xp.where(varies, self.powers[2] / n / safe**2 - 3.0, 0.0)

    def _at_least_one(self) -> Array:
        return namespace(self.count).clip(self.count, 1.0, None)[:, None]
