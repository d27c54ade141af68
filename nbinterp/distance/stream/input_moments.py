"""Moments of what a layer reads, summed batch by batch where the model is."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class InputMoments:
    """Of rows: their number, mean (d,), sum of ``u uᵀ`` (d, d) and of ``|u|⁴`` about the mean."""

    count: int
    mean: Tensor
    products: Tensor
    fourth: Tensor


class InputSums:
    """Sums over rows about the mean of the first batch, all in float64.

    That is near enough to the mean of all for sums of squares to keep their digits, and unlike
    moments about the mean of each batch they merge by adding.

    Parameters
    ----------
    fourth : bool
        Whether to sum fourth powers of lengths: all that Ledoit and Wolf's shrinkage asks for
        beyond the covariance.
    """

    def __init__(self, *, fourth: bool) -> None:
        self.wants_fourth = fourth
        self.count = 0

    def add(self, rows: Tensor) -> None:
        """Take rows (n, d)."""
        if self.count == 0:
            d = rows.shape[1]
            self.origin = rows.mean(0)
            self.sum, self.cubes = rows.new_zeros(2, d)
            self.fourth = rows.new_zeros(())
            self.products = rows.new_zeros(d, d)
        self.count += len(rows)
        u = rows - self.origin
        self.sum += u.sum(0)
        self._add_products(u)
        if self.wants_fourth:
            squares = u.square().sum(1)
            self.cubes += squares @ u
            self.fourth += squares @ squares

    def _add_products(self, u: Tensor) -> None:
        if u.device.type != "cpu":
            self.products.addmm_(u.T, u)
            return
        # NumPy sees that the product is symmetric: half the work.
        values = u.numpy()
        self.products += torch.from_numpy(values.T @ values)

    def result(self) -> InputMoments:
        """Return the moments about the mean."""
        n, step = self.count, self.sum / self.count
        products = self.products
        length = step @ step
        fourth = (
            self.fourth
            - 4.0 * (step @ self.cubes)
            + 4.0 * (step @ products @ step)
            + 2.0 * length * products.trace()
            - 3.0 * n * length**2
        )
        about_mean = products - n * torch.outer(step, step)
        return InputMoments(n, self.origin + step, about_mean, fourth)
