"""Local CorEx: the factors of every region of the data."""

import threading
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import get_tags

from nbinterp import _checks
from nbinterp._display import Displayable
from nbinterp._numerics.kmeans import k_means
from nbinterp._state import HasState, State, all_or_nothing, fields
from nbinterp._typing import AnyArray, FloatingArray, IntArray
from nbinterp.corex.linear.estimator import LinearCorEx
from nbinterp.corex.linear.settings import checked_settings
from nbinterp.corex.local.compare import Comparing
from nbinterp.corex.local.embedding import checked_embedding, part_of, plane
from nbinterp.corex.local.fit import fit_groups
from nbinterp.corex.local.labels import LabelColumns, with_discrete_labels
from nbinterp.corex.local.result import ClusterFactors

_MAP_LOCK = threading.Lock()  # a map is drawn once, whoever asks first
_ENOUGH = 50  # samples for factors to rely on: 50 to 100 are advised (Kerby et al., appendix D)
_MOST_NAMED = 6  # small clusters in a warning


class _Fitted(NamedTuple):
    """What `fit_selection` needs, in one attribute: a refit beside it cannot mix two states."""

    table: FloatingArray  # what CorEx is fitted to: the data, then the label columns
    feature_names: list[str]  # of the table
    corex: Any
    n_labels: int

    @property
    def data(self) -> FloatingArray:
        """The samples as they were given, without labels."""
        return self.table[:, : self.table.shape[1] - self.n_labels]


