"""Nodes as hyperplanes, and how far data lies from them in its own standard deviations."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nbinterp._typing import FloatArray

# A pre-activation that varies by less than this share of its size does so by rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Hyperplanes:
    """The planes ``wᵀx + b = 0`` of nodes, seen from data of a mean and a covariance.

    Attributes
    ----------
    weight, bias : ndarray of shape (n_nodes, n_features), (n_nodes,)
        Of the layer.
    mean, covariance : ndarray of shape (n_features,), (n_features, n_features)
        Of the data.

    References
    ----------
    Oursland, "Interpreting neural networks through Mahalanobis distance", arXiv 2410.19352 (2024).

    Examples
    --------
    >>> planes = Hyperplanes(np.array([[2.0, 0.0]]), np.array([-2.0]), np.zeros(2), np.eye(2))
    >>> planes.offset, planes.unit_ratio  # the plane is x = 1; a deviation of the data is 1
    (array([-1.]), array([4.]))
    """

    weight: FloatArray
    bias: FloatArray
    mean: FloatArray
    covariance: FloatArray

    @cached_property
    def centre(self) -> FloatArray:
        """The pre-activation of the mean (n_nodes,)."""
        result: FloatArray = self.weight @ self.mean + self.bias
        return result

    @cached_property
    def spread(self) -> FloatArray:
        """The covariance of the pre-activations (n_nodes, n_nodes): ``W Σ Wᵀ``."""
        result: FloatArray = self.weight @ self.covariance @ self.weight.T
        return result

    @cached_property
    def length(self) -> FloatArray:
        """The norm of each node's weights."""
        return np.asarray(np.linalg.norm(self.weight, axis=1))

    @cached_property
    def floor(self) -> FloatArray:
        """The variance of each pre-activation that rounding may bring about."""
        size = np.sqrt(np.trace(self.covariance) + self.mean @ self.mean)
        return np.asarray((_ROUNDING * (self.length * size + abs(self.bias))) ** 2)

    @cached_property
    def unit_ratio(self) -> FloatArray:
        """``wᵀΣw``: 1 if the pre-activation is in standard deviations of the data."""
        variance = np.diag(self.spread)
        return np.where(variance > self.floor, variance, 0.0)

    @property
    def deviation(self) -> FloatArray:
        """The standard deviation of each pre-activation."""
        return np.asarray(np.sqrt(self.unit_ratio))

    @property
    def offset(self) -> FloatArray:
        """The signed distance of the mean from each plane, in standard deviations of the data.

        Infinite for a pre-activation that does not vary and is not zero.
        """
        return ratio(self.centre, self.deviation)

    @property
    def implied_variance(self) -> FloatArray:
        """``1/|w|²``: the variance along the weights of data that the node would whiten."""
        return ratio(np.ones_like(self.length), self.length**2)

    @property
    def actual_variance(self) -> FloatArray:
        """``wᵀΣw/|w|²``: the variance of the data along the weights."""
        return ratio(self.unit_ratio, self.length**2)

    @property
    def implied_means(self) -> FloatArray:
        """The point of each plane (n_nodes, n_features) nearest to the mean, in Σ's metric.

        A plane holds many points: this is the one that the data make most likely. The mean itself
        for a node without a plane.
        """
        step = (self.centre * (self.unit_ratio > 0.0)) / np.where(
            self.unit_ratio > 0.0, self.unit_ratio, 1.0
        )
        result: FloatArray = self.mean - step[:, None] * (self.weight @ self.covariance)
        return result


def ratio(value: FloatArray, unit: FloatArray) -> FloatArray:
    """Return ``value / unit``; where the unit is zero, infinity of the sign of the value, or zero.

    Examples
    --------
    >>> ratio(np.array([1.0, -1.0, 0.0]), np.zeros(3))
    array([ inf, -inf,   0.])
    """
    value, unit = np.broadcast_arrays(value, unit)
    limit = np.where(value == 0.0, 0.0, np.copysign(np.inf, value))
    return np.where(unit > 0.0, value / np.where(unit > 0.0, unit, 1.0), limit)
