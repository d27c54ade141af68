"""Choose the number of clusters, by whether they are found again in part of the samples."""

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from sklearn.utils import get_tags

from nbinterp import _checks, _device
from nbinterp._display import Displayable
from nbinterp._numerics.kmeans import k_means
from nbinterp._numerics.parallel import interruptible
from nbinterp._numerics.progress import current_token, progress_bar, tracking
from nbinterp._typing import BoolArray, FloatArray, FloatingArray, IntArray
from nbinterp.corex.local.embedding import checked_embedding, part_of, plane

# An adjusted Rand index from here on is a good recovery (Steinley 2004).
_GOOD = 0.8
# Standard deviations by which clusters must be tighter than those of data without any. Of eight
# such data sets the spread is known roughly, and many numbers of clusters are tried.
_FAR = 3.0
# Numbers of clusters whose gains differ by less are equally good.
_ALIKE = 0.05
# The share of the samples in a part (Ben-Hur, Elisseeff and Guyon 2002), and the most of them.
_SHARE, _MOST = 0.8, 10_000
_LEAST = 10  # samples


@dataclass(frozen=True, eq=False)
class ClusterSelection(Displayable):
    """How well each number of clusters is found again, beside data that have no clusters.

    Attributes
    ----------
    n_clusters : array of shape (candidates,)
        The numbers of clusters that were tried, rising.
    stability : array of shape (n_resamples, candidates)
        The adjusted Rand index of `labels` and of the clusters of a random part of the samples,
        embedded and clustered by itself, on that part: 1 where they agree, about 0 where they
        agree as much as by chance.
    null : array of shape (n_resamples, candidates)
        The same of data without clusters, another data set each time: uniform along the principal
        axes of the samples, with their mean and covariance. k-means cuts also such data in similar
        ways each time, the more so the fewer clusters there are.
    within : array of shape (n_resamples, candidates)
        The share of the variance of the embedding that lies within clusters, in each part.
    null_within : array of shape (n_resamples, candidates)
        The same of the data without clusters.
    inertia : array of shape (candidates,)
        Sum of the squared distances of all samples from their centre, in squared units of the
        embedding. It falls with every cluster more, also where there are none.
    labels : array of shape (candidates, n_samples)
        The cluster of each sample, of each number of clusters: those of `LocalCorEx` with the same
        embedding, device and seed.
    map : array of shape (n_samples, 2)
        The samples in the plane.
    gain : array of shape (candidates,)
        The share of the disagreement in data without clusters that is gone, of means:
        ``1 - (1 - stability) / (1 - null)``.
    gap : array of shape (candidates,)
        How much tighter clusters are than those of data without any: the mean of
        ``log(null_within)`` less that of ``log(within)``, as in the gap statistic.
    stable : array of bool of shape (candidates,)
        Whether clusters are found again (a mean stability of at least 0.8, and a gain), and are
        tighter than those of data without any: `gap` exceeds three standard deviations of them.
    best : int or None
        Of the stable numbers of clusters the one with the largest gain; of those within 0.05 of it
        the largest number. None if no number is stable.
    reason : str
        Why, in a sentence.

    Examples
    --------
    Look at the clusters of every number on the map, and lasso:

    >>> from nbinterp.views import ClusterExplorer
    >>> from sklearn.decomposition import PCA
    >>> rng = np.random.default_rng(0)
    >>> blobs = np.repeat(20 * np.eye(3), 30, axis=0) + rng.normal(size=(90, 3))
    >>> found = select_n_clusters(blobs, [2, 3], embedding=PCA(2), n_resamples=2)
    >>> explorer = ClusterExplorer(found.map, columns=found.columns(), color_by="3 clusters")
    """

    n_clusters: IntArray
    stability: FloatArray
    null: FloatArray
    within: FloatArray
    null_within: FloatArray
    inertia: FloatArray
    labels: IntArray
    map: FloatingArray

    @property
    def gain(self) -> FloatArray:
        """The share of the null's disagreement that is gone, shape (candidates,)."""
        lost, chance = 1 - self.stability.mean(0), 1 - self.null.mean(0)
        found: FloatArray = np.where(lost > 0, 1 - lost / np.maximum(chance, 1e-9), 1.0)
        return found

    @property
    def gap(self) -> FloatArray:
        """How much tighter clusters are than those of the null, shape (candidates,)."""
        found: FloatArray = _log(self.null_within).mean(0) - _log(self.within).mean(0)
        return found

    @property
    def stable(self) -> BoolArray:
        """Whether each number of clusters is found again, and tighter than by chance."""
        # One more data set without clusters would differ from the mean of these by as much.
        spread = _log(self.null_within).std(0, ddof=1) * np.sqrt(1 + 1 / len(self.null_within))
        found: BoolArray = (self.gap > _FAR * spread) & (self.gain > 0)
        found &= self.stability.mean(0) >= _GOOD
        return found

    @property
    def best(self) -> int | None:
        """The number of clusters that is most stable beyond chance; None if none is stable."""
        if not self.stable.any():
            return None
        gain = np.where(self.stable, self.gain, -np.inf)
        return int(self.n_clusters[np.flatnonzero(gain >= gain.max() - _ALIKE)[-1]])

    @property
    def reason(self) -> str:
        """Why `best` is the best, or why there is none."""
        if self.best is not None:
            place = int(np.searchsorted(self.n_clusters, self.best))
            others = self.n_clusters[self.stable & (self.n_clusters != self.best)]
            also = f" Stable too: {', '.join(map(str, others))}." if len(others) else ""
            return f"{self._told(place)}.{also}"
        highest = int(self.stability.mean(0).argmax())
        return (
            f"No number is stable. The most stable: {self._told(highest)}. The samples may vary "
            "without gaps: then any partition is a choice, and clusters of 50 samples or more "
            "are enough for factors."
        )

    def _told(self, place: int) -> str:
        return (
            f"{self.n_clusters[place]} clusters agree by {_mean(self.stability[:, place])} in "
            f"parts of the samples and leave {_mean(self.within[:, place])} of the variance within "
            f"them; those of data without clusters agree by {_mean(self.null[:, place])} and leave "
            f"{_mean(self.null_within[:, place])}"
        )

    def columns(self) -> dict[str, IntArray]:
        """Return the clusters of all samples by name, such as ``"8 clusters"``, for a map."""
        pairs = zip(self.n_clusters, self.labels, strict=True)
        return {f"{count} clusters": labels for count, labels in pairs}

    def to_frame(self) -> pd.DataFrame:
        """Return one row per number of clusters.

        Columns: n_clusters; stability, null, within and null_within (means), the first two with
        their standard errors; gain, gap, stable; inertia; smallest, the samples of the smallest
        cluster; and best.
        """
        return pd.DataFrame(
            {
                "n_clusters": self.n_clusters,
                "stability": self.stability.mean(0),
                "standard_error": _standard_error(self.stability),
                "null": self.null.mean(0),
                "null_standard_error": _standard_error(self.null),
                "within": self.within.mean(0),
                "null_within": self.null_within.mean(0),
                "gain": self.gain,
                "gap": self.gap,
                "stable": self.stable,
                "inertia": self.inertia,
                "smallest": [np.unique(row, return_counts=True)[1].min() for row in self.labels],
                "best": self.n_clusters == self.best,
            }
        )

    def __repr__(self) -> str:
        """Return the numbers that were tried, and the best."""
        tried = ", ".join(map(str, self.n_clusters))
        return f"ClusterSelection(n_clusters={tried}: best {self.best})"


