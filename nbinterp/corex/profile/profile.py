"""Compare clusters, or a selection, with all other samples."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from nbinterp import _checks
from nbinterp._typing import AnyArray, FloatingArray, IntArray
from nbinterp.corex.local.estimator import LocalCorEx
from nbinterp.corex.local.result import ClusterFactors
from nbinterp.corex.profile.contrast import contrast
from nbinterp.corex.profile.result import ClusterProfile

_MOST_CLASSES = 100


class _Group(NamedTuple):
    name: str
    rows: IntArray


@_checks.named
def cluster_profile(
    data: Any,
    clusters: Any = None,
    *,
    selection: Any = None,
    y: Any = None,
    images: Any = None,
    image_shape: Sequence[int] | None = None,
) -> ClusterProfile:
    """Return what sets clusters, or a selection, apart from all other samples.

    Parameters
    ----------
    data : array-like, DataFrame or Tensor of shape (n_samples, n_features)
        The columns to compare, of all samples: those that were clustered, or any others, such as
        the inputs of a network whose activations were. NaN marks a missing entry.
    clusters : LocalCorEx, ClusterFactors, list of these, or array-like of shape (n_samples,)
        All clusters of a fit, some of its clusters or selections, or the label of each sample.
    selection : array-like of int, or boolean mask of shape (n_samples,), optional
        Rows to compare with all others, instead of `clusters`.
    y : array-like of shape (n_samples,), optional
        The class of each sample, 100 classes at most.
    images : array of shape (n_samples, height, width) or (n_samples, height, width, 3), optional
        A picture of each sample.
    image_shape : tuple of int, optional
        Height and width of images that are rows of pixels; without `images`, of the rows of `data`.

    Returns
    -------
    ClusterProfile

    Raises
    ------
    ValueError
        If lengths do not match, or if a cluster is empty or has all samples, so that there is no
        rest.

    Notes
    -----
    The interval of ``mean - rest_mean`` is Welch's, with the variance of each side. It is divided
    by the standard deviation of the column over all samples, which is taken as known. Where a
    column has one value in a cluster, that side counts as exact.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(as_frame=True, return_X_y=True)
    >>> profile = cluster_profile(X, selection=y == 0, y=y)
    >>> profile
    ClusterProfile(selection of 50 (50); 4 columns of 150 samples)
    >>> profile.to_frame(n=1)[["column", "difference"]].round(2)
                  column  difference
    0  petal length (cm)       -1.96
    >>> profile.composition()[["class", "share"]].head(1)
      class  share
    0     0    1.0
    """
    table = _checks.squarable(_checks.samples(data, name="data", missing=True), "data")
    n, p = table.shape
    names = [str(name) for name in getattr(data, "columns", [f"x{i}" for i in range(p)])]
    _checks.require(
        len(set(names)) == p,
        f"(data={_checks.show(data)})",
        "must have columns with names of their own, but some are equal",
        "Rename them.",
    )
    for name, labels in (("clusters", clusters), ("y", y)):
        _checks.same_order(name, labels, data)
    groups = _groups(clusters, selection, n)
    for group in groups:
        _checks.require(
            0 < len(group.rows) < n,
            f" of {group.name}",
            f"must leave samples outside to compare with, but it has {len(group.rows)} of {n}",
            "Pass two clusters or more, or a selection of some samples.",
        )
    class_names, codes = _classes(y, n)
    pictures = _pictures(images, image_shape, table)
    rows = [group.rows for group in groups]
    counts = [np.bincount(codes[each], minlength=len(class_names)) for each in rows if len(codes)]
    return ClusterProfile(
        names=[group.name for group in groups],
        sizes=np.array([len(each) for each in rows]),
        n_samples=n,
        feature_names=names,
        **contrast(table, rows)._asdict(),
        class_names=class_names,
        class_counts=np.array(counts, dtype=np.int64).reshape(len(groups), len(class_names)),
        all_class_counts=np.bincount(codes, minlength=len(class_names)),
        mean_images=None
        if pictures is None
        else np.stack([pictures[each].mean(0, dtype=np.float64) for each in rows]),
        mean_image=None if pictures is None else pictures.mean(0, dtype=np.float64),
    )


def _groups(clusters: Any, selection: Any, n: int) -> list[_Group]:
    """Return the groups of samples to compare with the others."""
    _checks.require(
        (clusters is None) != (selection is None),
        "",
        "must have clusters or a selection, one of them",
        "Pass clusters=local, or selection=indices.",
        TypeError,
    )
    if selection is not None:
        rows = _checks.indices("selection", selection, n, at_least=1)
        return [_Group(f"selection of {len(rows)}", rows)]
    if isinstance(clusters, LocalCorEx):
        _checks.fitted(clusters, "clusters_")
        _same_length(len(clusters.labels_), n)
        clusters = clusters.clusters_
    if isinstance(clusters, ClusterFactors):
        clusters = [clusters]
    listed = clusters if isinstance(clusters, list | tuple) else []
    if listed and all(isinstance(each, ClusterFactors) for each in listed):
        last = max(int(each.indices.max(initial=-1)) for each in listed)
        _checks.require(
            last < n,
            f"(clusters={_checks.show(clusters)})",
            f"must be clusters of the rows of data, but it has sample {last} and data has {n}",
            "Pass all samples of the fit, in the same order.",
        )
        names = [each.name for each in listed]
        return [
            _Group(name if names.count(name) == 1 else f"{name}, {place + 1}", each.indices)
            for place, (name, each) in enumerate(zip(names, listed, strict=True))
        ]
    labels = _checks.groups("clusters", clusters, n)
    classes, member = np.unique(labels, return_inverse=True)
    return [
        _Group(f"cluster {label}", np.flatnonzero(member == i)) for i, label in enumerate(classes)
    ]


def _same_length(fitted: int, n: int) -> None:
    _checks.require(
        fitted == n,
        f"(clusters=<LocalCorEx of {fitted} samples>)",
        f"must be a fit to the samples of data, {n}",
        "Pass all samples of the fit, in the same order.",
    )


def _classes(y: Any, n: int) -> tuple[list[str], IntArray]:
    """Return the names of the classes, and which one each sample has; nothing without `y`."""
    if y is None:
        return [], np.zeros(0, dtype=np.int64)
    classes, codes = np.unique(_checks.groups("y", y, n), return_inverse=True)
    _checks.require(
        len(classes) <= _MOST_CLASSES,
        "(y=…)",
        f"must be classes, {_MOST_CLASSES} at most, but has {len(classes)} different values",
        "Cut numbers into ranges, such as by pandas.cut, or pass them as a column of data.",
    )
    return [str(each) for each in classes], codes.astype(np.int64)


def _pictures(images: Any, shape: Sequence[int] | None, table: FloatingArray) -> AnyArray | None:
    """Return one picture per sample, or None."""
    n = len(table)
    if images is None and shape is None:
        return None
    array = table if images is None else _checks.numeric(images, "images")
    what = f"(images={_checks.show(array)})"
    if shape is not None:
        listed = np.atleast_1d(np.array(_checks.listed(shape), dtype=object))
        sides = tuple(_checks.integer("image_shape", side, 1) for side in listed)
        _checks.require(
            array.size == n * int(np.prod(sides)),
            f"(image_shape={sides})",
            f"must have the number of pixels of each image, {array.size // n}",
            "Pass the height and width of the images.",
        )
        array = array.reshape(n, *sides)
    colour = array.ndim == 4 and array.shape[3] == 3
    _checks.require(
        array.ndim == 3 or colour,
        what,
        "must have shape (n_samples, height, width) or (n_samples, height, width, 3)",
        "Pass image_shape=(height, width) too, or move the channels to the last axis.",
    )
    _checks.require(
        len(array) == n,
        what,
        f"must hold one image per sample, {n}",
        "Pass a picture of each sample.",
    )
    _checks.require(
        bool(np.isfinite(array).all()),
        what,
        "must have no missing or infinite pixels",
        "Fill them, such as by numpy.nan_to_num.",
    )
    return array
