"""Charts of what sets clusters apart: one cluster in detail, or all side by side."""

from typing import Any

from nbinterp import _checks
from nbinterp._display import shows
from nbinterp.corex import ClusterProfile
from nbinterp.views.charts.pictures.clusters import all_clusters
from nbinterp.views.charts.pictures.one_cluster import one_cluster
from nbinterp.views.charts.vega_lite import AltairView

_DETAIL, _OVERVIEW = 15, 20


@shows(ClusterProfile)
class ProfileChart(AltairView):
    """What sets a cluster apart from all other samples, or all clusters side by side.

    Parameters
    ----------
    profile : ClusterProfile
        The result of `cluster_profile`.
    cluster : str or int, optional
        One of `profile.names`, or its position, to show in detail; None for all of them, or for the
        only one.
    n : int, optional
        Number of columns to draw, those that differ most; 0 for none. By default 15 of one cluster
        and 20 of several, but none where the columns are the pixels of the images.

    How to read it
    --------------
    *One cluster.* On the left are its classes: bars are their shares of the cluster, yellow
    strokes their shares of all samples. In the middle are its mean image, the mean of all samples,
    and the difference: orange is brighter in the cluster, blue darker. On the right are the columns
    that differ most from the samples outside, in standard deviations of the column, with the 95 %
    interval of each. A column with missing entries names the number of samples that have it.

    *Several.* A row is a cluster with the number of its samples. Its bar shows its classes. Its
    cells show the columns that differ most: orange, they are higher in the cluster; blue, lower;
    faint, the interval of the difference holds zero.

    Clusters that were made from these columns differ in them by construction: an interval without
    zero does not prove that there is a cluster.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from nbinterp.corex import cluster_profile
    >>> X, y = load_iris(as_frame=True, return_X_y=True)
    >>> cluster_profile(X, y).view(cluster=0)
    ProfileChart(cluster 0, 50 of 150 samples: petal length (cm) -1.96, petal width (cm) -1.88,
        sepal length (cm) -1.52, sepal width (cm) +1.28)
    """

    @_checks.named
    def __init__(
        self, profile: ClusterProfile, *, cluster: str | int | None = None, n: int | None = None
    ) -> None:
        _checks.require(
            isinstance(profile, ClusterProfile),
            f"(profile={_checks.show(profile)})",
            "must be a ClusterProfile",
            "Pass what cluster_profile(...) returned.",
            TypeError,
        )
        self.profile = profile
        last = len(profile.names) - 1
        self.cluster: int | None = None if last else 0
        if isinstance(cluster, str):
            self.cluster = profile.names.index(_checks.choice("cluster", cluster, profile.names))
        elif cluster is not None:
            self.cluster = _checks.integer("cluster", cluster, 0, last, of="the last one")
        if n is None:
            n = _OVERVIEW if self.cluster is None else _DETAIL
            n = 0 if self._columns_are_pixels() else n
        self.n = min(_checks.integer("n", n, 0), len(profile.feature_names))

    @property
    def chart(self) -> Any:
        """The Altair chart, to change or save."""
        if self.cluster is None:
            return all_clusters(self.profile, self.n)
        return one_cluster(self.profile, self.cluster, self.n)

    def describe(self) -> str:
        """Describe the classes and the columns that differ most in one line."""
        profile = self.profile
        if self.cluster is None:
            told = [
                f"{name} {size:,}{self._largest_class(place)}"
                for place, (name, size) in enumerate(zip(profile.names, profile.sizes, strict=True))
            ]
            more = f"; and {len(told) - 6} more" if len(told) > 6 else ""
            return f"ProfileChart({profile.n_samples:,} samples: {'; '.join(told[:6])}{more})"
        name = profile.names[self.cluster]
        size = f"{profile.sizes[self.cluster]:,} of {profile.n_samples:,} samples"
        count = min(5, len(profile.feature_names))
        rows = profile.to_frame(count).iloc[self.cluster * count :].head(count)
        told = [f"{row.column} {row.difference:+.2f}" for row in rows.itertuples()]
        return f"ProfileChart({name}, {size}{self._largest_class(self.cluster)}: {', '.join(told)})"

    def _largest_class(self, cluster: int) -> str:
        profile = self.profile
        if not profile.class_names:
            return ""
        counts = profile.class_counts[cluster]
        share = counts.max() / profile.sizes[cluster]
        return f", {profile.class_names[counts.argmax()]}: {100 * share:.0f} %"

    def _columns_are_pixels(self) -> bool:
        image = self.profile.mean_image
        return image is not None and image.size == len(self.profile.feature_names)