def _standard_error(values: FloatArray) -> Any:
    return values.std(0, ddof=1) / np.sqrt(len(values))


def _mean(values: FloatArray) -> str:
    return f"{values.mean():.2f} ± {_standard_error(values):.2f}"


def _log(shares: FloatArray) -> FloatArray:
    logs: FloatArray = np.log(np.maximum(shares, 1e-12))  # of equal samples nothing is left
    return logs


@_checks.named
def select_n_clusters(
    X: Any,
    candidates: Any = (2, 3, 5, 8, 12, 16, 20, 24, 30),
    *,
    embedding: Any = None,
    n_resamples: int = 8,
    device: str = "auto",
    random_state: int | np.random.RandomState | None = None,
) -> ClusterSelection:
    """Return how stable k-means clusters of an embedding are, for each number of them.

    The samples are embedded and divided by k-means. Then, `n_resamples` times, the same is done
    with a random part of them, of 80 % and at most 10,000: clusters that a part does not have are
    none of the data. And it is all done again with data that have no clusters: what is not tighter
    and more alike than in these is none either. Three embeddings a time take most of the time.

    Parameters
    ----------
    X : array-like, DataFrame or Tensor of shape (n_samples, n_features)
    candidates : sequence of int
        Numbers of clusters to try, from 2; those above the number of samples in a part are left
        out.
    embedding : estimator with `fit_transform`, or None, default=None
        What to cluster by, as of `LocalCorEx`; None is ``PHATE(n_components=10)``.
    n_resamples : int, default=8
        Parts, and data sets without clusters.
    device : str, default="auto"
        Where to compute, for the embedding too if its own `device` is "auto".
    random_state : int, RandomState or None, default=None
        Draws the parts, the data without clusters and starts; seeds the embedding if it has no
        seed.

    Returns
    -------
    ClusterSelection

    Raises
    ------
    ValueError
        If a setting makes no sense, or `embedding` takes distances, of which no data without
        clusters can be made.

    References
    ----------
    Ben-Hur, Elisseeff and Guyon (2002), "A stability based method for discovering structure in
    clustered data", Pacific Symposium on Biocomputing 7. Hubert and Arabie (1985), "Comparing
    partitions", Journal of Classification 2. Steinley (2004), "Properties of the Hubert-Arabie
    adjusted Rand index", Psychological Methods 9. Tibshirani, Walther and Hastie (2001),
    "Estimating the number of clusters in a data set via the gap statistic", Journal of the Royal
    Statistical Society B 63: of data with one mode, uniform ones look most like clusters, so the
    null is uniform.

    Examples
    --------
    >>> from sklearn.decomposition import PCA
    >>> rng = np.random.default_rng(0)
    >>> blobs = np.repeat(20 * np.eye(4), 30, axis=0) + rng.normal(size=(120, 4))
    >>> select_n_clusters(blobs, [3, 4, 5], embedding=PCA(3), n_resamples=4, random_state=0).best
    4
    """
    data = _checks.samples(X, min_samples=_LEAST)
    _checks.integer("n_resamples", n_resamples, 2)
    size = min(round(_SHARE * len(data)), _MOST)
    tried = _checks.candidates(
        candidates,
        2,
        size,
        of="that of the samples in a part",
        remedy="Try fewer clusters.",
    )
    embedder = part_of(checked_embedding(embedding), random_state, device)
    _checks.require(
        not get_tags(embedder).input_tags.pairwise,
        f"(embedding={_checks.show(embedding)})",
        "must embed features, not distances: the data without clusters are features",
        "Pass features, with metric='euclidean'.",
    )
    rng = np.random.default_rng(_checks.generator(random_state).randint(2**31))
    way = _Way(embedder, tried, _device.resolve(device))
    embedded = np.asarray(embedder.fit_transform(data))
    partitions = [k_means(embedded, k, random_state=random_state, device=device) for k in tried]
    labels = np.stack([_checks.to_numpy(each.labels) for each in partitions])
    box = interruptible(partial(_Box.around, data))
    found, chance = [], []
    token = current_token()
    token.expect(3 * n_resamples, "embedding")
    for _ in progress_bar(range(n_resamples), desc="select_n_clusters", shown=True):
        with tracking(token):  # no bar within the bar
            found.append(way.compared(data, labels, size, rng))
            without = box.drawn(min(len(data), round(_MOST / _SHARE)), rng)
            chance.append(way.compared(without, way.clusters(without, rng)[0], size, rng))
    measured, null = np.array(found), np.array(chance)
    return ClusterSelection(
        n_clusters=np.array(tried, dtype=np.int64),
        stability=measured[:, 0],
        null=null[:, 0],
        within=measured[:, 1],
        null_within=null[:, 1],
        inertia=np.array([each.inertia for each in partitions]),
        labels=labels,
        map=plane(embedder, data, embedded),
    )