class LocalCorEx(ClusterMixin, Displayable, HasState, BaseEstimator):  # type: ignore[misc]
    """Local CorEx: cut the data into regions and find the factors of each.

    Embeds the samples, clusters the embedding by k-means, and fits CorEx to the samples of each
    cluster, so that what varies together only there is not averaged away (Kerby, White and Moon
    2024). Each is fitted beside a copy of itself with shuffled columns, which shows
    what chance gives.

    Parameters
    ----------
    corex : LinearCorEx, BioCorEx, another CorEx or None, default=None
        What is fitted to each cluster; None is ``LinearCorEx()``, which fits all clusters as one
        batch. Any other estimator whose `fit` sets ``mutual_information_``, of shape
        (n_factors, n_features), and ``total_correlations_``, of shape (n_factors,), is fitted to
        one cluster after the other. There is a progress bar unless its own `progress` is False.
    embedding : estimator with `fit_transform`, or None, default=None
        What samples are clustered by; None is ``PHATE(n_components=10)``.
    n_clusters : int, default=20
        Number of clusters.
    n_splits : int, default=2
        How many times the samples of a cluster or selection are split into halves, to see which
        factors are found again; see `ClusterFactors.comparison_`. 0 leaves that out.
    label_columns : bool, default=False
        Whether the classes `y` of the samples are columns too: one a class, 1 where a sample has it
        and 0 elsewhere (of two classes only the second, as the first is its opposite). Factors then
        say which classes they tell apart. The clusters do not depend on them.
        ``clusters_[i].label_names`` are their names. Where a cluster holds just two of many
        classes, their columns are opposites too: a factor of these two alone says nothing.
    device : str, default="auto"
        Where to compute, for parts whose own `device` is "auto".
    random_state : int, RandomState or None, default=None
        Seeds the clustering, and parts whose own `random_state` is None.

    Attributes
    ----------
    labels_ : array of shape (n_samples,)
        The cluster of each sample.
    classes_ : array of shape (n_clusters,)
        The distinct labels; ``clusters_[i]`` is of the samples labelled ``classes_[i]``.
    clusters_ : list of ClusterFactors
        The factors of each cluster. One that is too small to fit is there too, with a `note`.
    embedding_ : array of shape (n_samples, n_components)
        What was clustered; absent if `fit` was given clusters.
    map_ : array of shape (n_samples, 2)
        The picture of the samples; drawn when first asked for.

    References
    ----------
    Kerby, White and Moon (2024), "Exploring higher-order neural network node interactions with
    total correlation", https://arxiv.org/abs/2402.04440.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(as_frame=True, return_X_y=True)
    >>> local = LocalCorEx(LinearCorEx(n_factors=2), random_state=0).fit(X, clusters=y)
    >>> [cluster.n_samples for cluster in local.clusters_]
    [50, 50, 50]
    >>> local.fit_selection(range(30, 80)).name
    'selection of 50'
    """

    _STATE = fields("corex embedding n_clusters n_splits label_columns device random_state")
    _FITTED = fields(
        "labels_ classes_ clusters_ embedding_ n_features_in_ feature_names_in_",
        fitted_embedding="_embedder",
        map="_map",
        centers="_centers",
        fit="_fitted",
    )

    def __init__(
        self,
        corex: Any = None,
        embedding: Any = None,
        n_clusters: int = 20,
        *,
        n_splits: int = 2,
        label_columns: bool = False,
        device: str = "auto",
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.corex = corex
        self.embedding = embedding
        self.n_clusters = n_clusters
        self.n_splits = n_splits
        self.label_columns = label_columns
        self.device = device
        self.random_state = random_state

    def to_state(self) -> State:
        """Return the fields by name, those of the data of the fit among them."""
        state = super().to_state()
        fit: _Fitted | None = state.pop("fit", None)
        if fit is not None:
            state |= {"data": fit.table, "feature_names": fit.feature_names}
            state |= {"fitted_corex": fit.corex, "n_labels": fit.n_labels}
            # Clusters that were not compared so far will be when someone asks for it.
            state["clusters_"] = [
                cluster if cluster.is_compared else replace(cluster, _compare=None)
                for cluster in state["clusters_"]
            ]
        return state

    @classmethod
    def from_state(cls, state: State) -> Self:
        """Return the estimator that `to_state` took apart."""
        state = dict(state)
        if "data" in state:
            names = ("data", "feature_names", "fitted_corex", "n_labels")
            state["fit"] = _Fitted(*(state.pop(name) for name in names))
        made = super().from_state(state)
        if hasattr(made, "clusters_"):
            made.clusters_ = [made._comparable(cluster) for cluster in made.clusters_]
        return made

    @all_or_nothing
    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        clusters: Any = None,
        class_names: Sequence[object] | None = None,
    ) -> Self:
        """Cluster the samples and find the factors of each cluster.

        Parameters
        ----------
        X : array-like, DataFrame or Tensor of shape (n_samples, n_features)
            Kept (not copied, unless labels join it), for `fit_selection`.
        y : array-like of shape (n_samples,), optional
            The class of each sample, with ``label_columns=True``; ignored otherwise, as
            scikit-learn passes `y` to any estimator.
        clusters : array-like of shape (n_samples,), optional
            The cluster of each sample, to use instead of clustering. Then nothing is embedded
            until `map_` is read.
        class_names : sequence of str, optional
            With ``label_columns=True``, the names of the label columns, in the order of the classes
            in `y`; ``"class 3"`` and so on if None.

        Returns
        -------
        LocalCorEx
            Itself, fitted.

        Warns
        -----
        UserWarning
            If clusters that were made here, not given, have fewer than 50 samples.

        Raises
        ------
        TypeError
            If `corex` is no CorEx.
        ValueError
            If a setting, `X` or `clusters` makes no sense.
        """
        corex = part_of(self._corex(), self.random_state, self.device)
        self._n_splits()
        missing = get_tags(corex).input_tags.allow_nan
        data = _checks.samples(X, missing=missing, estimator=self)
        for name, labels in (("clusters", clusters), ("y", y if self.label_columns else None)):
            _checks.same_order(name, labels, X)
        names = getattr(self, "feature_names_in_", [f"x{i}" for i in range(data.shape[1])])
        state = self._with_labels(data, [str(name) for name in names], corex, y, class_names)
        if isinstance(corex, LinearCorEx):  # before an embedding, which may take long
            checked_settings(corex, state.table.shape[1])
        embedder = part_of(self._embedding(), self.random_state, self.device)
        embedding: FloatingArray | None = None
        centers: FloatingArray | None = None
        if clusters is None:
            count = self._count(len(data))
            embedding = np.asarray(embedder.fit_transform(data))
            grouped = k_means(embedding, count, random_state=self.random_state, device=self.device)
            given = _checks.to_numpy(grouped.labels)
            centers = _checks.to_numpy(grouped.centers)
        else:
            given = _checks.groups("clusters", clusters, len(data))
        classes, member = np.unique(given, return_inverse=True)
        groups = [
            (f"cluster {label}", np.flatnonzero(member == i)) for i, label in enumerate(classes)
        ]
        fitted = fit_groups(state.corex, state.table, groups, state.feature_names, state.n_labels)
        if clusters is None:
            self._warn_of_small(groups)
        unconverged = sum(not cluster.converged_ for cluster in fitted)
        if unconverged:
            limit = f" in max_iter={corex.max_iter}" if hasattr(corex, "max_iter") else ""
            warnings.warn(
                f"{unconverged} of {len(fitted)} clusters did not converge{limit}. "
                f"Raise max_iter or tol of the {type(corex).__name__}.",
                ConvergenceWarning,
                stacklevel=3,
            )
        self._fitted = state
        self._embedder = embedder
        self._map: FloatingArray | None = None
        self._centers = centers
        if embedding is not None:
            self.embedding_ = embedding
        elif hasattr(self, "embedding_"):
            del self.embedding_
        self.labels_ = given
        self.classes_ = classes
        self.clusters_ = [self._comparable(cluster) for cluster in fitted]
        return self

    @property
    def map_(self) -> FloatingArray:
        """The samples in the plane, shape (n_samples, 2); drawn when first asked for."""
        _checks.fitted(self, "clusters_")
        with _MAP_LOCK:
            if self._map is None:
                embedding = getattr(self, "embedding_", None)
                self._map = plane(self._embedder, self._fitted.data, embedding)
            return self._map

    @_checks.named
    def predict(self, X: Any) -> AnyArray:
        """Return the cluster of new samples.

        Parameters
        ----------
        X : array-like, DataFrame or Tensor of shape (n_samples, n_features)

        Returns
        -------
        array of shape (n_samples,)
            The label with the nearest centre: in the embedding, or, if `fit` was given clusters,
            the nearest mean in the space of the data.
        """
        from sklearn.metrics import pairwise_distances_argmin

        _checks.fitted(self, "clusters_")
        data = _checks.samples(X, min_samples=1, estimator=self, reset=False)
        if self._centers is None:
            known = np.nan_to_num(self._fitted.data)
            centers = np.stack([known[self.labels_ == label].mean(0) for label in self.classes_])
            nearest = pairwise_distances_argmin(data, centers.astype(data.dtype))
        else:
            placed = np.asarray(self._embedder.transform(data))
            centers = self._centers[self.classes_]  # k-means may leave a centre without samples
            nearest = pairwise_distances_argmin(placed, centers.astype(placed.dtype))
        result: AnyArray = self.classes_[nearest]
        return result

    @_checks.named
    def fit_selection(self, indices: Any) -> ClusterFactors:
        """Return the factors of any set of the fitted samples; the estimator stays as it is.

        Parameters
        ----------
        indices : array-like of int, or boolean mask of shape (n_samples,)
            Rows of the data given to `fit`, at least 3.

        Returns
        -------
        ClusterFactors
        """
        _checks.fitted(self, "clusters_")
        state = self._fitted
        rows = _checks.indices("indices", indices, len(state.table), at_least=3)
        group = (f"selection of {len(rows)}", rows)
        self._n_splits()
        names, n_labels = state.feature_names, state.n_labels
        return self._comparable(fit_groups(state.corex, state.table, [group], names, n_labels)[0])

    def _comparable(self, factors: ClusterFactors) -> ClusterFactors:
        """Return the factors with what compares them when that is first asked for."""
        if not self.n_splits:
            return factors
        fit = self._fitted
        later = Comparing(fit.corex, fit.table, factors.indices, self.n_splits)
        return replace(factors, _compare=later)

    @_checks.named
    def _corex(self) -> Any:
        _checks.require(
            self.corex is None
            or (isinstance(self.corex, BaseEstimator) and hasattr(self.corex, "fit")),
            f"(corex={_checks.show(self.corex)})",
            "must be a CorEx: an estimator with fit, mutual_information_ and total_correlations_",
            "Use LinearCorEx(…) or BioCorEx(…).",
            TypeError,
        )
        return LinearCorEx() if self.corex is None else self.corex

    @_checks.named
    def _embedding(self) -> Any:
        return checked_embedding(self.embedding)

    @_checks.named
    def _count(self, n: int) -> int:
        return _checks.integer("n_clusters", self.n_clusters, 1, n, of="the number of samples")

    @_checks.named
    def _n_splits(self) -> int:
        return _checks.integer("n_splits", self.n_splits, 0)

    @_checks.named
    def _label_columns(self) -> bool:
        return _checks.boolean("label_columns", self.label_columns)

    def _with_labels(
        self,
        data: FloatingArray,
        names: list[str],
        corex: Any,
        y: Any,
        class_names: Sequence[object] | None,
    ) -> _Fitted:
        """Return what CorEx is fitted to: the data, with label columns if these are wanted."""
        if not self._label_columns():
            _checks.require(
                class_names is None,
                f"(class_names={_checks.show(class_names)})",
                "must be left out with label_columns=False, as no labels are fitted",
                "Use LocalCorEx(label_columns=True) and pass y.",
            )
            return _Fitted(data, names, corex, 0)
        labels = LabelColumns.of(y, data, class_names, names)
        n = len(labels.names)
        joined = np.concatenate([data, labels.values], axis=1)
        corex = with_discrete_labels(corex, data.shape[1], n)
        return _Fitted(joined, [*names, *labels.names], corex, n)

    def _warn_of_small(self, groups: list[tuple[str, IntArray]]) -> None:
        """Warn once of all clusters that have too few samples for factors to rely on."""
        few = [f"{name.removeprefix('cluster ')} ({len(rows)})" for name, rows in groups
               if len(rows) < _ENOUGH]  # fmt: skip
        if not few:
            return
        named = ", ".join(few[:_MOST_NAMED]) + ("…" if len(few) > _MOST_NAMED else "")
        fewer = f"Use a smaller n_clusters than {self.n_clusters}, or more samples."
        warnings.warn(
            f"{len(few)} of {len(groups)} clusters have fewer than {_ENOUGH} samples, too few for "
            f"factors to rely on: {named}. {fewer if self.n_clusters > 1 else 'Use more samples.'}",
            UserWarning,
            stacklevel=4,
        )

    def _is_showable(self) -> bool:
        return hasattr(self, "clusters_")
