"""A mean of independent estimates of a symmetric matrix, with its error."""

import torch
from torch import Tensor


class Estimate:
    """The running mean of symmetric matrices, one a sample, estimated block after block.

    Sums are of differences from the first block, so that the error is exact where it is small.
    """

    def __init__(self) -> None:
        self.n_blocks = 0
        self._first = self._sum = self._squares = torch.empty(0)

    def add(self, block: Tensor) -> None:
        """Take one more estimate ``(count, width, width)``, made symmetric first."""
        symmetric = (block + block.mT).mul_(0.5)
        self.n_blocks += 1
        if self.n_blocks == 1:
            self._first = symmetric
            self._sum, self._squares = torch.zeros_like(block), torch.zeros_like(block)
            return
        symmetric -= self._first
        self._sum += symmetric
        self._squares.addcmul_(symmetric, symmetric)

    @property
    def mean(self) -> Tensor:
        """The estimate ``(count, width, width)``, in float64."""
        return self._first.to(torch.float64) + self._sum / self.n_blocks

    @property
    def standard_error(self) -> Tensor:
        """Of each entry of `mean`, from how the blocks differ."""
        n = self.n_blocks
        off = self._sum.to(torch.float64).square() / n
        spread = (self._squares - off).clamp(min=0.0)
        return (spread / (n * max(n - 1, 1))).sqrt()

    def relative_error(self) -> Tensor:
        """Return the standard error of each matrix over its size, in Frobenius norms ``(count,)``.

        The noise adds to the size of the mean, so it is taken off; what is all noise has an
        infinite relative error.
        """
        return relative_error(self.mean, self.standard_error)


def relative_error(mean: Tensor, standard_error: Tensor) -> Tensor:
    """Return the error of matrices ``(count, width, width)`` over their sizes ``(count,)``."""
    noise = standard_error.square().sum((1, 2))
    whole = mean.square().sum((1, 2))
    size = whole - noise
    # An exact zero has no error.
    exact = noise <= 1e-24 * whole.clamp(min=1e-300)
    ratio = torch.where(size > 0, noise / size.clamp(min=1e-300), torch.inf).sqrt()
    return torch.where(exact, 0.0, ratio)
