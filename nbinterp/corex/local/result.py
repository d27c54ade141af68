"""The result of a fit to one group of samples."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from nbinterp import _checks
from nbinterp._display import Displayable
from nbinterp._state import HasState, State, fields
from nbinterp._typing import BoolArray, FloatArray, IntArray
from nbinterp.corex.linear.gaussianize import Columns
from nbinterp.corex.local.comparison import Comparison
from nbinterp.corex.matching import known_stable

_COMPARE_LOCK = threading.RLock()  # factors are compared once, whoever asks first


@dataclass(frozen=True, eq=False, kw_only=True)
class ClusterFactors(Displayable, HasState):
    """The factors of one cluster or selection of samples.

    `LocalCorEx` makes these; the attributes that end in an underscore are those of the method that
    was fitted, by default `LinearCorEx`.

    Attributes
    ----------
    name : str
        Such as ``"cluster 3"`` or ``"selection of 312"``.
    indices : array of shape (n_samples,)
        Row numbers of the samples in the data of the fit.
    n_samples : int
        How many they are.
    feature_names : list of str
        One name per column (a node, when the columns are a network's activations).
    n_labels : int
        How many of the columns, the last ones, are classes of the samples.
    label_names : list of str
        Their names; see ``LocalCorEx(label_columns=True)``.
    mutual_information_ : array of shape (n_factors, n_features)
        ``I(X_i; Z_j)`` in nats.
    correlation_ : array of shape (n_factors, n_features)
        Of each variable with each factor; its sign is the direction. Where the method has none of
        its own, as `BioCorEx`, with the values of `transform`: there with the number of the state,
        so that of a factor with more than two states it depends on how they are numbered. NaN if
        the method has no `transform` either.
    weights_ : array of shape (n_factors, n_features)
        See `LinearCorEx`; NaN for a method without weights, as `BioCorEx`.
    total_correlation_ : float
        What all factors explain together, in nats.
    total_correlations_ : array of shape (n_factors,)
        Of each factor alone, in nats.
    n_iter_, converged_, history_
        How the fit went; see `LinearCorEx`. The history of a method without stages is one array.
    null_total_correlation_ : float
        The total correlation, in nats, that the same fit finds in these samples after every column
        was shuffled by itself: what chance alone gives with as many samples.
    null_mutual_information_ : float
        What 99 % of the cells of that fit stay below, in nats, each factor's largest left out:
        one of shuffled data often takes a variable for itself. What is not above may be chance.
    comparison_ : Comparison or None
        The factors beside what can fail: fits to halves of the samples, and random selections of as
        many. Computed when first read, which takes about as long as the fit; saved with the rest.
        None without splits (see `LocalCorEx`), or for factors from an older file.
    stability_ : array of shape (n_factors,) or None
        How alike each factor is in both halves of the samples, from 0 to 1.
    stable_ : array of bool of shape (n_factors,) or None
        Whether it is found again in halves of the samples. What is not, is not to be relied on,
        even if it is far above the null: shuffled columns share nothing at all, so nearly any
        selection is above them.
    special_ : array of bool of shape (n_factors,) or None
        Whether it is stable and explains more in this region than in any of the random selections.
        None also for methods other than `LinearCorEx`, which do not tell what a factor explains in
        samples that it was not fitted to, and for too few samples.
    note : str
        What to know before trusting the numbers; empty if nothing.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from nbinterp.corex import LinearCorEx, LocalCorEx
    >>> X, y = load_iris(as_frame=True, return_X_y=True)
    >>> local = LocalCorEx(LinearCorEx(n_factors=2), random_state=0).fit(X, clusters=y)
    >>> setosa = local.clusters_[0]
    >>> setosa.name, setosa.n_samples
    ('cluster 0', 50)
    >>> sorted(setosa.top_nodes(0, 2))
    ['sepal length (cm)', 'sepal width (cm)']
    >>> setosa.summary()[["total_correlation", "stable", "special"]].shape
    (2, 3)
    """

    name: str
    indices: IntArray
    feature_names: list[str]
    weights_: FloatArray
    correlation_: FloatArray
    mutual_information_: FloatArray
    total_correlation_: float
    total_correlations_: FloatArray
    n_iter_: int
    converged_: bool
    history_: list[FloatArray]
    null_total_correlation_: float
    null_mutual_information_: float
    note: str = ""
    n_labels: int = 0
    _comparison: Comparison | None = field(default=None, repr=False)
    _compare: Callable[[FloatArray], Comparison] | None = field(default=None, repr=False)
    _columns: Columns | None = field(default=None, repr=False)  # of a linear fit
    _estimator: Any = field(default=None, repr=False)  # of any other

    _STATE = fields(
        "name indices feature_names weights_ correlation_ mutual_information_",
        "total_correlation_ total_correlations_ n_iter_ converged_ history_",
        "null_total_correlation_ null_mutual_information_ note n_labels",
        comparison="_comparison",
        columns="_columns",
        estimator="_estimator",
    )

    @property
    def n_samples(self) -> int:
        """How many samples were fitted."""
        return len(self.indices)

    @property
    def label_names(self) -> list[str]:
        """The names of the columns that are classes of the samples."""
        return self.feature_names[len(self.feature_names) - self.n_labels :]

    @property
    def comparison_(self) -> Comparison | None:
        """The factors beside halves and random selections; computed when first read."""
        with _COMPARE_LOCK, _checks.call("ClusterFactors.comparison_"):
            if self._comparison is None and self._compare is not None:
                found = self._compare(self.mutual_information_)
                vars(self)["_comparison"] = found  # setattr fails on frozen results
            return self._comparison

    def to_state(self) -> State:
        """Return the fields by name; factors are compared first, which needs their data."""
        _ = self.comparison_
        return super().to_state()

    @property
    def is_compared(self) -> bool:
        """Whether `comparison_` is there without computing it, or will never be."""
        return self._comparison is not None or self._compare is None

    @property
    def stability_(self) -> FloatArray | None:
        """How alike each factor is in both halves of the samples, shape (n_factors,)."""
        return None if (found := self.comparison_) is None else found.stability

    @property
    def stable_(self) -> BoolArray | None:
        """Whether each factor is found again in halves of the samples, shape (n_factors,)."""
        return None if (found := self.comparison_) is None else found.stable

    @property
    def special_(self) -> BoolArray | None:
        """Whether each factor is stable and explains more here than in random selections."""
        return None if (found := self.comparison_) is None else found.special

    def __repr__(self) -> str:
        """Return the figures that fit in a line."""
        note = f", note={self.note!r}" if self.note else ""
        # Comparing takes time, and a debugger prints all there is.
        if self.is_compared and (stable := self.stable_) is not None:
            note = f", stable={int(stable.sum())} of {len(stable)}{note}"
        return (
            f"ClusterFactors({self.name!r}, n_samples={self.n_samples}, "
            f"n_factors={len(self.weights_)}, total_correlation_={self.total_correlation_:.3g}, "
            f"null_total_correlation_={self.null_total_correlation_:.3g}{note})"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row per factor and node.

        Columns: factor, node, mutual_information, correlation, weight, stable. The last says
        whether the factor is found again in halves of the samples; None if that is not known.

        Returns
        -------
        DataFrame
            Of ``n_factors * n_features`` rows; mutual information in nats.
        """
        m, p = self.weights_.shape
        return pd.DataFrame(
            {
                "factor": np.repeat(np.arange(m), p),
                "node": np.tile(np.array(self.feature_names, dtype=object), m),
                "mutual_information": self.mutual_information_.ravel(),
                "correlation": self.correlation_.ravel(),
                "weight": self.weights_.ravel(),
                "stable": np.repeat(np.array(known_stable(self)), p),
            }
        )

    def summary(self) -> pd.DataFrame:
        """Return one row per factor: what it explains, and whether to rely on it.

        Columns: factor, total_correlation, then from `comparison_`: stability and stable; held_out,
        the total correlation in samples of this region that the factor was not fitted to, and
        random, the median of the same in random selections of as many samples; rank, that of
        held_out among these; special, None if that is not known, see `special_`; and top_nodes, the
        five nodes that share most.

        Returns
        -------
        DataFrame
            Total correlations in nats; columns of `comparison_` are missing if it is None.
        """
        m = len(self.weights_)
        table: dict[str, Any] = {
            "factor": np.arange(m),
            "total_correlation": self.total_correlations_,
        }
        if (found := self.comparison_) is not None:
            table |= {
                "stability": found.stability,
                "stable": found.stable,
                "held_out": found.held_out,
                "random": np.median(found.random, axis=0) if len(found.random) else np.nan,
                "rank": found.rank,
                "special": found.special,
            }
        return pd.DataFrame({**table, "top_nodes": [self.top_nodes(j, 5) for j in range(m)]})

    @_checks.named
    def top_nodes(self, factor: int, n: int = 10) -> list[str]:
        """Return the names of the `n` nodes that share most with a factor, the most first.

        Parameters
        ----------
        factor : int
            Which factor, from 0.
        n : int, default=10
            How many nodes; all of them if there are fewer.

        Returns
        -------
        list of str
        """
        row = _checks.integer("factor", factor, 0, len(self.weights_) - 1, of="the last factor")
        count = _checks.integer("n", n, 1)
        order = np.argsort(-self.mutual_information_[row], kind="stable")[:count]
        return [self.feature_names[i] for i in order]

    @_checks.named
    def transform(self, X: Any) -> FloatArray:
        """Return the factor values of samples.

        Parameters
        ----------
        X : array-like, DataFrame or Tensor of shape (n_samples, n_features)
            A missing entry counts as its column's mean in this cluster, or as the method has it.
            Label columns may be left out, and count as missing.

        Returns
        -------
        array of shape (n_samples, n_factors)
            As `transform` of the method that was fitted.
        """
        data = _checks.samples(X, min_samples=1, missing=True)
        if self.n_labels and data.shape[1] == len(self.feature_names) - self.n_labels:
            data = np.pad(data, ((0, 0), (0, self.n_labels)), constant_values=np.nan)
        _checks.require(
            data.shape[1] == len(self.feature_names),
            f"(X={_checks.show(data)})",
            f"must have {len(self.feature_names)} columns",
            "Pass the same columns as in fit.",
        )
        if self._columns is not None:
            result: FloatArray = np.nan_to_num(self._columns.apply(data)) @ self.weights_.T
            return result
        method = type(self._estimator).__name__
        _checks.require(
            hasattr(self._estimator, "transform"),
            "",
            f"must have factors of a method with transform, not of {method}",
            "Fit LinearCorEx or BioCorEx.",
            TypeError,
        )
        values: FloatArray = np.asarray(self._estimator.transform(data), dtype=np.float64)
        return values
