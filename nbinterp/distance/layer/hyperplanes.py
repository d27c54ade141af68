"""The hyperplanes of nodes, and how far data lies from them in standard deviations."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from nbinterp._typing import BoolArray, FloatArray, IntArray

# A pre-activation that varies by less than this share of its size varies by rounding only.
_ROUNDING = 1e-12
# Two nodes are partners if their weights are at least this parallel, and their hyperplanes less
# than this many standard deviations of the data apart.
_COSINE = 0.99
_GAP = 0.1


@dataclass(frozen=True, eq=False)
class Hyperplanes:
    """The hyperplanes ``wᵀx + b = 0`` of nodes, beside the mean and covariance of the data.

    Attributes
    ----------
    weight, bias : ndarray of shape (n_nodes, n_features), (n_nodes,)
        Parameters of the layer.
    mean, covariance : ndarray of shape (n_features,), (n_features, n_features)
        Moments of the data.

    References
    ----------
    Oursland, "Interpreting neural networks through Mahalanobis distance", arXiv 2410.19352 (2024).

    Examples
    --------
    >>> planes = Hyperplanes(np.array([[2.0, 0.0]]), np.array([-2.0]), np.zeros(2), np.eye(2))
    >>> planes.offset, planes.unit_ratio  # the plane is x = 1, the data has deviation 1
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
        """The variance that rounding alone may give each pre-activation."""
        size = np.sqrt(np.trace(self.covariance) + self.mean @ self.mean)
        return np.asarray((_ROUNDING * (self.length * size + abs(self.bias))) ** 2)

    @cached_property
    def unit_ratio(self) -> FloatArray:
        """``wᵀΣw``, the variance of each pre-activation: 1 if it is in deviations of the data."""
        variance = np.diag(self.spread)
        return np.where(variance > self.floor, variance, 0.0)

    @property
    def deviation(self) -> FloatArray:
        """The standard deviation of each pre-activation."""
        return np.asarray(np.sqrt(self.unit_ratio))

    @property
    def offset(self) -> FloatArray:
        """The signed distance of the mean from each hyperplane, in standard deviations of the data.

        Infinite if the pre-activation does not vary and is not zero.
        """
        return ratio(self.centre, self.deviation)

    @property
    def implied_variance(self) -> FloatArray:
        """``1/|w|²``: the variance along w that data would have if the node whitened it."""
        return ratio(np.ones_like(self.length), self.length**2)

    @property
    def actual_variance(self) -> FloatArray:
        """``wᵀΣw/|w|²``: the variance of the data along w."""
        return ratio(self.unit_ratio, self.length**2)

    @property
    def implied_means(self) -> FloatArray:
        """The point of each hyperplane (n_nodes, n_features) nearest to the mean, in Σ's metric.

        For Gaussian data it is the most likely point of the hyperplane. A node without a hyperplane
        gets the mean itself.
        """
        step = (self.centre * (self.unit_ratio > 0.0)) / np.where(
            self.unit_ratio > 0.0, self.unit_ratio, 1.0
        )
        result: FloatArray = self.mean - step[:, None] * (self.weight @ self.covariance)
        return result


class Partners(NamedTuple):
    """Nodes that share their hyperplane with another.

    mirror, duplicate : number of the node on the same hyperplane that faces the other way, or the
    same way, -1 for none; most_opposite : least cosine with any other node's weights, at most 0.
    """

    mirror: IntArray
    duplicate: IntArray
    most_opposite: FloatArray


def partners(planes: Hyperplanes) -> Partners:
    """Find the nodes that share their hyperplane with another node.

    The cosine of their weights is beyond ±0.99, and their hyperplanes are less than a tenth of a
    standard deviation of the data apart. Hyperplanes are compared, not biases: nodes with weights
    of different lengths may share one.

    Examples
    --------
    >>> weight = np.array([[1.0, 0.0], [-2.0, 0.0], [0.0, 1.0]])
    >>> partners(Hyperplanes(weight, np.array([1.0, -2.0, 0.0]), np.zeros(2), np.eye(2))).mirror
    array([ 1,  0, -1])
    """
    length = planes.length[:, None]
    units = ratio(planes.weight, np.where(length > 0.0, length, 1.0))
    cosines = units @ units.T
    np.fill_diagonal(cosines, 0.0)
    # Signed distances of the hyperplanes from the origin, and what counts as near for each.
    place = planes.bias / np.where(planes.length > 0.0, planes.length, 1.0)
    near = _GAP * np.sqrt(planes.actual_variance * (planes.length > 0.0))[:, None]
    faces = (cosines < -_COSINE) & (abs(place[:, None] + place) <= near)
    alike = (cosines > _COSINE) & (abs(place[:, None] - place) <= near)
    return Partners(
        _best(-cosines, faces), _best(cosines, alike), np.minimum(cosines.min(1, initial=0.0), 0.0)
    )


def _best(cosines: FloatArray, allowed: BoolArray) -> IntArray:
    best = np.where(allowed, cosines, -np.inf).argmax(1)
    return np.where(allowed.any(1), best, -1).astype(np.int64)


def ratio(value: FloatArray, unit: FloatArray) -> FloatArray:
    """Return ``value / unit``. Where the unit is 0: infinity with the sign of the value, or 0.

    Examples
    --------
    >>> ratio(np.array([1.0, -1.0, 0.0]), np.zeros(3))
    array([ inf, -inf,   0.])
    """
    value, unit = np.broadcast_arrays(value, unit)
    limit = np.where(value == 0.0, 0.0, np.copysign(np.inf, value))
    return np.where(unit > 0.0, value / np.where(unit > 0.0, unit, 1.0), limit)
