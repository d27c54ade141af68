"""Moments of what a layer reads, merged batch by batch where the model is."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class InputMoments:
    """Sums over rows, all in float64.

    Attributes
    ----------
    count : int
        Rows.
    mean : Tensor of shape (d,)
        Their mean.
    products : Tensor of shape (d, d)
        The sum of ``u uᵀ`` of rows u about the mean.
    higher : tuple of Tensors of shape (d,) and (), or None
        The sums of ``|u|² u`` and of ``|u|⁴``: all that Ledoit and Wolf's formula asks for beyond
        the covariance.
    """

    count: int
    mean: Tensor
    products: Tensor
    higher: tuple[Tensor, Tensor] | None = None

    @classmethod
    def of(cls, rows: Tensor, *, higher: bool) -> "InputMoments":
        """Return the moments of one batch (n, d), its higher ones only if asked."""
        mean = rows.mean(0)
        centred = rows - mean
        products = _gram(centred)
        if not higher:
            return cls(len(rows), mean, products)
        squares = centred.square().sum(1)
        return cls(len(rows), mean, products, (squares @ centred, squares @ squares))

    def merge(self, other: "InputMoments") -> "InputMoments":
        """Return the moments of both sets of rows (Chan, Golub and LeVeque, 1979)."""
        n = self.count + other.count
        step = other.mean - self.mean
        mean = self.mean + step * (other.count / n)
        products = self.products + other.products
        products += torch.outer(step, step) * (self.count * other.count / n)
        higher = None
        if self.higher is not None and other.higher is not None:
            own, theirs = self._about(mean, *self.higher), other._about(mean, *other.higher)
            higher = (own[0] + theirs[0], own[1] + theirs[1])
        return InputMoments(n, mean, products, higher)

    def _about(self, mean: Tensor, third: Tensor, fourth: Tensor) -> tuple[Tensor, Tensor]:
        """Return the higher moments about another mean."""
        step = self.mean - mean
        length, spread, turned = step @ step, self.products.trace(), self.products @ step
        return (
            third + spread * step + 2.0 * turned + self.count * length * step,
            fourth
            + 4.0 * (step @ (turned + third))
            + self.count * length**2
            + 2.0 * length * spread,
        )


def _gram(rows: Tensor) -> Tensor:
    """Return ``rowsᵀ rows``; NumPy sees that it is symmetric, which is half the work."""
    if rows.device.type != "cpu":
        return rows.T @ rows
    values = rows.numpy()
    return torch.from_numpy(values.T @ values)
