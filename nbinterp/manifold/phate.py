"""PHATE as a scikit-learn estimator."""

import hashlib
import warnings
from copy import copy
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning

from nbinterp import _checks, _device
from nbinterp._display import Displayable
from nbinterp._numerics.progress import progress_bar
from nbinterp._state import HasState, fields
from nbinterp._typing import FloatingArray
from nbinterp.manifold.diffusion import knee_point, potential
from nbinterp.manifold.graph import (
    Graph,
    Walk,
    graph_of_distances,
    graph_of_features,
    search_distances,
    walk_on,
)
from nbinterp.manifold.kernel import affinities
from nbinterp.manifold.landmarks import group_sums, normalised
from nbinterp.manifold.mds import Scaling, classical_mds, distances, smacof, stress
from nbinterp.manifold.phate_package import fit_package, transform_package
from nbinterp.manifold.search import by_features

# SMACOF has converged when an iteration lowers the error by less than this share.
_TOLERANCE = 3e-4
# Root mean square difference of log probabilities below which walks end alike: rounding, mostly.
_ALIKE = 1e-5
_BYTES_AT_A_TIME = 2**26  # of data that are digested; then an interrupt is heard


class PHATE(
    Displayable,
    HasState,
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
):
    """Map samples so that distances on the map approximate diffusion distances in the data.

    PHATE connects each sample to its neighbours and takes random walks of `t` steps on this graph.
    The potential of a sample is the logarithm of the probabilities where its walk arrives.
    Multidimensional scaling then finds points whose distances match those between potentials.
    Clusters, branches and trajectories of the data stay apart on the map.

    Parameters
    ----------
    n_components : int
        Dimensions of the map: 2 to view it, about 10 to cluster it.
    n_neighbors : int
        The distance to this neighbour is the bandwidth of a sample's kernel.
    decay : float
        Steepness of the kernel; 40 makes it nearly a graph of nearest neighbours.
    n_landmarks : int or None
        With more samples than this, walks go between this many groups of samples (landmarks), and
        each sample is placed at a mean of landmarks. None uses no landmarks; memory then grows with
        the square of the number of samples.
    t : int or "auto"
        Number of steps of the walks. "auto" chooses the knee of their von Neumann entropy.
    gamma : float
        Kind of potential, from -1 to 1: 1 takes the logarithm of the probabilities, 0 the square
        root, -1 the probabilities themselves.
    n_pca : int or None
        Number of principal components for the neighbour search; None uses the features themselves.
    mds : {"metric", "classic"}
        Kind of multidimensional scaling: SMACOF, or Torgerson's classical scaling.
    engine : {"torch", "phate"}
        This implementation, or the package `phate` from PyPI for comparison. The package scales its
        map differently.
    device : str or torch.device
        Where to compute; "auto" is CUDA if available, else the CPU.
    metric : {"euclidean", "precomputed"}
        Whether `X` holds features or distances ``(n_samples, n_samples)``. Distances are a dense
        matrix, or a sparse matrix with the neighbours of each sample, such as scikit-learn's
        `kneighbors_graph` returns.
    exact_neighbors : bool
        Whether to find exact neighbours also among more than 20,000 samples. Otherwise the search
        covers near cells only, which is faster; `neighbor_recall_` says how many it found.
    max_iter : int
        Maximum number of iterations of SMACOF.
    progress : bool
        Whether to show a progress bar for work that takes more than a second.
    random_state : int, RandomState or None
        Draws the starts of the iterations and of k-means.

    Attributes
    ----------
    embedding_ : ndarray of shape (n_samples, n_components)
        The map, on its principal axes (of the landmarks, if there are any). Euclidean distances on
        the map approximate distances between potentials, which do not depend on the scale of the
        data. With ``gamma=1`` their unit is the nat, the natural logarithm of a probability.
    t_ : int
        Number of steps of the walks.
    von_neumann_entropy_ : ndarray of shape (100,)
        Entropy in nats (1 nat is 1.44 bits); entry ``t`` belongs to walks of ``t + 1`` steps.
    stress_ : float
        Kruskal's stress-1 of the distances on the map, between landmarks if there are any, at the
        scale that fits best. It is the relative error of the distances: 0 is exact.
    converged_ : bool
        Whether SMACOF converged within `max_iter`. Unknown with ``engine="phate"``.
    n_iter_ : int
        Number of iterations of SMACOF. Unknown with ``engine="phate"``.
    neighbor_recall_ : float
        Share of true nearest neighbours that were found, measured on 500 samples: at least 0.99, or
        1 if the search was exact.
    n_features_in_ : int
        Number of features seen in `fit`.

    Raises
    ------
    ValueError
        If the data are not finite, or too few for `n_neighbors` or `n_components`.

    Notes
    -----
    Equal samples are one point of the map, and however many there are, they count once: the map is
    that of the distinct samples. So `n_neighbors` and `n_landmarks` count distinct samples, and all
    are neighbours if they are fewer. In a sparse matrix of distances each sample is its own.

    A second `fit` to the same data reuses neighbours and landmarks if the parameters that they
    depend on have not changed. After ``set_params(t=20, n_components=3)`` it is quick.

    `fit_transform` returns the map of the training samples. `transform` treats all samples as new
    and places them by their own kernel. For training samples the result is nearly the same, since
    each is now its own neighbour.

    References
    ----------
    Moon et al., Visualizing structure and transitions in high-dimensional biological data, Nature
    Biotechnology 37, 2019: kernel, equation 2; potential distance, equation 5.

    Examples
    --------
    >>> blobs = np.random.RandomState(0).normal(size=(60, 3)) + np.repeat([[0], [20]], 30, axis=0)
    >>> map_ = PHATE(random_state=0).fit_transform(blobs)
    >>> map_.shape
    (60, 2)
    >>> bool((map_[:30, 0].max() < map_[30:, 0].min()) or (map_[30:, 0].max() < map_[:30, 0].min()))
    True
    """

    _package: Any  # fitted operator of engine="phate"

    _STATE = fields(
        "n_components n_neighbors decay n_landmarks t gamma n_pca mds",
        "engine device metric exact_neighbors max_iter progress random_state",
    )
    _FITTED = fields(
        "embedding_ t_ von_neumann_entropy_ stress_ converged_ n_iter_",
        "neighbor_recall_ n_features_in_ feature_names_in_",
        graph="_graph",
        walk="_walk",
        points="_points",
        package="_package",
        cache_keys="_keys",
        set_output="_sklearn_output_config",
    )

    def __init__(
        self,
        n_components: int = 2,
        *,
        n_neighbors: int = 5,
        decay: float = 40,
        n_landmarks: int | None = 2000,
        t: int | str = "auto",
        gamma: float = 1,
        n_pca: int | None = 100,
        mds: str = "metric",
        engine: str = "torch",
        device: str | torch.device = "auto",
        metric: str = "euclidean",
        exact_neighbors: bool = False,
        max_iter: int = 1000,
        progress: bool = True,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.n_components = n_components
        self.n_neighbors = n_neighbors
        self.decay = decay
        self.n_landmarks = n_landmarks
        self.t = t
        self.gamma = gamma
        self.n_pca = n_pca
        self.mds = mds
        self.engine = engine
        self.device = device
        self.metric = metric
        self.exact_neighbors = exact_neighbors
        self.max_iter = max_iter
        self.progress = progress
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Map the samples.

        Parameters
        ----------
        X : array, DataFrame or Tensor of shape (n_samples, n_features)
            Samples, or with ``metric="precomputed"`` their distances, dense or sparse.
        y : None
            Ignored.

        Returns
        -------
        PHATE
            Itself.
        """
        # A copy is fitted, so an error or an interrupt leaves this object unchanged.
        fresh = copy(self)
        for name in [name for name in vars(self) if name.endswith("_")]:
            delattr(fresh, name)
        fresh._fit(X)
        self.__dict__ = fresh.__dict__
        return self

    def fit_transform(self, X: Any, y: Any = None) -> FloatingArray:
        """Map the samples and return the map, ``(n_samples, n_components)``."""
        return self.fit(X).embedding_

    @_checks.named
    @_device.own_tensors()
    def transform(self, X: Any) -> FloatingArray:
        """Place new samples on the map.

        Parameters
        ----------
        X : array, DataFrame or Tensor of shape (n_new, n_features)
            Samples with the features seen in `fit`, or with ``metric="precomputed"`` their
            distances to the samples of `fit`.

        Returns
        -------
        ndarray of shape (n_new, n_components)
            Means of landmarks, or of training samples, weighted by the kernel.
        """
        _checks.fitted(self, "embedding_")
        if self._package is not None:
            return transform_package(self._package, self._new_samples(X))
        base, reduction = self._graph.base, self._graph.reduction
        if base is None or reduction is None:
            given = self._graph.distinct(self._given(X, reset=False))
            search = search_distances(given, self._walk.labels.device, among_themselves=False)
        else:
            data = torch.as_tensor(self._new_samples(X), device=base.device, dtype=base.dtype)
            search = by_features(reduction(data), base, None)
        found = affinities(search, self.n_neighbors, self.decay)
        weights = normalised(group_sums(found, self._walk.labels, search.n_queries))
        placed: FloatingArray = (weights @ self._points).cpu().numpy()
        return placed

    def _given(self, X: Any, *, reset: bool) -> Any:
        return _checks.distances(X, self.n_neighbors, estimator=self, reset=reset)

    def _new_samples(self, X: Any) -> FloatingArray:
        return _checks.samples(X, estimator=self, reset=False, min_samples=1)

    @_checks.named
    @_device.own_tensors()
    def _fit(self, X: Any) -> None:
        _checks.choice("metric", self.metric, ("euclidean", "precomputed"))
        with _checks.call(f"{type(self).__name__}.fit"):
            if self.metric == "precomputed":
                data = self._given(X, reset=True)
            else:
                data = _checks.samples(X, estimator=self)
        self._check(data.shape[0])
        if self.engine == "phate":
            self.__dict__.update(fit_package(self, data))
            return
        # One seed per stage, so that a reused stage does not change the others' random numbers.
        seeds = _checks.generator(self.random_state).randint(2**31 - 1, size=3)
        with progress_bar(total=3, desc="PHATE", shown=self.progress) as bar:
            graph, walk = self._graph_and_walk(data, seeds, bar)
            # Entry t belongs to power t + 1; the authors' program uses t as the power nonetheless.
            t = knee_point(walk.entropy) if self.t == "auto" else int(self.t)
            target = distances(potential(walk.operator, t, self.gamma)).double()
            start = classical_mds(target, self.n_components, np.random.RandomState(seeds[2]))
            scaling = Scaling(start, converged=True, n_iter=0)
            if self.mds == "metric":
                scaling = smacof(target, start, self.max_iter, _TOLERANCE)
            bar.update()
        if float(target.max()) < _ALIKE * len(target) ** 0.5:
            warnings.warn(
                f"PHATE(n_neighbors={self.n_neighbors}, t={self.t!r}) places all samples at one "
                f"point: after {t} steps, random walks from any of them end alike, so the map says "
                "nothing. Use fewer neighbors or a smaller t, or samples that differ.",
                UserWarning,
                stacklevel=5,
            )
        if not scaling.converged:
            warnings.warn(
                f"PHATE's SMACOF was still improving after max_iter={self.max_iter} iterations. "
                "Use a larger max_iter.",
                ConvergenceWarning,
                stacklevel=5,
            )
        points = scaling.points
        placed = graph.of_all(points if walk.weights is None else walk.weights @ points)
        self.embedding_ = placed.cpu().numpy()
        self.t_ = t
        self.von_neumann_entropy_ = walk.entropy
        self.stress_ = stress(target, points)
        self.converged_ = scaling.converged
        self.n_iter_ = scaling.n_iter
        self.neighbor_recall_ = graph.recall
        self._graph, self._walk, self._points, self._package = graph, walk, points, None

    def _graph_and_walk(self, data: Any, seeds: Any, bar: Any) -> tuple[Graph, Walk]:
        """Return graph and walk of the data; reuse the last fit's if their inputs are unchanged."""
        device = _device.of(self)
        drawn = None if self.random_state is None else tuple(seeds[:2])
        settings = (self.metric, self.n_pca, self.n_neighbors, self.decay, self.exact_neighbors)
        graph_key = (_digest(data), settings, drawn, device)
        walk_key = (graph_key, self.n_landmarks)
        last_graph_key, last_walk_key = getattr(self, "_keys", (None, None))
        if graph_key == last_graph_key:
            graph = self._graph
        elif self.metric == "precomputed":
            graph = graph_of_distances(data, self.n_neighbors, self.decay, device)
        else:
            graph = graph_of_features(
                torch.as_tensor(data, device=device),
                self.n_pca,
                self.n_neighbors,
                self.decay,
                np.random.RandomState(seeds[0]),
                exact=self.exact_neighbors,
            )
        bar.update()
        if walk_key == last_walk_key:
            walk = self._walk
        else:
            walk = walk_on(graph, self.n_landmarks, np.random.RandomState(seeds[1]))
        bar.update()
        self._keys = (graph_key, walk_key)
        return graph, walk

    @property
    def _n_features_out(self) -> int:
        """Number of columns of the map, for the names of output features."""
        return self.n_components

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = tags.input_tags.sparse = self.metric == "precomputed"
        return tags

    def _is_showable(self) -> bool:
        return hasattr(self, "embedding_")

    @_checks.named
    def _check(self, n: int) -> None:
        """Raise if parameters are invalid by themselves or for `n` samples."""
        others = n - 1
        few = "the number of other samples"
        _checks.integer("n_neighbors", self.n_neighbors, 1, others, of=few)
        _checks.integer("n_components", self.n_components, 1, others, of=few)
        _checks.real("decay", self.decay, 0, open_low=True)
        _checks.real("gamma", self.gamma, -1, 1)
        _checks.integer("max_iter", self.max_iter, 1)
        _checks.boolean("progress", self.progress)
        _checks.choice("mds", self.mds, ("metric", "classic"))
        _checks.choice("engine", self.engine, ("torch", "phate"))
        _checks.require(
            self.engine == "torch" or self.metric == "euclidean",
            "(metric='precomputed')",
            "must be 'euclidean' with engine='phate'",
            "Use engine='torch', or pass features.",
        )
        _checks.boolean("exact_neighbors", self.exact_neighbors)
        if self.n_landmarks is not None:
            _checks.integer("n_landmarks", self.n_landmarks, self.n_components + 1)
        if self.n_pca is not None:
            _checks.integer("n_pca", self.n_pca, 1)
        if self.t != "auto":
            _checks.integer("t", self.t, 1)


def _digest(data: Any) -> str:
    """Return a digest of dense or sparse data, equal only for equal data."""
    parts = [data] if isinstance(data, np.ndarray) else [data.data, data.indices, data.indptr]
    digest = hashlib.sha256()  # processors have instructions for it
    for part in parts:
        digest.update(f"{part.dtype}{part.shape}".encode())
        whole = np.ascontiguousarray(part).data.cast("B") if part.size else b""
        for start in range(0, len(whole), _BYTES_AT_A_TIME):
            digest.update(whole[start : start + _BYTES_AT_A_TIME])
    return digest.hexdigest()
