"""The mean of independent estimates of a symmetric matrix, and its error."""

import torch
from torch import Tensor

from nbinterp._numerics.moments import Moments


class MeanMatrix:
    """The mean of symmetric matrices ``(count, width, width)``, estimated block after block."""

    def __init__(self) -> None:
        # Of twice the matrices: halving each would be one more pass over it.
        self._twice = Moments(order=2)
        self._sum = torch.empty(0)

    def add(self, block: Tensor) -> None:
        """Add one more estimate; its symmetric part counts."""
        self._sum = torch.add(block, block.mT, out=self._sum.to(block))
        self._twice.add_one(self._sum)

    @property
    def mean(self) -> Tensor:
        """The mean, in float64."""
        mean: Tensor = 0.5 * self._twice.mean[0].double()
        return mean

    @property
    def standard_error(self) -> Tensor:
        """The standard error of each entry of `mean`, from how the blocks differ; in float64."""
        error: Tensor = 0.5 * self._twice.standard_error[0].double()
        return error

    def relative_error(self) -> Tensor:
        """Return the standard error of each matrix divided by its size, ``(count,)``.

        Both are Frobenius norms. Noise adds to the size of the mean and is subtracted first; a
        matrix that is all noise has an infinite relative error.
        """
        mean, noise = (
            torch.linalg.vector_norm(table, dim=(1, 2)).square()
            for table in (self.mean, self.standard_error)
        )
        size = mean - noise
        # An exact zero has no error.
        exact = noise <= 1e-24 * mean.clamp(min=1e-300)
        ratio = torch.where(size > 0, noise / size.clamp(min=1e-300), torch.inf).sqrt()
        return torch.where(exact, 0.0, ratio)
