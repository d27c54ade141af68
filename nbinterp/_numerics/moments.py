"""Moments of a stream of samples, merged batch by batch."""

from dataclasses import dataclass

import numpy as np

from nbinterp._state import HasState, fields
from nbinterp._typing import FloatArray, FloatingArray


@dataclass(frozen=True)
class RunningMoments(HasState):
    """Count, mean ``(p,)`` and sum of squares and products ``(p, p)`` about the mean."""

    n_samples: int
    mean: FloatArray
    products: FloatArray

    _STATE = fields("n_samples mean products")

    @classmethod
    def of(cls, data: FloatingArray) -> "RunningMoments":
        """Return the moments of one batch."""
        values = data.astype(np.float64)
        mean = values.mean(0)
        centred = values - mean
        return cls(len(values), mean, centred.T @ centred)

    def merge(self, other: "RunningMoments") -> "RunningMoments":
        """Return the moments of both sets of samples (Chan, Golub and LeVeque, 1979)."""
        n = self.n_samples + other.n_samples
        step = other.mean - self.mean
        between = np.outer(step, step) * (self.n_samples * other.n_samples / n)
        return RunningMoments(
            n, self.mean + step * (other.n_samples / n), self.products + other.products + between
        )

    @property
    def covariance(self) -> FloatArray:
        """The covariance ``(p, p)``, divided by the number of samples."""
        result: FloatArray = self.products / self.n_samples
        return result
