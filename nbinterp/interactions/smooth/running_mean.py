"""A mean of independent estimates of a symmetric matrix, with its error."""

import torch
from torch import Tensor


class Estimate:
    """The running mean of symmetric matrices, one a sample, estimated block after block.

    Sums are of differences from the first block, so that the error is exact where it is small; and
    of twice the matrices, which saves a pass over each.
    """

    def __init__(self) -> None:
        self.n_blocks = 0
        self._first = self._twice = self._sum = self._squares = torch.empty(0)

    def add(self, block: Tensor) -> None:
        """Take one more estimate ``(count, width, width)``, made symmetric first."""
        self.n_blocks += 1
        if self.n_blocks == 1:
            self._first = block + block.mT
            self._twice = torch.empty_like(block)
            self._sum, self._squares = torch.zeros_like(block), torch.zeros_like(block)
            return
        twice = torch.add(block, block.mT, out=self._twice)
        twice -= self._first
        self._sum += twice
        self._squares.addcmul_(twice, twice)

    @property
    def mean(self) -> Tensor:
        """The estimate ``(count, width, width)``, in float64."""
        mean = self._first.to(torch.float64, copy=True)
        return mean.add_(self._sum, alpha=1 / self.n_blocks).mul_(0.5)

    @property
    def standard_error(self) -> Tensor:
        """Of each entry of `mean`, from how the blocks differ."""
        n = self.n_blocks
        spread = self._squares.to(torch.float64, copy=True)
        spread.addcmul_(self._sum, self._sum.to(torch.float64), value=-1 / n)
        return spread.clamp_(min=0.0).mul_(0.25 / (n * max(n - 1, 1))).sqrt_()

    def relative_error(self) -> Tensor:
        """Return the standard error of each matrix over its size, in Frobenius norms ``(count,)``.

        The noise adds to the size of the mean, so it is taken off; what is all noise has an
        infinite relative error.
        """
        return relative_error(self.mean, self.standard_error)


def relative_error(mean: Tensor, standard_error: Tensor) -> Tensor:
    """Return the error of matrices ``(count, width, width)`` over their sizes ``(count,)``."""
    noise, whole = (
        torch.linalg.vector_norm(table, dim=(1, 2)).square() for table in (standard_error, mean)
    )
    size = whole - noise
    # An exact zero has no error.
    exact = noise <= 1e-24 * whole.clamp(min=1e-300)
    ratio = torch.where(size > 0, noise / size.clamp(min=1e-300), torch.inf).sqrt()
    return torch.where(exact, 0.0, ratio)
