"""Detect out-of-distribution samples by Mahalanobis distances in the layers of a network."""

from collections.abc import Mapping, Sequence
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
import torch
from scipy.sparse import issparse
from sklearn.base import BaseEstimator

from nbinterp import _checks, _device
from nbinterp._typing import AnyArray, FloatArray
from nbinterp.distance.construct import shrinkage
from nbinterp.distance.ood.class_gaussians import ClassGaussians, Read, fit_gaussians
from nbinterp.distance.ood.roc import auroc
from nbinterp.network.recording.nodes import POOLS, pool_axis, pooled
from nbinterp.network.recording.record import Recording

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

Layers = dict[str, tuple[Read, int]]  # by layer: its reader and its number of features

_TABLE = "X"  # name of the one layer of a plain table


class MahalanobisOOD(BaseEstimator):  # type: ignore[misc]
    """Score how far samples lie from the training distribution of a network, layer by layer.

    In each layer, each class gets a Gaussian; all share one covariance. The score of a new sample
    is its squared Mahalanobis distance from the nearest Gaussian, in squared standard deviations
    (Lee et al. 2018). Larger means farther out of the distribution. Samples of the Gaussian itself
    have an average score of d in d dimensions.

    Parameters
    ----------
    relative : bool, default=False
        Subtract the squared distance from one Gaussian of all samples, so that directions without
        information on classes cancel. Better for outliers near the data (Ren et al. 2021).
    layers : str or sequence of str, optional
        Which recorded layers to use. None: all.
    shrinkage : {"oas", "ledoit_wolf"} or float, default="oas"
        Share of a multiple of the identity that is mixed into the covariances, by a formula or as a
        number from 0 to 1. It makes them invertible even with fewer samples than dimensions, or
        with dead nodes.
    ridge : float, default=0.0
        Added to the diagonals, as a multiple of their mean.
    pool : {"mean", "max", "first", "last"} or None, default="mean"
        How to pool a layer with maps or tokens, as in `Recording.concat`. None: each entry is a
        feature.
    channel_axis : int, optional
        Which axis holds the channels, as in `Recording.concat`.
    device : str or torch.device, default="auto"
        Where to compute, in float64.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels.
    layers_ : tuple of str
        The layers, in order. A plain table is one layer named ``"X"``.
    gaussians_ : dict from str to ClassGaussians
        The fitted Gaussians of each layer.
    centre_, scale_ : ndarray of shape (n_layers,)
        Mean and standard deviation of the distances of the fitted samples.
    combination_ : LogisticRegression or None
        The weights of the layers, after `combine`.

    Notes
    -----
    Unless n is many times d, a covariance fitted to n samples in d dimensions makes new samples of
    the same distribution look too far away. Compare scores with those of held-out samples.

    References
    ----------
    Lee, Lee, Lee and Shin, "A simple unified framework for detecting out-of-distribution samples
    and adversarial attacks", NeurIPS (2018), arXiv 1807.03888, eq. 1 and 2 and algorithm 1, without
    its perturbation of the input, which needs a gradient for each sample. Ren, Fort, Liu, Roy,
    Padhy and Lakshminarayanan, "A simple fix to Mahalanobis distance for improving near-OOD
    detection", arXiv 2106.09022 (2021): ``min_k (MD_k - MD_0)``.

    Examples
    --------
    >>> from nbinterp.datasets import load_mnist, load_mnist_classifier
    >>> from nbinterp.distance import MahalanobisOOD
    >>> from nbinterp.network import record
    >>> mnist, model = load_mnist(), load_mnist_classifier()
    >>> pixels = mnist.data[:2000] / 255
    >>> known = record(model, pixels[:1500], ["h1", "h2"])
    >>> ood = MahalanobisOOD().fit(known, mnist.target[:1500])
    >>> new, inverted = record(model, pixels[1500:], ["h1", "h2"]), record(model, 1 - pixels[:500],
    ...                                                                   ["h1", "h2"])
    >>> ood.scores(new).shape, list(ood.distances(new).columns)
    ((500,), ['h1', 'h2'])
    >>> ood.evaluate(new, inverted)["auroc"] > 0.99
    h1          True
    h2          True
    combined    True
    Name: auroc, dtype: bool
    """

    def __init__(
        self,
        *,
        relative: bool = False,
        layers: str | Sequence[str] | None = None,
        shrinkage: str | float = "oas",
        ridge: float = 0.0,
        pool: str | None = "mean",
        channel_axis: int | None = None,
        device: str | torch.device = "auto",
    ) -> None:
        self.relative = relative
        self.layers = layers
        self.shrinkage = shrinkage
        self.ridge = ridge
        self.pool = pool
        self.channel_axis = channel_axis
        self.device = device

    @_checks.named
    def fit(self, X: Any, y: Any = None) -> Self:
        """Fit the Gaussians of each layer.

        Parameters
        ----------
        X : Recording, dict of arrays, or array-like of shape (n_samples, n_features)
            Samples of the distribution: the result of `record`, or activations by layer name, or
            the features of one layer as a table.
        y : array of shape (n_samples,), optional
            Class of each sample. Without it, one Gaussian is fitted to all samples.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If there is only one class and `relative` is set, if nothing varies within classes, if
            entries are not finite, or if a covariance cannot be inverted.
        """
        # A copy is fitted, so an error or an interrupt leaves this object unchanged.
        fresh = copy(self)
        fresh._learn(X, y)
        self.__dict__ = fresh.__dict__
        return self

    def _learn(self, X: Any, y: Any) -> None:
        self._check()
        layers, n = self._read(X, reset=True)
        _checks.same_order("y", y, X)
        labels = np.zeros(n, np.int64) if y is None else _checks.groups("y", y, n)
        classes, codes = np.unique(labels, return_inverse=True)
        _checks.require(
            not self.relative or len(classes) > 1,
            f"(y) of {len(classes)} class with relative=True",
            "must hold two classes or more: with one, both distances are equal",
            "Pass the labels, or use relative=False.",
        )
        device = _device.of(self)
        gaussians: dict[str, ClassGaussians] = {}
        own = []
        for name, (read, d) in layers.items():
            what = f"(X) in layer {name!r}"
            found = fit_gaussians(what, read, codes, d, self.shrinkage, self.ridge, device)
            gaussians[name] = found
            own.append(found.distances(what, read, n, self.relative, device))
        spread = np.std(own, axis=1)
        self.classes_ = classes
        self.layers_ = tuple(layers)
        self.gaussians_ = gaussians
        self.centre_ = np.mean(own, axis=1)
        self.scale_ = np.where(spread > 0, spread, 1.0)
        self.combination_: LogisticRegression | None = None

    @_checks.named
    def combine(self, inside: Any, outside: Any) -> Self:
        """Weight the layers by a logistic regression on known outliers.

        Parameters
        ----------
        inside, outside : Recording, dict of arrays, or array-like
            Samples of the distribution, other than those of `fit`, and outliers. Use yet others in
            `evaluate`: on these the AUROC is too good.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the layers are not those of `fit`.
        """
        groups = [self._distances(given) for given in (inside, outside)]
        y = np.repeat([0, 1], [len(group) for group in groups])
        from sklearn.linear_model import LogisticRegression  # slow to import, rarely needed

        regression = LogisticRegression(class_weight="balanced", max_iter=1000)
        self.combination_ = regression.fit(self._standardized(np.concatenate(groups)), y)
        return self

    @_checks.named
    def distances(self, X: Any) -> pd.DataFrame:
        """Return squared distances from the nearest class, one column for each layer.

        Parameters
        ----------
        X : Recording, dict of arrays, or array-like
            Samples, with the layers of `fit`.

        Returns
        -------
        DataFrame of shape (n_samples, n_layers)
            In squared standard deviations, ready for ``ClusterExplorer(..., columns=...)``. With
            `relative`, after subtracting the distance from all samples, so they may be negative.
        """
        found = self._distances(X)
        return pd.DataFrame(found, columns=list(self.layers_))

    @_checks.named
    def scores(self, X: Any) -> FloatArray:
        """Return one score for each sample; larger means farther out.

        Parameters
        ----------
        X : Recording, dict of arrays, or array-like
            Samples, with the layers of `fit`.

        Returns
        -------
        ndarray of shape (n_samples,)
            After `combine`, the log-odds of being an outlier. Otherwise the squared distance if
            there is one layer, or the mean over layers of the squared distances, standardized by
            those of the fitted samples.
        """
        return self._combined(self._distances(X))

    @_checks.named
    def evaluate(self, inside: Any, outside: Any, *, confidence: float = 0.95) -> pd.DataFrame:
        """Measure how well each layer, and all layers together, separate outliers from inliers.

        Parameters
        ----------
        inside, outside : Recording, dict of arrays, or array-like
            Samples of the distribution and outliers, other than those of `fit` and `combine`.
        confidence : float
            Level of the interval.

        Returns
        -------
        DataFrame
            One row for each layer and, if there are several, one row ``"combined"``. Columns: auroc
            (area under the ROC curve), lower and upper (its interval, see `auroc`), standard_error.
        """
        low, high = (self._distances(given) for given in (inside, outside))
        pairs = {name: (low[:, i], high[:, i]) for i, name in enumerate(self.layers_)}
        if len(pairs) > 1:
            pairs["combined"] = (self._combined(low), self._combined(high))
        areas = {name: auroc(*pair, confidence=confidence) for name, pair in pairs.items()}
        return pd.DataFrame(
            {
                "auroc": {name: area.value for name, area in areas.items()},
                "lower": {name: area.lower for name, area in areas.items()},
                "upper": {name: area.upper for name, area in areas.items()},
                "standard_error": {name: area.standard_error for name, area in areas.items()},
            }
        )

    @_checks.named
    def _check(self) -> None:
        _checks.boolean("relative", self.relative)
        shrinkage.check(self.shrinkage)
        _checks.real("ridge", self.ridge, 0.0)
        if self.pool is not None:
            _checks.choice("pool", self.pool, POOLS)

    def _read(self, X: Any, reset: bool) -> tuple[Layers, int]:
        """Return a reader for each layer, and the number of samples."""
        mask, axes = None, {}
        given: dict[str, Any]
        if isinstance(X, Recording):
            given, mask, axes = {name: X[name] for name in X.layers}, X.mask, X.channel_axes
        elif isinstance(X, Mapping) and not issparse(X):  # a kind of sparse matrix is a dict
            given = {str(name): _array(name, part) for name, part in X.items()}
        else:
            table = _checks.samples(X, estimator=self, reset=reset, min_samples=1)
            given = {_TABLE: table}
        names = self._names(given) if reset else self.layers_
        for name in names:
            _checks.require(
                name in given,
                f"(X) with layers {', '.join(map(repr, given)) or 'none'}",
                f"must hold the layer {name!r}",
                "Record the same layers as for fit.",
            )
        lengths = {name: len(given[name]) for name in names}
        _checks.require(
            len(set(lengths.values())) == 1 and min(lengths.values()) > 0,
            f"(X) with samples {lengths}",
            "must hold the same number of samples in each layer, at least one",
            "Pass arrays whose first axis is the samples.",
        )
        return {
            name: self._features(name, given[name], mask, axes.get(name)) for name in names
        }, min(lengths.values())

    def _names(self, given: dict[str, Any]) -> tuple[str, ...]:
        asked = given if self.layers is None else self.layers
        names = (asked,) if isinstance(asked, str) else tuple(asked)
        _checks.require(
            len(names) > 0,
            "(X) with layers=[]",
            "must have at least one layer",
            "Name at least one recorded layer.",
        )
        return names

    @_checks.named
    def _features(self, name: str, values: Any, mask: Any, usual: int | None) -> tuple[Read, int]:
        axis = 1
        if values.ndim > 2 and self.pool is not None:
            axis = pool_axis(name, values.ndim, self.channel_axis, usual)
        read = partial(_rows, values, mask, self.pool, axis)
        return read, read(slice(0, 1)).shape[1]

    def _distances(self, X: Any) -> FloatArray:
        _checks.fitted(self, "gaussians_")
        layers, n = self._read(X, reset=False)
        device = _device.of(self)
        columns = []
        for name, (read, d) in layers.items():
            gaussians = self.gaussians_[name]
            what = f"(X) in layer {name!r}"
            _checks.require(
                d == gaussians.n_features,
                what,
                f"must have {gaussians.n_features} features, as in fit, not {d}",
                "Pass activations of the same layer of the same network.",
            )
            columns.append(gaussians.distances(what, read, n, self.relative, device))
        return np.stack(columns, axis=1)

    def _standardized(self, distances: FloatArray) -> FloatArray:
        result: FloatArray = (distances - self.centre_) / self.scale_
        return result

    def _combined(self, distances: FloatArray) -> FloatArray:
        result: FloatArray
        if self.combination_ is not None:
            result = self.combination_.decision_function(self._standardized(distances))
        elif distances.shape[1] == 1:
            result = distances[:, 0]
        else:
            result = self._standardized(distances).mean(axis=1)
        return result


def _array(name: object, part: Any) -> AnyArray:
    array = _checks.numeric(part, f"X[{name!r}]")
    _checks.require(
        array.ndim > 0,
        f"(X[{name!r}]={_checks.show(array)})",
        "must be numbers, one row for each sample",
        "Pass the activations of a layer.",
        TypeError,
    )
    return array


def _rows(values: Any, mask: Any, pool: str | None, axis: int, part: slice) -> Any:
    """Return the features (b, d) of some samples, from memory or from a file."""
    rows = np.asarray(values[part])
    if pool is not None:
        rows = pooled(rows, pool, axis, None if mask is None else mask[part])
    return rows.reshape(len(rows), -1)
