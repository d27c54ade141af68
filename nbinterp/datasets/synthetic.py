"""Synthetic data: two classes with known groups of variables."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nbinterp import _checks
from nbinterp._typing import BoolArray, FloatArray
from nbinterp.datasets.dataset import Dataset

_MEANS = np.repeat([[5.0, 10.0, 1.0, 10.0, 3.0], [2.5, 6.0, 3.0, 1.0, 10.0]], 5, axis=1)

# Groups of variables, each with the covariance between its members.
_Blocks = Sequence[tuple[Sequence[int], float]]
_FIRST_CLASS: _Blocks = (
    (range(5), 5.0),
    ((5, 6, 7, 8, 9, 12), 2.0),
    ((10, 11, 13, 14), 2.0),
    (range(15, 21), 4.0),
    (range(21, 25), 3.0),
)
_SECOND_CLASS: dict[str, _Blocks] = {
    # Each group takes every fifth variable, across the groups of the first class.
    "disjoint": tuple(
        (range(start, 25, 5), value) for start, value in enumerate((5.0, 2.0, 2.0, 4.0, 3.0))
    ),
    # Similar to the first class; the second and third group overlap.
    "nondisjoint": (
        (range(5), 5.0),
        ((5, 6, 7, 8, 9, 12), 2.0),
        ((12, 15, 16, 17, 18, 19), 4.0),
        ((10, 11, 13, 14), 2.0),
        (range(20, 25), 3.0),
    ),
}
_VARIANCES = {
    "first": (7.0, 3.0, 10.0, 5.0, 8.0),
    "disjoint": (7.0, 6.0, 10.0, 6.0, 8.0),
    "nondisjoint": (7.0, 3.0, 10.0, 5.0, 8.0),
}

_DESCRIPTION = """\
Two Gaussian classes with 25 variables that vary together in groups. The groups differ between the
classes ({overlap}). The means are {separation:g} times the paper's distance apart; the target is
the class.
After Kerby, White and Moon, arXiv 2402.04440 (2024), section 3.1."""


@dataclass(frozen=True, eq=False, repr=False)
class CorExClusters(Dataset):
    """Samples of two Gaussian classes, with the parameters they were drawn from.

    Parameters
    ----------
    data, target, feature_names, image_shape, description
        As in every `Dataset`; the target is the class, 0 or 1.
    means : ndarray of shape (2, 25)
        The mean of each class.
    covariances : ndarray of shape (2, 25, 25)
        The covariance of each class.
    groups : tuple of two ndarrays of shape (n_groups, 25), bool
        The true groups of each class: the distinct sets of variables that covary.

    Examples
    --------
    >>> from nbinterp.datasets import make_corex_clusters
    >>> clusters = make_corex_clusters(100, random_state=0)
    >>> [len(groups) for groups in clusters.groups]
    [5, 5]
    """

    means: FloatArray
    covariances: FloatArray
    groups: tuple[BoolArray, BoolArray]

    @property
    def pooled_covariance(self) -> FloatArray:
        """The covariance (25, 25) of both classes together, as a global fit sees it."""
        half_way = (self.means[1] - self.means[0]) / 2
        pooled: FloatArray = self.covariances.mean(axis=0) + np.outer(half_way, half_way)
        return pooled


@_checks.named
def make_corex_clusters(
    n_samples_per_cluster: int = 1000,
    separation: float = 1.0,
    overlap: str = "disjoint",
    random_state: int | np.random.RandomState | None = None,
) -> CorExClusters:
    """Draw samples of two classes whose variables vary together in groups; the groups differ.

    These are the data of the synthetic study of Local CorEx. If the classes are far apart,
    clustering finds them, and a fit to each finds its groups. A fit to both together mixes them.

    Parameters
    ----------
    n_samples_per_cluster : int
        Number of samples of each class, at least 2.
    separation : float
        Distance between the means of the classes: the paper's alpha, from 0 to 1. At 0 they
        coincide.
    overlap : {"disjoint", "nondisjoint"}
        The groups of the second class: every fifth variable, across the groups of the first class;
        or similar to those of the first class, with two of them joined.
    random_state : int, RandomState or None
        Draws the samples.

    Returns
    -------
    CorExClusters
        A `Dataset` of shape (2 n, 25), first class first, with the `means`, `covariances` and
        `groups` it was drawn from. ``LinearCorEx.fit_covariance`` of a covariance gives the fit to
        infinitely many samples.

    References
    ----------
    Kerby, White and Moon, "Exploring higher-order neural network node interactions with total
    correlation", arXiv 2402.04440 (2024), section 3.1 and appendix A. The paper does not print the
    means; they are those of the authors' program, where the second class moves away from the second
    mean, not towards it.

    Examples
    --------
    >>> clusters = make_corex_clusters(50, overlap="nondisjoint", random_state=0)
    >>> clusters.data.shape, [len(groups) for groups in clusters.groups]
    ((100, 25), [5, 4])
    """
    n = _checks.integer("n_samples_per_cluster", n_samples_per_cluster, 2)
    alpha = _checks.real("separation", separation, 0.0)
    _checks.choice("overlap", overlap, tuple(_SECOND_CLASS))
    rng = _checks.generator(random_state)
    means = np.stack([_MEANS[0], _MEANS[0] + alpha * (_MEANS[0] - _MEANS[1])])
    covariances = np.stack(
        [
            _covariance(_VARIANCES["first"], _FIRST_CLASS),
            _covariance(_VARIANCES[overlap], _SECOND_CLASS[overlap]),
        ]
    )
    if overlap == "nondisjoint":
        covariances[1, 5:10, 15:20] = covariances[1, 15:20, 5:10] = 2.0
    roots = np.linalg.cholesky(covariances)
    data = means[:, None] + rng.standard_normal((2, n, 25)) @ roots.transpose(0, 2, 1)
    return CorExClusters(
        data=data.reshape(2 * n, 25),
        target=np.repeat([0, 1], n),
        feature_names=tuple(f"x{column}" for column in range(25)),
        image_shape=None,
        description=_DESCRIPTION.format(overlap=overlap, separation=alpha),
        means=means,
        covariances=covariances,
        groups=(_groups(covariances[0]), _groups(covariances[1])),
    )


def _covariance(variances: Sequence[float], blocks: _Blocks) -> FloatArray:
    covariance = np.zeros((25, 25))
    for members, value in blocks:
        covariance[np.ix_(members, members)] = value
    np.fill_diagonal(covariance, np.repeat(variances, 5))
    return covariance


def _groups(covariance: FloatArray) -> BoolArray:
    return np.unique(covariance != 0, axis=0)
