"""The regions of MNIST's test images that R4 and R5 measure, as Table 4 of the paper has them."""

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans

from nbinterp import PHATE
from nbinterp._typing import Float32Array, IntArray
from nbinterp.datasets import load_mnist

N_REGIONS = 20

# Table 4: the accuracy of a cluster in percent, and its three most frequent digits with counts.
TABLE_4: tuple[tuple[float, dict[int, int]], ...] = (
    (98.60, {1: 404, 4: 9, 7: 8}),
    (96.57, {6: 200, 5: 11, 2: 6}),
    (98.08, {4: 314, 9: 249, 8: 5}),
    (98.15, {0: 406, 2: 11, 5: 6}),
    (98.20, {3: 799, 5: 172, 8: 78}),
    (99.23, {6: 384, 4: 3, 0: 1}),
    (97.80, {2: 527, 7: 7, 1: 5}),
    (97.49, {1: 338, 7: 9, 2: 5}),
    (99.54, {2: 433, 9: 1}),
    (97.07, {7: 461, 9: 22, 2: 20}),
    (97.86, {9: 475, 4: 324, 7: 29}),
    (99.49, {1: 378, 7: 7, 4: 4}),
    (98.00, {8: 468, 3: 177, 5: 14}),
    (99.51, {8: 379, 9: 12, 3: 8}),
    (99.64, {0: 557, 2: 2, 6: 2}),
    (98.26, {7: 496, 9: 7, 3: 6}),
    (98.88, {4: 317, 9: 212, 7: 4}),
    (99.17, {6: 359, 4: 2, 9: 1}),
    (97.78, {5: 247, 8: 11, 0: 4}),
    (98.90, {5: 436, 3: 8, 8: 6}),
)


class Regions(NamedTuple):
    """Images cut into regions: pixels (n, 784) in [0, 1], digits (n,), labels (n,)."""

    pixels: Float32Array
    digits: IntArray
    labels: IntArray

    @property
    def counts(self) -> IntArray:
        """How many images of each digit each region has, (regions, 10)."""
        return composition(self.labels, self.digits)


@cache
def test_regions() -> Regions:
    """Return the 10,000 test images in 20 regions: PHATE in ten dimensions, then k-means."""
    mnist = load_mnist()
    pixels = (mnist.data / 255).astype(np.float32)
    embedding = PHATE(10, random_state=42).fit_transform(pixels)
    labels = KMeans(N_REGIONS, n_init=10, random_state=0).fit_predict(embedding)
    return Regions(pixels, mnist.target, labels)


def composition(labels: IntArray, digits: IntArray) -> IntArray:
    """Return how many samples of each digit each region has, (regions, 10)."""
    counts = np.zeros((labels.max() + 1, 10), dtype=np.int64)
    np.add.at(counts, (labels, digits), 1)
    return counts


def mixed(counts: IntArray, first: int, second: int, least: float = 0.2) -> list[int]:
    """Return the regions of which both digits make up at least a share of `least`."""
    shares = counts / counts.sum(axis=1, keepdims=True)
    return np.flatnonzero(shares[:, [first, second]].min(axis=1) >= least).tolist()


def partners(counts: IntArray, listed: tuple[tuple[float, dict[int, int]], ...]) -> IntArray:
    """Return the region that matches each row of a table, so that most images are in both."""
    found: IntArray = linear_sum_assignment(-_common(counts, listed))[1]
    return found


def matched_share(counts: IntArray, listed: tuple[tuple[float, dict[int, int]], ...]) -> float:
    """Return the share of a table's images that the regions which match it have, too."""
    common = _common(counts, listed)
    found = common[np.arange(len(listed)), partners(counts, listed)].sum()
    return float(found / sum(sum(named.values()) for _, named in listed))


def _common(counts: IntArray, listed: tuple[tuple[float, dict[int, int]], ...]) -> IntArray:
    theirs = np.zeros((len(listed), 10), dtype=np.int64)
    for row, (_, named) in enumerate(listed):
        theirs[row, list(named)] = list(named.values())
    common: IntArray = np.minimum(theirs[:, None], counts[None]).sum(axis=2)
    return common