class _Way(NamedTuple):
    """How samples become clusters."""

    embedder: Any
    tried: list[int]
    device: torch.device

    def clusters(
        self, data: FloatingArray, rng: np.random.Generator
    ) -> tuple[IntArray, FloatArray]:
        """Return the cluster of each sample, (candidates, n), and the variance left within them."""
        token = current_token()
        token.raise_if_cancelled()
        embedded = part_of(self.embedder, None, str(self.device)).fit_transform(data)
        token.done()
        points = torch.as_tensor(np.asarray(embedded), device=self.device)
        total = float(points.var(0, correction=0).sum(dtype=torch.float64)) * len(points)
        seed = int(rng.integers(2**31))
        found = [k_means(points, k, random_state=seed, device=self.device) for k in self.tried]
        inertia = np.array([each.inertia for each in found])
        labels = np.stack([_checks.to_numpy(each.labels) for each in found])
        return labels, inertia / total if total > 0 else np.zeros(len(found))

    def compared(
        self, data: FloatingArray, labels: IntArray, size: int, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        """Return how alike `labels` and the clusters of a part are, and the variance within it."""
        from sklearn.metrics import adjusted_rand_score  # slow to import

        rows = np.sort(rng.choice(len(data), size, replace=False))
        own, within = self.clusters(data[rows], rng)
        pairs = zip(labels[:, rows], own, strict=True)
        return np.array([adjusted_rand_score(*pair) for pair in pairs]), within


class _Box(NamedTuple):
    """A uniform distribution along principal axes, with a mean and a covariance."""

    mean: FloatingArray
    axes: FloatingArray  # (r, p), each as long as the standard deviation along it

    @classmethod
    def around(cls, data: FloatingArray) -> "_Box":
        """Return the box with the mean and the covariance of `data`."""
        n, p = data.shape
        mean = data.mean(0)
        centred = (data - mean).astype(np.float64)
        if p <= n:
            values, vectors = np.linalg.eigh(centred.T @ centred / n)
            axes = (vectors * np.sqrt(values.clip(min=0))).T
        else:
            axes = np.linalg.eigh(centred @ centred.T)[1].T @ centred / np.sqrt(n)
        return cls(mean, axes.astype(data.dtype))

    def drawn(self, n: int, rng: np.random.Generator) -> FloatingArray:
        """Draw `n` samples."""
        places = rng.random((n, len(self.axes)), dtype=self.axes.dtype) - 0.5
        samples: FloatingArray = self.mean + np.sqrt(12).astype(places.dtype) * places @ self.axes
        return samples
