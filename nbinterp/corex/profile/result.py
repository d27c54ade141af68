"""What sets clusters apart: their classes, their mean images, their columns."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from nbinterp import _checks
from nbinterp._display import Displayable
from nbinterp._typing import AnyArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class ClusterProfile(Displayable):
    """Clusters or a selection beside the other samples; made by `cluster_profile`.

    Attributes
    ----------
    names : list of str
        Of the clusters, such as ``"cluster 3"`` or ``"selection of 312"``.
    sizes : array of shape (n_clusters,)
        Samples in each.
    n_samples : int
        Samples of all data.
    feature_names : list of str
        Names of the columns.
    n_known : array of shape (n_clusters, n_features)
        Samples of the cluster in which a column is not missing.
    mean, rest_mean : arrays of shape (n_clusters, n_features)
        Means of the columns in the cluster and in all other samples, in the units of the columns.
    sd : array of shape (n_features,)
        Standard deviations of the columns over all samples.
    difference : array of shape (n_clusters, n_features)
        ``(mean - rest_mean) / sd``: by how many standard deviations the cluster is above the rest.
        0 for a column that does not vary; NaN where one of the means has no sample.
    lower, upper : arrays of shape (n_clusters, n_features)
        The 95 % interval of `difference` for one column, by Welch's t; NaN where a side has fewer
        than two samples.
    class_names : list of str
        The classes of `y`; empty without `y`.
    class_counts : array of shape (n_clusters, n_classes)
        Samples of each class in each cluster.
    all_class_counts : array of shape (n_classes,)
        Samples of each class in all data.
    mean_images : array of shape (n_clusters, height, width) or (…, 3), or None
        The mean image of each cluster.
    mean_image : array of shape (height, width) or (height, width, 3), or None
        The mean image of all samples.

    Notes
    -----
    Clusters that were made from the same columns differ in them by construction, so that an
    interval without zero does not say that there is a cluster. It says how well the difference of
    these two groups is known. Of many columns, one in 20 intervals misses the truth.
    """

    names: list[str]
    sizes: IntArray
    n_samples: int
    feature_names: list[str]
    n_known: IntArray
    mean: FloatArray
    rest_mean: FloatArray
    sd: FloatArray
    difference: FloatArray
    lower: FloatArray
    upper: FloatArray
    class_names: list[str]
    class_counts: IntArray
    all_class_counts: IntArray
    mean_images: FloatArray | None = None
    mean_image: FloatArray | None = None

    def to_frame(self, n: int | None = None) -> pd.DataFrame:
        """Return one row per cluster and column, within a cluster by falling size of `difference`.

        Parameters
        ----------
        n : int, optional
            Only the `n` columns of each cluster that differ most; None for all.

        Returns
        -------
        DataFrame
            Columns: cluster, n_samples, column, mean, rest_mean, difference (in standard deviations
            of the column), lower, upper, n_known.
        """
        with _checks.call("ClusterProfile.to_frame"):
            p = len(self.feature_names)
            count = p if n is None else min(_checks.integer("n", n, 1), p)
        size = np.abs(np.nan_to_num(self.difference, nan=-1.0))
        size[np.isnan(self.difference)] = -1.0  # what is not known comes last
        order = np.argsort(-size, axis=1, kind="stable")[:, :count]

        def column(table: AnyArray) -> AnyArray:
            return np.take_along_axis(table, order, axis=1).ravel()

        return pd.DataFrame(
            {
                "cluster": np.repeat(np.array(self.names, dtype=object), count),
                "n_samples": np.repeat(self.sizes, count),
                "column": np.array(self.feature_names, dtype=object)[order].ravel(),
                "mean": column(self.mean),
                "rest_mean": column(self.rest_mean),
                "difference": column(self.difference),
                "lower": column(self.lower),
                "upper": column(self.upper),
                "n_known": column(self.n_known),
            }
        )

    def composition(self) -> pd.DataFrame:
        """Return one row per cluster and class, within a cluster by falling count.

        Returns
        -------
        DataFrame
            Columns: cluster, class, n_samples, share (of the cluster), share_of_all (the class in
            all data). No rows if `cluster_profile` was given no `y`.
        """
        order = np.argsort(-self.class_counts, axis=1, kind="stable")
        counts = np.take_along_axis(self.class_counts, order, axis=1)
        k = len(self.class_names)
        return pd.DataFrame(
            {
                "cluster": np.repeat(np.array(self.names, dtype=object), k),
                "class": np.array(self.class_names, dtype=object)[order].ravel(),
                "n_samples": counts.ravel(),
                "share": (counts / self.sizes[:, None]).ravel(),
                "share_of_all": (self.all_class_counts / self.n_samples)[order].ravel(),
            }
        )

    def __repr__(self) -> str:
        told = ", ".join(
            f"{name} ({size})" for name, size in zip(self.names[:4], self.sizes, strict=False)
        )
        more = f" and {len(self.names) - 4} more" if len(self.names) > 4 else ""
        p = len(self.feature_names)
        return f"ClusterProfile({told}{more}; {p} columns of {self.n_samples} samples)"
