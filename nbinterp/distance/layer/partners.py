"""Nodes that share their plane with another: mirrored, or twice the same."""

from typing import NamedTuple

import numpy as np

from nbinterp._typing import BoolArray, FloatArray, IntArray
from nbinterp.distance.layer.hyperplanes import Hyperplanes, ratio

COSINE = 0.99
_GAP = 0.1  # standard deviations of the data between two planes that count as one


class Partners(NamedTuple):
    """The partner of each node, -1 for none, and how opposite to any other its weights are."""

    mirror: IntArray
    duplicate: IntArray
    most_opposite: FloatArray


def partners(planes: Hyperplanes) -> Partners:
    """Return which nodes lie on the plane of another, facing it or alike.

    Their weights make an angle of a cosine beyond 0.99, and their planes are less than a tenth of a
    standard deviation of the data apart. Planes, not biases, are compared: nodes of different
    lengths may share one.

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
    # Signed distances of the planes from the origin, and what is near along each normal.
    place = planes.bias / np.where(planes.length > 0.0, planes.length, 1.0)
    near = _GAP * np.sqrt(planes.actual_variance * (planes.length > 0.0))[:, None]
    faces = (cosines < -COSINE) & (abs(place[:, None] + place) <= near)
    alike = (cosines > COSINE) & (abs(place[:, None] - place) <= near)
    return Partners(
        _best(-cosines, faces), _best(cosines, alike), np.minimum(cosines.min(1, initial=0.0), 0.0)
    )


def _best(cosines: FloatArray, allowed: BoolArray) -> IntArray:
    best = np.where(allowed, cosines, -np.inf).argmax(1)
    return np.where(allowed.any(1), best, -1).astype(np.int64)
